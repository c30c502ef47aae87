"""Reads GitHub's JSON strictly: what is not as documented raises Malformed, naming the field."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.errors import shown
from app.github.errors import Malformed
from app.github.exchange import Request


@dataclass(frozen=True, slots=True)
class Field:
    """A value at a place in an answer."""

    request: Request
    value: Any
    place: str = "the answer"
    """`head.repo.id`."""
    is_secret: bool = False
    """The value is never quoted."""

    def get(self, name: str) -> "Field":
        """A field of an object. It has to be there, though it may be null."""
        if not isinstance(self.value, dict):
            raise self._malformed("is not an object")
        place = name if self.place == "the answer" else f"{self.place}.{name}"
        if name not in self.value:
            raise Malformed(f"{self.request.doing}: GitHub's answer has no {place!r}")
        return Field(self.request, self.value[name], place, self.is_secret)

    def find(self, name: str) -> "Field | None":
        """A field of an object; None where it is absent or null."""
        if isinstance(self.value, dict) and self.value.get(name) is None:
            return None
        return self.get(name)

    def items(self) -> list["Field"]:
        """The elements of a list."""
        if not isinstance(self.value, list):
            raise self._malformed("is not a list")
        return [
            Field(self.request, item, f"{self.place}[{index}]", self.is_secret) for index, item in enumerate(self.value)
        ]

    def names(self) -> dict[str, str]:
        """An object whose values are all text."""
        if not isinstance(self.value, dict):
            raise self._malformed("is not an object")
        return {name: self.get(name).text() for name in self.value}

    def text(self, pattern: str = r"(?s:.*)") -> str:
        """Text that matches the whole pattern."""
        if not isinstance(self.value, str) or not re.fullmatch(pattern, self.value):
            raise self._malformed("is not the text that belongs there")
        return self.value

    def time(self) -> datetime:
        """A moment, in UTC."""
        moment = self.text(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
        try:
            return datetime.fromisoformat(moment).astimezone(UTC)
        except ValueError:
            raise self._malformed("is not a moment") from None

    def words(self, name: str) -> str | None:
        """Text in a field of an object; None where it is absent or null."""
        found = self.find(name)
        return found.text() if found else None

    def number(self) -> int:
        """A whole number, not negative."""
        if not isinstance(self.value, int) or isinstance(self.value, bool) or self.value < 0:
            raise self._malformed("is not a number")
        return self.value

    def flag(self) -> bool:
        """True or false."""
        if not isinstance(self.value, bool):
            raise self._malformed("is not true or false")
        return self.value

    def _malformed(self, problem: str) -> Malformed:
        value = "" if self.is_secret else f", but {shown(self.value)}"
        return Malformed(f"{self.request.doing}: {self.place!r} in GitHub's answer {problem}{value}")
