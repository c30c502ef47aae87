"""What came of the last command: shown in the comment on the pull request."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to a person, in our words. Times are aware and UTC."""

    by: str
    """The login of whoever asked."""
    command: str
    """As it was understood: `extend 24h`, without the `/ephemera`."""
    text: str
    """Sentences, or a list or table; what others wrote stands in code spans only."""
    is_refusal: bool
    at: datetime

    def to_json(self) -> dict[str, Any]:
        """The row's form."""
        return {
            "by": self.by,
            "command": self.command,
            "text": self.text,
            "is_refusal": self.is_refusal,
            "at": self.at.isoformat(),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Answer":
        """The value that `to_json` wrote."""
        return cls(
            by=value["by"],
            command=value["command"],
            text=value["text"],
            is_refusal=value["is_refusal"],
            at=datetime.fromisoformat(value["at"]),
        )
