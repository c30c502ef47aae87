"""What GitHub is known to hold of a proposal: fingerprints of its text and labels, and its check run."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Told:
    """Kept in the proposal's row."""

    body: str | None = None
    """Of title and body."""
    labels: str | None = None
    check: str | None = None
    check_id: int | None = None
    check_sha: str | None = None
    is_closed: bool = False
    unsure: tuple[str, ...] = ()
    """What was begun, `open` or `check`: it may have landed, so GitHub is looked at before it is made again."""

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Told":
        """The value that `to_json` wrote."""
        return cls(**{**value, "unsure": tuple(value.get("unsure", ()))})

    def to_json(self) -> dict[str, Any]:
        """The row's form."""
        return {name: getattr(self, name) for name in self.__slots__} | {"unsure": list(self.unsure)}

    def begun(self, what: str) -> "Told":
        """The same, while that is being made."""
        return self if what in self.unsure else replace(self, unsure=(*self.unsure, what))

    def sure(self, what: str) -> "Told":
        """The same, once it is known what became of it."""
        return replace(self, unsure=tuple(each for each in self.unsure if each != what))
