"""Tells whether a webhook follows the schema that GitHub's clients are generated from.

The schemas know every property, so one that GitHub does not send is a violation as well.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator  # type: ignore[import-untyped]

SCHEMAS = Path(__file__).parent / "webhooks.json"


def webhook_problems(event: str, document: dict[str, Any]) -> list[str]:
    """Return what is wrong with a webhook, a line each; empty when all is right."""
    name = schema_name(event, document)
    if name not in _definitions():
        return [f"{name}: no schema"]
    return [f"{name}: {problem}" for problem in _explained(_validator(name).iter_errors(document))]


def schema_name(event: str, document: dict[str, Any]) -> str:
    """Return the name of a webhook's schema, `event$action`."""
    return f"{event}${document.get('action', 'event')}"


def schema_names() -> list[str]:
    """Return the names of all webhooks that there are schemas for, sorted."""
    return sorted(name for name in _definitions() if "$" in name)


@cache
def _definitions() -> dict[str, Any]:
    definitions: dict[str, Any] = json.loads(SCHEMAS.read_text("utf-8"))["definitions"]
    return definitions


@cache
def _validator(name: str) -> Any:
    return Draft7Validator({"$ref": f"#/definitions/{name}", "definitions": _definitions()})


def _explained(errors: Any) -> Iterator[str]:
    for error in errors:
        causes = [cause for cause in error.context if not _is_of_other_kind(cause)] or [error]
        for cause in causes:
            where = "/".join(str(step) for step in cause.absolute_path)
            yield f"{where or 'body'}: {cause.message[:200]}"


def _is_of_other_kind(cause: Any) -> bool:
    """Tell whether a branch of `oneOf` is for null, or the like, and says nothing about what is wrong."""
    return cause.validator in {"type", "enum", "const"} and not list(cause.path)
