"""Reads one rendered manifest back: plain YAML and nothing else."""

from collections.abc import Mapping
from typing import Any

import yaml

from gitops.text import shown, single_line

_TAG = "tag:yaml.org,2002:"
_SCALARS = {_TAG + name for name in ("str", "int", "bool", "null", "float")}


class NotPlainError(ValueError):
    """The document is not plain YAML; the message says where and what to do."""


def parse_object(content: bytes) -> Mapping[str, Any]:
    """The one mapping in the document.

    Raises NotPlainError for anything but one mapping of text keys, without aliases, repeated keys, merge keys and tags.
    """
    loader = yaml.CSafeLoader(content)
    try:
        value = _Reader(loader).read(_only_document(loader))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise NotPlainError(single_line(str(error))) from error
    finally:
        loader.dispose()
    if not isinstance(value, dict):
        raise NotPlainError(f"it holds {shown(value)}; make it one object")
    return value


def _only_document(loader: yaml.CSafeLoader) -> yaml.Node:
    node = loader.get_single_node()
    if node is None:
        raise NotPlainError("it is empty; remove the template or write one object")
    assert isinstance(node, yaml.Node)
    return node


class _Reader:
    """Turns nodes into values. An alias shows as a node that is met again."""

    def __init__(self, loader: yaml.CSafeLoader) -> None:
        self._loader = loader
        self._met: set[int] = set()

    def read(self, node: yaml.Node) -> Any:
        if id(node) in self._met:
            raise NotPlainError(f"alias {_place(node)}; write the value out")
        self._met.add(id(node))
        match node:
            case yaml.ScalarNode():
                return self._scalar(node)
            case yaml.SequenceNode(tag="tag:yaml.org,2002:seq"):
                return [self.read(item) for item in node.value]
            case yaml.MappingNode(tag="tag:yaml.org,2002:map"):
                return self._mapping(node)
        raise NotPlainError(f"tag {shown(node.tag)} {_place(node)}; remove it")

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        if node.tag == _TAG + "str":
            return node.value
        if node.tag not in _SCALARS:
            raise NotPlainError(f"tag {shown(node.tag)} {_place(node)}; quote the value")
        return self._loader.construct_object(node)

    def _mapping(self, node: yaml.MappingNode) -> dict[str, Any]:
        value: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self.read(key_node)
            if not isinstance(key, str):
                raise NotPlainError(f"key {shown(key)} {_place(key_node)}; quote it")
            if key in value:
                raise NotPlainError(f"key {shown(key)} {_place(key_node)} is there twice; remove one")
            value[key] = self.read(value_node)
        return value


def _place(node: yaml.Node) -> str:
    return f"in line {node.start_mark.line + 1}"
