"""The part of Go's templates that ApplicationSets for folders are written with, filled in all through an object.

Known are `.path.path`, `.path.basename`, `index .path.segments N` and `regexFind "EXPRESSION" .path.basename`:
https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/GoTemplate/.
"""

import re
from typing import Any

_ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}")
_INDEX = re.compile(r"index \.path\.segments (\d+)")
_FIND = re.compile(r'regexFind "((?:[^"\\]|\\.)*)" \.path\.(path|basename)')


class TemplateError(Exception):
    """An action that is not known here; says which."""


def fill(template: Any, path: str) -> Any:
    """The template with every action in its strings, keys too, replaced by what it gives for a folder."""
    if isinstance(template, dict):
        return {fill(key, path): fill(value, path) for key, value in template.items()}
    if isinstance(template, list):
        return [fill(item, path) for item in template]
    if isinstance(template, str):
        return _ACTION.sub(lambda found: _value(found[1], path), template)
    return template


def _value(action: str, path: str) -> str:
    names = {"path": path, "basename": path.rpartition("/")[2]}
    if action.startswith(".path.") and (name := action.removeprefix(".path.")) in names:
        return names[name]
    if found := _INDEX.fullmatch(action):
        segments = path.split("/")
        if int(found[1]) < len(segments):
            return segments[int(found[1])]
    if found := _FIND.fullmatch(action):
        match = re.search(found[1].replace("\\\\", "\\"), names[found[2]])
        return match[0] if match else ""
    raise TemplateError(f"failed to execute go template {action!r} for {path}")
