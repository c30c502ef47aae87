"""The parts of which a pull request is told, one call to GitHub each, and what GitHub is known to hold of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, assert_never

from app.domain.report import CheckRun, CheckStatus, CommitStatus, Deployment, digest


@dataclass(frozen=True, slots=True)
class Written:
    """What GitHub is known to hold of ours, a fingerprint a part, and under which ids."""

    check_digest: str | None = None
    check_sha: str | None = None
    check_id: int | None = None
    check_is_completed: bool = True
    check_is_queued: bool = False
    check_at: datetime | None = None
    status_digest: str | None = None
    comment_digest: str | None = None
    comment_id: int | None = None
    unsure: tuple[str, ...] = ()
    """Keys of the parts whose creation was begun: it may have landed, so GitHub is looked at before another is made."""

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Written":
        """The value of the row's `reported`."""
        at = value.get("check_at")
        times = {"check_at": datetime.fromisoformat(at) if at else None}
        return cls(**{**value, **times, "unsure": tuple(value.get("unsure", ()))})

    def to_json(self) -> dict[str, Any]:
        """The row's form."""
        values = {name: getattr(self, name) for name in self.__slots__}
        at = self.check_at.isoformat() if self.check_at else None
        return {**values, "check_at": at, "unsure": list(self.unsure)}

    def begun(self, key: str) -> "Written":
        """The same, while a part of that key is being created."""
        return self if key in self.unsure else replace(self, unsure=(*self.unsure, key))

    def sure(self, key: str) -> "Written":
        """The same, once it is known what became of the part."""
        return replace(self, unsure=tuple(each for each in self.unsure if each != key))


@dataclass(frozen=True, slots=True)
class Deployed:
    """One commit's deployment: what GitHub is known to hold of it."""

    commit_sha: str
    github_id: int | None
    github_state: str | None


@dataclass(frozen=True, slots=True)
class PutCheck:
    """Create the check run, or update it."""

    check: CheckRun
    known_id: int | None
    is_create: bool

    @property
    def key(self) -> str:
        return f"check:{self.check.head_sha}"


@dataclass(frozen=True, slots=True)
class PutStatus:
    """Set the commit status."""

    status: CommitStatus
    is_create = True

    @property
    def key(self) -> str:
        return f"status:{self.status.head_sha}"


@dataclass(frozen=True, slots=True)
class PutComment:
    """Create the comment, or edit it."""

    body: str
    known_id: int | None
    key = "comment"

    @property
    def is_create(self) -> bool:
        return self.known_id is None


@dataclass(frozen=True, slots=True)
class MakeDeployment:
    """Create the deployment."""

    deployment: Deployment
    is_create = True

    @property
    def key(self) -> str:
        return f"deployment:{self.deployment.head_sha}"


@dataclass(frozen=True, slots=True)
class TellDeployment:
    """Add a status to the deployment. Twice the same does no harm."""

    deployment: Deployment
    github_id: int
    is_create = False

    @property
    def key(self) -> str:
        return f"state:{self.deployment.head_sha}"


@dataclass(frozen=True, slots=True)
class RetireDeployment:
    """Have the deployment of a commit that another has taken the place of shown as destroyed."""

    head_sha: str
    github_id: int
    is_create = False

    @property
    def key(self) -> str:
        return f"state:{self.head_sha}"


Part = PutCheck | PutStatus | PutComment | MakeDeployment | TellDeployment | RetireDeployment


def after(part: Part, github_id: int | None, written: Written, now: datetime) -> Written:
    """What GitHub is known to hold once the part was written. The id: of what was created or edited."""
    written = written.sure(part.key)
    match part:
        case PutCheck(check):
            return replace(
                written,
                check_digest=digest(check),
                check_sha=check.head_sha,
                check_id=github_id,
                check_is_completed=check.status is CheckStatus.COMPLETED,
                check_is_queued=check.status is CheckStatus.QUEUED,
                check_at=now,
            )
        case PutStatus(status):
            return replace(written, status_digest=digest(status))
        case PutComment(body):
            return replace(written, comment_digest=digest(body), comment_id=github_id)
        case MakeDeployment() | TellDeployment() | RetireDeployment():
            return written
        case _:
            assert_never(part)
