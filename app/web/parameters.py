"""What requests to the REST API may say. Anything else is refused, so that a misspelt filter never means "all"."""

from datetime import timedelta
from functools import partial
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from app.domain.command import duration_of
from app.domain.environment import Status
from app.store.queries import Changes, Filter, Span
from app.web import cursor


def _duration(value: object) -> timedelta:
    length = duration_of(value) if isinstance(value, str) else None
    if length is None:
        raise ValueError("Give a time from 1h to 14d, such as 24h")
    return length


MAX_ENVIRONMENT_ID = 2**31 - 1
ENVIRONMENTS, EVENTS, DEPLOYMENTS, PUBLICATIONS = "environment", "event", "deployment", "publication"

_CURSOR_SCHEMA = WithJsonSchema({"type": "string", "maxLength": 100, "description": "Taken from `next`; opaque"})
EnvironmentCursor = Annotated[int, BeforeValidator(partial(cursor.decode, ENVIRONMENTS)), _CURSOR_SCHEMA]
EventCursor = Annotated[int, BeforeValidator(partial(cursor.decode, EVENTS)), _CURSOR_SCHEMA]
DeploymentCursor = Annotated[int, BeforeValidator(partial(cursor.decode, DEPLOYMENTS)), _CURSOR_SCHEMA]
PublicationCursor = Annotated[int, BeforeValidator(partial(cursor.decode, PUBLICATIONS)), _CURSOR_SCHEMA]
Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    WithJsonSchema(
        {"type": "string", "pattern": "^[1-9][0-9]{0,3}[hd]$", "description": "From `1h` to `14d`, such as `24h`"}
    ),
]
RepositoryName = Annotated[
    str,
    Field(
        max_length=201,
        pattern=r"^[A-Za-z0-9_-]+/[A-Za-z0-9._-]+$",
        description="`owner/name`, in upper or lower case",
    ),
]
Limit = Annotated[int, Field(ge=1, le=100, description="How many items a page holds at most")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EnvironmentPath(_Strict):
    """Which environment."""

    environment_id: int = Field(ge=1, le=MAX_ENVIRONMENT_ID)


class ExtendBody(_Strict):
    """For how long."""

    duration: Duration


class PinBody(_Strict):
    """Which commit."""

    sha: str = Field(pattern=r"^[0-9a-f]{7,64}$", description="The commit's id, or the beginning of it that is unique")


class RollbackBody(_Strict):
    """What was recorded of which commit."""

    sha: str = Field(
        pattern=r"^[0-9a-f]{7,64}$",
        description="Of the environments repository or of the pull request: the commit's id, or the beginning of it "
        "that is unique",
    )


class ApproveBody(_Strict):
    """Exactly which commit."""

    sha: str = Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$", description="The commit's id, all of it")


class NoQuery(_Strict):
    """No parameters at all."""


class EnvironmentsQuery(_Strict):
    """Which environments, and which page of them."""

    repository: RepositoryName | None = None
    status: list[Status] = Field(default=[], description="May be repeated; any of them fits")
    author: str | None = Field(
        default=None,
        max_length=110,
        pattern=r"^[A-Za-z0-9_-]+(\[bot\])?$",
        description="The login of the pull request's author",
    )
    limit: Limit = 50
    cursor: EnvironmentCursor | None = None

    @property
    def filter(self) -> Filter:
        """The filter in the store's terms."""
        return Filter(self.repository, tuple(self.status), self.author)

    @property
    def span(self) -> Span:
        """The page in the store's terms."""
        return Span(self.limit, self.cursor)


class EventsQuery(_Strict):
    """Which page of an environment's history."""

    limit: Limit = 50
    cursor: EventCursor | None = None

    @property
    def span(self) -> Span:
        """The page in the store's terms."""
        return Span(self.limit, self.cursor)


class DeploymentsQuery(_Strict):
    """Which page of an environment's deployments."""

    limit: Limit = 50
    cursor: DeploymentCursor | None = None

    @property
    def span(self) -> Span:
        """The page in the store's terms."""
        return Span(self.limit, self.cursor)


class EvidenceQuery(_Strict):
    """Which page of an environment's recorded changes."""

    limit: Limit = 50
    cursor: PublicationCursor | None = None

    @property
    def span(self) -> Span:
        """The page in the store's terms."""
        return Span(self.limit, self.cursor)


class AuditQuery(_Strict):
    """Which recorded changes, and which page of them."""

    start: AwareDatetime | None = Field(default=None, alias="from", description="From this time on; RFC 3339")
    end: AwareDatetime | None = Field(default=None, alias="to", description="Before this time; RFC 3339")
    repository: RepositoryName | None = None
    by: str | None = Field(
        default=None, min_length=1, max_length=200, description="Who asked: a login, `token:<name>` or `ephemera`"
    )
    limit: Limit = 50
    cursor: PublicationCursor | None = None

    @property
    def filter(self) -> Changes:
        """The filter in the store's terms."""
        return Changes(None, self.start, self.end, self.repository, self.by)

    @property
    def span(self) -> Span:
        """The page in the store's terms."""
        return Span(self.limit, self.cursor)
