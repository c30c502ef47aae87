"""What `ephemera check` found out about one thing that Ephemera needs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    """`GitHub App`, `permission checks` ..."""
    is_ok: bool
    detail: str
    """What was seen."""
    advice: str = ""
    """What to do about it, when it is not well."""

    @classmethod
    def good(cls, what: str, detail: str) -> "Finding":
        """Nothing to do."""
        return cls(what, is_ok=True, detail=detail)

    @classmethod
    def bad(cls, what: str, detail: str, advice: str) -> "Finding":
        """A person should follow the advice."""
        return cls(what, is_ok=False, detail=detail, advice=advice)
