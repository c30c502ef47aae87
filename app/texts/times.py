"""Times as they are read aloud: in UTC, and the moment itself, since "in 2 hours" is soon wrong."""

from datetime import UTC, datetime

from app.domain.markdown import Markdown


def spoken_time(at: datetime) -> Markdown:
    """`27 November 2026 at 11:58 UTC`."""
    at = at.astimezone(UTC)
    return Markdown(f"{at.day} {at:%B %Y at %H:%M} UTC")


def table_time(at: datetime) -> Markdown:
    """`2026-11-24 11:58:00`, for a column that says UTC."""
    return Markdown(f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}")
