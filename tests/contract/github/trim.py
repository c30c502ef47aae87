"""Trims GitHub's OpenAPI description to the operations that an App like this one calls.

    python -m tests.contract.github.trim path/to/generated/api.github.com.json

The full description is the npm package `@octokit/openapi` (see NOTICE.md); the result is written beside this file.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.contract.github.repairs import repair

TARGET = Path(__file__).parent / "api.github.com.json"
OPERATIONS = Path(__file__).parent / "operations.txt"

# Prose, examples and vendor notes: they make up nine tenths of the original and validate nothing.
NOISE = frozenset({"description", "summary", "example", "examples", "externalDocs", "tags", "title", "deprecated"})
# Maps whose keys are names chosen by GitHub, where `description` is a property and not prose.
NAMED = frozenset({"properties", "schemas", "parameters", "responses", "headers", "paths", "content"})


def main(source: Path) -> None:
    """Write the trimmed description of the operations that `operations.txt` lists."""
    full = json.loads(source.read_text("utf-8"))
    trimmed = trim(full, OPERATIONS.read_text("utf-8").split("\n"))
    repair(trimmed)
    TARGET.write_text(json.dumps(trimmed, separators=(",", ":"), ensure_ascii=False) + "\n", "utf-8")


def trim(full: dict[str, Any], operations: list[str]) -> dict[str, Any]:
    """Return a valid description of `operations` (lines such as `GET /app`) with only reachable components.

    Raises KeyError when the full description does not know an operation.
    """
    paths: dict[str, Any] = {}
    for line in filter(None, operations):
        method, path = line.split()
        paths.setdefault(path, {})[method.lower()] = _without_noise(full["paths"][path][method.lower()])
    components = _reachable(full, paths)
    info = {key: full["info"][key] for key in ("title", "version", "license")}
    return {
        "openapi": full["openapi"],
        "info": info,
        "servers": full["servers"],
        "paths": paths,
        "components": components,
    }


def _without_noise(node: Any, *, named: bool = False) -> Any:
    if isinstance(node, list):
        return [_without_noise(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: value for key, value in node.items() if named or not _is_noise(key)}
    clean = {key: _without_noise(value, named=not named and key in NAMED) for key, value in kept.items()}
    for response in clean.get("responses", {}).values():
        if "$ref" not in response:
            response["description"] = ""  # the one piece of prose that OpenAPI demands
    return clean


def _is_noise(key: str) -> bool:
    return key in NOISE or key.startswith("x-")


def _reachable(full: dict[str, Any], paths: dict[str, Any]) -> dict[str, Any]:
    components: dict[str, Any] = {}
    waiting = list(_references(paths))
    while waiting:
        kind, name = waiting.pop()
        if name in components.setdefault(kind, {}):
            continue
        component = _without_noise({kind: {name: full["components"][kind][name]}})[kind][name]
        components[kind][name] = component
        waiting.extend(_references(component))
    return {kind: dict(sorted(named.items())) for kind, named in sorted(components.items())}


def _references(node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str):
            _, _, kind, name = reference.split("/")
            yield kind, name
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _references(child)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
