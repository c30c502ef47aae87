"""The removal of an environment as it was seen: what existed, and when each part of it was confirmed gone."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that had to go, `Namespace/pr-7-shop`."""

    name: str
    gone_at: datetime | None = None
    """When a complete list did not show it for the first time; None while it is still there, or nobody could look."""


@dataclass(frozen=True, slots=True)
class Teardown:
    """One removal. Times are aware and UTC."""

    removed_commit: str | None
    """The commit of the environments repository that took the folder away."""
    removed_at: datetime
    made_commit: str | None = None
    """The commit that made it, of this life."""
    made_at: datetime | None = None
    objects: tuple[str, ...] = ()
    """What the folder held last, `Deployment/web`: everything in the namespace goes with it."""
    parts: tuple[Part, ...] = ()
    """Sorted by name."""

    @property
    def is_complete(self) -> bool:
        """All that was ever seen of it is confirmed gone."""
        return bool(self.parts) and all(part.gone_at is not None for part in self.parts)

    def seen(self, remaining: Collection[str], now: datetime) -> "Teardown":
        """The teardown after complete lists, made at `now`, that show `remaining` of it and nothing else.

        What shows again (a namespace made by hand) is no longer gone.
        """
        names = sorted({*remaining, *(part.name for part in self.parts)})
        known = {part.name: part.gone_at for part in self.parts}
        parts = (Part(name, None if name in remaining else known.get(name) or now) for name in names)
        return replace(self, parts=tuple(parts))

    def to_json(self) -> dict[str, Any]:
        """The row's form."""
        return {
            "removed_commit": self.removed_commit,
            "removed_at": self.removed_at.isoformat(),
            "made_commit": self.made_commit,
            "made_at": self.made_at and self.made_at.isoformat(),
            "objects": list(self.objects),
            "parts": [{"name": part.name, "gone_at": part.gone_at and part.gone_at.isoformat()} for part in self.parts],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Teardown":
        """The value that `to_json` wrote."""
        return cls(
            removed_commit=value["removed_commit"],
            removed_at=datetime.fromisoformat(value["removed_at"]),
            made_commit=value["made_commit"],
            made_at=_time(value["made_at"]),
            objects=tuple(value["objects"]),
            parts=tuple(Part(part["name"], _time(part["gone_at"])) for part in value["parts"]),
        )


def _time(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
