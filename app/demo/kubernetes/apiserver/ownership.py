"""Server-side apply: who owns which field, written down in `managedFields`, and what an apply makes of an object.

Kept for writes over HTTP; what controllers write inside has no owner. Source:
https://kubernetes.io/docs/reference/using-api/server-side-apply/ and k8s.io/apimachinery/pkg/util/managedfields.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from app.demo.kubernetes.apiserver import fieldpaths
from app.demo.kubernetes.apiserver.errors import apply_conflict
from app.demo.kubernetes.apiserver.fieldpaths import Path
from app.demo.kubernetes.apiserver.kinds import Json, Kind
from app.demo.kubernetes.apiserver.metadata import timestamp

Account = Callable[[Json, Json], list[Json]]
"""Gets what an object was (`{}` for nothing) and became; gives its new `managedFields`."""

_NOTHING = object()


@dataclass(frozen=True, slots=True)
class Owner:
    """One entry of `managedFields`."""

    manager: str
    operation: str
    api_version: str
    time: str
    paths: frozenset[Path]
    subresource: str = ""

    @property
    def title(self) -> str:
        """As a conflict names it."""
        return f'"{self.manager}"' + ("" if self.operation == "Apply" else f" using {self.api_version}")

    def without(self, paths: set[Path]) -> "Owner":
        """The owner of the rest."""
        return replace(self, paths=self.paths - paths)

    def json(self) -> Json:
        """As an entry."""
        entry: Json = {"manager": self.manager, "operation": self.operation, "apiVersion": self.api_version}
        fields = fieldpaths.encode_fields(self.paths)
        entry |= {"time": self.time, "fieldsType": "FieldsV1", "fieldsV1": fields}
        return entry | ({"subresource": self.subresource} if self.subresource else {})


def account_for_update(kind: Kind, manager: str, subresource: str) -> Account:
    """How the fields change hands when somebody writes without applying: what differs is theirs."""

    def account(old: Json, new: Json) -> list[Json]:
        has_status = kind.has_status and subresource != "status"
        before = fieldpaths.leaves(old, has_status=has_status) if old else {}
        after = fieldpaths.leaves(new, has_status=has_status)
        taken = {path for path, value in after.items() if before.get(path, _NOTHING) != value}
        lost = taken | (before.keys() - after.keys())
        if not lost:
            return _entries(old)
        owners = _owners(old)
        mine = _found(owners, manager, "Update", subresource) or Owner(
            manager, "Update", kind.api_version, timestamp(), frozenset(), subresource
        )
        kept = mine.paths - (before.keys() - after.keys())
        mine = replace(mine, paths=kept | taken, time=timestamp())
        return _written([*(owner.without(lost) for owner in owners if not _is_same(owner, mine)), mine])

    return account


def account_for_apply(kind: Kind, manager: str, config: Json, *, force: bool) -> Account:
    """How they change hands when somebody applies: what the config names is theirs, shared where the values agree."""
    wanted = fieldpaths.leaves(config, has_status=kind.has_status)

    def account(old: Json, new: Json) -> list[Json]:
        owners = _owners(old)
        before = _found(owners, manager, "Apply", "")
        mine = Owner(manager, "Apply", kind.api_version, timestamp(), frozenset(wanted))
        if before is not None and before.paths == mine.paths and _content(old) == _content(new):
            return _entries(old)
        live = fieldpaths.leaves(old, has_status=kind.has_status) if old else {}
        taken = _disputed(live, wanted) if force else set()
        others = [owner for owner in owners if not _is_same(owner, mine)]
        place = owners.index(before) if before else len(others)
        others = [owner.without(taken) for owner in others]
        return _written([*others[:place], mine, *others[place:]])

    return account


def applied(kind: Kind, manager: str, old: Json, config: Json, *, force: bool) -> Json:
    """What an apply makes of an object. 409 when it wants to change the field of another, unless it is forced."""
    wanted = fieldpaths.leaves(config, has_status=kind.has_status)
    live = fieldpaths.leaves(old, has_status=kind.has_status)
    owners = _owners(old)
    mine = _found(owners, manager, "Apply", "")
    others = [owner for owner in owners if owner is not mine]
    disputed = _disputed(live, wanted)
    conflicts = {owner.title: shown for owner in others if (shown := _shown(owner.paths & disputed))}
    if conflicts and not force:
        raise apply_conflict(conflicts)
    merged: Json = _merged(old, config)
    for path in sorted(mine.paths - wanted.keys() if mine else (), key=len, reverse=True):
        if not any(_is_below(other, path) for owner in others for other in owner.paths):
            fieldpaths.remove(merged, path)
    return merged


def _disputed(live: dict[Path, Any], wanted: dict[Path, Any]) -> set[Path]:
    return {path for path, value in wanted.items() if path in live and live[path] != value}


def _is_below(path: Path, parent: Path) -> bool:
    return path[: len(parent)] == parent


def _shown(paths: frozenset[Path]) -> list[str]:
    return [fieldpaths.show(path) for path in sorted(paths)]


def _merged(live: Any, config: Any, name: str = "") -> Any:
    if isinstance(config, dict) and isinstance(live, dict) and not fieldpaths.is_atom(name):
        return {**live, **{key: _merged(live.get(key), value, key) for key, value in config.items()}}
    if isinstance(config, list) and isinstance(live, list) and fieldpaths.is_set(name):
        return [*live, *(member for member in config if member not in live)]
    if isinstance(config, list) and isinstance(live, list) and fieldpaths.is_keyed(name):
        items = {fieldpaths.item_step(name, item): item for item in live}
        for item in config:
            step = fieldpaths.item_step(name, item)
            items[step] = _merged(items.get(step), item)
        return list(items.values())
    return config


def _owners(body: Json) -> list[Owner]:
    return [
        Owner(
            entry["manager"],
            entry["operation"],
            entry["apiVersion"],
            entry["time"],
            frozenset(fieldpaths.decode_fields(entry["fieldsV1"])),
            entry.get("subresource", ""),
        )
        for entry in _entries(body)
    ]


def _entries(body: Json) -> list[Json]:
    entries: list[Json] = body.get("metadata", {}).get("managedFields", [])
    return entries


def _found(owners: list[Owner], manager: str, operation: str, subresource: str) -> Owner | None:
    key = (manager, operation, subresource)
    return next((owner for owner in owners if (owner.manager, owner.operation, owner.subresource) == key), None)


def _is_same(one: Owner, other: Owner) -> bool:
    return _found([one], other.manager, other.operation, other.subresource) is not None


def _written(owners: list[Owner]) -> list[Json]:
    return [owner.json() for owner in owners if owner.paths]


def _content(body: Json) -> Json:
    metadata = {name: value for name, value in body.get("metadata", {}).items() if name != "managedFields"}
    return {**body, "metadata": metadata}
