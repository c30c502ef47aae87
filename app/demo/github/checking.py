"""Checks of what a client sends, with the words GitHub uses.

Newer endpoints (checks, deployments) check a JSON schema and refuse unknown keys; the older ones ignore those.
"""

from collections.abc import Mapping
from typing import Any

from app.demo.github.refusals import bad_request

Kinds = Mapping[str, type | tuple[type, ...]]

_JSON_NAMES = {str: "string", bool: "boolean", int: "integer", list: "array", dict: "object"}


def check_keys(payload: Mapping[str, Any], kinds: Kinds, required: tuple[str, ...] = ()) -> None:
    """Raise a 422 unless every key is permitted and of its kind, and every required one is there."""
    if not isinstance(payload, Mapping):
        raise bad_request(f"{_shown(payload)} is not an object.")
    for key in required:
        if key not in payload:
            raise bad_request(f'"{key}" wasn\'t supplied.')
    for key, value in payload.items():
        if key not in kinds:
            raise bad_request(f'"{key}" is not a permitted key.')
        if not _is_of(value, kinds[key]):
            raise bad_request(f"For '/{key}', {_shown(value)} is not {_article(kinds[key])}.")


def check_choice(payload: Mapping[str, Any], key: str, choices: tuple[str, ...]) -> None:
    """Raise a 422 when a given value is none of the choices."""
    value = payload.get(key)
    if value is not None and value not in choices:
        raise bad_request(
            f"{_shown(value)} is not a possible value. Must be one of the following: {', '.join(choices)}."
        )


def check_length(value: str | None, limit: int) -> None:
    """Raise a 422 for a text of more than `limit` bytes."""
    size = len((value or "").encode())
    if size > limit:
        raise bad_request(f"Only {limit} characters are allowed; {size} were supplied.")


def check_characters(value: str, limit: int) -> None:
    """Raise a 422 for a text of more than `limit` characters."""
    if len(value) > limit:
        raise bad_request(f"Only {limit} characters are allowed; {len(value)} were supplied.")


def check_count(values: list[Any], limit: int) -> None:
    """Raise a 422 for a list of more than `limit` items."""
    if len(values) > limit:
        raise bad_request(f"No more than {limit} items are allowed; {len(values)} were supplied.")


def _is_of(value: Any, kind: type | tuple[type, ...]) -> bool:
    kinds = kind if isinstance(kind, tuple) else (kind,)
    return isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))


def _article(kind: type | tuple[type, ...]) -> str:
    kinds = kind if isinstance(kind, tuple) else (kind,)
    return " or ".join(f"a {_JSON_NAMES.get(one, 'null')}" for one in kinds)


def _shown(value: Any) -> str:
    return repr(value)[:200]
