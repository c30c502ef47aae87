"""What a commit changed in an environment's manifests."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Changes:
    """Names of objects, `Deployment/web`, each sorted."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)

    def to_json(self) -> dict[str, Any]:
        """The row's form."""
        return {"added": list(self.added), "changed": list(self.changed), "removed": list(self.removed)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Changes":
        """The value that `to_json` wrote, or that of an empty row."""
        return cls(*(tuple(value.get(kind, ())) for kind in ("added", "changed", "removed")))


def between(before: Mapping[str, str], after: Mapping[str, str]) -> Changes:
    """What differs between two states, each {object name: digest of its manifest}."""
    return Changes(
        added=tuple(sorted(after.keys() - before.keys())),
        changed=tuple(sorted(name for name in after.keys() & before.keys() if after[name] != before[name])),
        removed=tuple(sorted(before.keys() - after.keys())),
    )
