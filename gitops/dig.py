"""Reaching into a parsed manifest, whose shape nobody vouches for: a missing or odd part reads as empty."""

from collections.abc import Mapping, Sequence
from typing import Any

Object = Mapping[str, Any]


def mapping_at(value: object, *path: str) -> Object:
    """The mapping at the path, or an empty one."""
    found = value_at(value, *path)
    return found if isinstance(found, Mapping) else {}


def list_at(value: object, *path: str) -> Sequence[Any]:
    """The list at the path, or an empty one."""
    found = value_at(value, *path)
    return found if isinstance(found, list) else []


def value_at(value: object, *path: str) -> Any:
    """What stands at the path, or None."""
    for key in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value
