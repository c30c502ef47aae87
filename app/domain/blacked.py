"""A manifest's lines as a reviewer may see them: what may be secret is blacked out, and lines stay lines.

By its place, the value of what has a secret name in a ConfigMap, in a list of names and values (`env`, HTTP headers),
or after a flag; by its form, what `redact` knows. A ConfigMap's binary data is never shown.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from app.domain.redact import redact
from app.domain.tokens import black, is_secret_name
from gitops.parse import parse_object

_BLACK = black("secret")
_NEWLINE = "\n"


@dataclass(frozen=True, slots=True)
class _Place:
    """One value in the text, and what is known of it by where it stands."""

    node: yaml.ScalarNode
    is_secret: bool


def lines(content: bytes) -> list[str]:
    """The manifest's lines, without their ends, as they are in Git."""
    text = content.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    return text.removesuffix(_NEWLINE).split(_NEWLINE) if text else []


def blacked(content: bytes) -> list[str]:
    """As many lines, with what may be secret blacked out; of what is not plain YAML, nothing is shown."""
    text = _NEWLINE.join(lines(content))
    try:
        parse_object(content)  # no object, or aliases, which could stand for any number of places: refused
        places = sorted(_places(text), key=lambda place: place.node.start_mark.index, reverse=True)
    except (yaml.YAMLError, ValueError, RecursionError):
        return [_BLACK for _ in lines(content)]
    for place in places:
        start, end = place.node.start_mark.index, place.node.end_mark.index
        text = text[:start] + _shown(place, text[start:end]) + text[end:]
    return text.split(_NEWLINE) if text else []


def _places(text: str) -> Iterator[_Place]:
    root = yaml.compose(text, Loader=yaml.CSafeLoader)
    assert isinstance(root, yaml.MappingNode)
    is_config_map = any(_is(key, "kind") and _is(value, "ConfigMap") for key, value in root.value)
    for key, value in root.value:
        if is_config_map and _is(key, "data"):
            yield from _data(value)
        elif is_config_map and _is(key, "binaryData"):
            yield from (_Place(each, is_secret=True) for each in _scalars(value))
        else:
            yield from _within(value)


def _data(node: yaml.Node) -> Iterator[_Place]:
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        for scalar in _scalars(value):
            yield _Place(scalar, _is_secret(key))


def _within(node: yaml.Node) -> Iterator[_Place]:
    match node:
        case yaml.ScalarNode():
            yield _Place(node, is_secret=False)
        case yaml.SequenceNode():
            before: yaml.Node | None = None
            for item in node.value:
                yield from _after_flag(before, item)
                before = item
        case yaml.MappingNode():
            is_named = any(_is(key, "name") and _is_secret(value) for key, value in node.value)
            for key, value in node.value:
                if is_named and _is(key, "value"):
                    yield from (_Place(each, is_secret=True) for each in _scalars(value))
                elif not _is(key, "image"):  # of which `redact` would take the tag of `token-service:1.2` for a secret
                    yield from _within(value)


def _after_flag(before: yaml.Node | None, item: yaml.Node) -> Iterator[_Place]:
    is_flag = isinstance(before, yaml.ScalarNode) and before.value.startswith("--") and "=" not in before.value
    if is_flag and _is_secret(before) and isinstance(item, yaml.ScalarNode) and not item.value.startswith("-"):
        yield _Place(item, is_secret=True)
    else:
        yield from _within(item)


def _scalars(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    match node:
        case yaml.ScalarNode():
            yield node
        case yaml.SequenceNode():
            for item in node.value:
                yield from _scalars(item)
        case yaml.MappingNode():
            for _, value in node.value:
                yield from _scalars(value)


def _is(node: yaml.Node, text: str) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.value == text


def _is_secret(name: yaml.Node | None) -> bool:
    return isinstance(name, yaml.ScalarNode) and is_secret_name(name.value)


def _shown(place: _Place, source: str) -> str:
    """What stands for the value: as many lines as its source has."""
    if place.is_secret:
        return _all_black(place.node, source)
    value = redact(place.node.value)
    if value == place.node.value:
        return source
    if place.node.style == "|":
        kept = redact(source)
        return kept if kept.count(_NEWLINE) == source.count(_NEWLINE) else _all_black(place.node, source)
    if _NEWLINE in source or place.node.style == ">":
        return _all_black(place.node, source)
    return json.dumps(value, ensure_ascii=False) if place.node.style else value


def _all_black(node: yaml.ScalarNode, source: str) -> str:
    if not node.value:
        return source
    first, *rest = source.split(_NEWLINE)
    begin = first if node.style in ("|", ">") else f"{node.style or ''}{_BLACK}{'' if rest else node.style or ''}"
    return _NEWLINE.join((begin, *(_black_line(line) for line in rest)))


def _black_line(line: str) -> str:
    content = line.lstrip(" ")
    return f"{line[: len(line) - len(content)]}{_BLACK}" if content.strip() else line
