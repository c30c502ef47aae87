"""Trims the schemas of GitHub's webhooks to those that the simulator sends.

    python -m tests.contract.github.trim_webhooks path/to/package/schema.json

The full set is the npm package `@octokit/webhooks-schemas` (see NOTICE.md); the result is written beside this file.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.contract.github.repairs import repair_webhooks

TARGET = Path(__file__).parent / "webhooks.json"
EVENTS = Path(__file__).parent / "webhooks.txt"

NOISE = frozenset({"description", "title", "$schema", "tsAdditionalProperties"})


def main(source: Path) -> None:
    """Write the schemas of the webhooks that `webhooks.txt` lists, and of what they refer to."""
    definitions = json.loads(source.read_text("utf-8"))["definitions"]
    trimmed = trim(definitions, EVENTS.read_text("utf-8").split())
    repair_webhooks(trimmed)
    TARGET.write_text(json.dumps({"definitions": trimmed}, separators=(",", ":"), ensure_ascii=False) + "\n", "utf-8")


def trim(definitions: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Return the definitions of `names` and all that they reach, without prose, sorted. Raises KeyError."""
    kept: dict[str, Any] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in kept:
            kept[name] = _without_noise(definitions[name])
            waiting.extend(_references(kept[name]))
    return dict(sorted(kept.items()))


def _without_noise(node: Any, *, named: bool = False) -> Any:
    """`named`: the keys are names of properties, where `description` is one like any other."""
    if isinstance(node, list):
        return [_without_noise(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: value for key, value in node.items() if named or key not in NOISE}
    return {key: _without_noise(value, named=not named and key == "properties") for key, value in kept.items()}


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].removeprefix("#/definitions/")
        for child in node.values():
            yield from _references(child)
    elif isinstance(node, list):
        for child in node:
            yield from _references(child)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
