"""The fields of an object as paths, and sets of them as `managedFields` tell them.

A path is a tuple of steps: `f:spec` a field, `k:{"name":"app"}` an item of a list that is told apart by its keys,
`v:"x"` a member of a set. Source: sigs.k8s.io/structured-merge-diff/fieldpath and the `+listType`, `+listMapKey` and
`+structType=atomic` marks of k8s.io/api, shortened to what an environment's manifests use.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.demo.kubernetes.apiserver.kinds import Json

Path = tuple[str, ...]
_KEYS: Mapping[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "volumes": ("name",),
    "env": ("name",),
    "imagePullSecrets": ("name",),
    "conditions": ("type",),
    "ownerReferences": ("uid",),
    "volumeMounts": ("mountPath",),
}
_SETS = frozenset({"finalizers"})
_ATOMS = frozenset({"selector", "podSelector", "namespaceSelector"})
_UNOWNED = frozenset({("f:apiVersion",), ("f:kind",), ("f:status",)})
_OWNED_METADATA = ("labels", "annotations", "finalizers", "ownerReferences", "generateName")


def leaves(body: Json, *, has_status: bool) -> dict[Path, Any]:
    """{path: value} of everything that somebody can own; an item of a keyed list has a path of its own too.

    A status counts only where it is no subresource.
    """
    owned = {name: value for name, value in body.items() if not has_status or name != "status"}
    metadata = {name: body["metadata"][name] for name in _OWNED_METADATA if name in body.get("metadata", {})}
    owned |= {"metadata": metadata}
    found = dict(_walk((), owned))
    return {path: value for path, value in found.items() if path not in _UNOWNED and path != ("f:metadata",)}


def _walk(path: Path, value: Any, name: str = "") -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict) and value and name not in _ATOMS:
        for key, child in value.items():
            yield from _walk((*path, f"f:{key}"), child, key)
    elif isinstance(value, list) and name in _SETS:
        for member in value:
            yield (*path, f"v:{_encode(member)}"), member
    elif isinstance(value, list) and name in _KEYS:
        for item in value:
            inner = (*path, item_step(name, item))
            yield inner, None
            yield from _walk(inner, item)
    else:
        yield path, value


def item_step(name: str, item: Json) -> str:
    """The step to an item of a keyed list."""
    return f"k:{_encode({key: item.get(key) for key in _KEYS[name]})}"


def is_keyed(name: str) -> bool:
    """Whether a list's items are told apart by their keys."""
    return name in _KEYS


def is_set(name: str) -> bool:
    """Whether a list is a set."""
    return name in _SETS


def is_atom(name: str) -> bool:
    """Whether a field has one owner with everything below it."""
    return name in _ATOMS


def encode_fields(paths: Iterable[Path]) -> Json:
    """A set of paths as `fieldsV1`."""
    root: Json = {}
    for path in sorted(paths):
        node = root
        for step in path:
            node = node.setdefault(step, {})
        node["."] = {}
    return {step: _trimmed(child) for step, child in root.items()}


def decode_fields(fields: Json, path: Path = ()) -> set[Path]:
    """The set of paths that `fieldsV1` tells."""
    if not fields:
        return {path}
    found: set[Path] = set()
    for step, child in fields.items():
        found |= {path} if step == "." else decode_fields(child, (*path, step))
    return found


def show(path: Path) -> str:
    """A path as messages tell it: `.spec.containers[name="app"].image`."""
    return "".join(_shown(step) for step in path)


def remove(body: Json, path: Path) -> None:
    """Takes what lies at a path out of a body, in place; nothing happens where there is nothing."""
    node: Any = body
    for number, step in enumerate(path):
        is_last = number == len(path) - 1
        if step.startswith("f:"):
            if not isinstance(node, dict) or step[2:] not in node:
                return
            if is_last:
                del node[step[2:]]
                return
            node = node[step[2:]]
        else:
            index = _index(node, step)
            if index is None:
                return
            if is_last:
                del node[index]
                return
            node = node[index]


def _index(items: Any, step: str) -> int | None:
    wanted = json.loads(step[2:])
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if item == wanted if step.startswith("v:") else _has(item, wanted):
            return index
    return None


def _has(item: Any, wanted: Json) -> bool:
    return isinstance(item, dict) and all(item.get(key) == value for key, value in wanted.items())


def _trimmed(node: Json) -> Json:
    """A leaf is `{}`; `.` stands only beside steps further down."""
    if node.keys() == {"."}:
        return {}
    return {step: {} if step == "." else _trimmed(child) for step, child in node.items()}


def _shown(step: str) -> str:
    if step.startswith("f:"):
        return f".{step[2:]}"
    if step.startswith("v:"):
        return f"[={step[2:]}]"
    keys = json.loads(step[2:])
    return "[" + ",".join(f"{key}={_encode(value)}" for key, value in keys.items()) + "]"


def _encode(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
