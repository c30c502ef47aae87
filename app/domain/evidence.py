"""What somebody who reviews a change gets to see: why, who, what differs, and what every rule and check said.

It is made once, when the change is proposed, and kept with the proposal, so that an auditor reads later what the
reviewer read.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from app.domain import manifests
from app.domain.desired import Absent, Present, Waiting
from app.domain.environment import Environment
from app.domain.manifests import Files, Image, ObjectChange, Quota
from app.domain.review import Requirement
from gitops.spec import Spec
from gitops.text import single_line

_REASONS: Mapping[str, str] = {
    "pull_request.opened": "The pull request was opened.",
    "pull_request.reopened": "The pull request was reopened.",
    "pull_request.synchronize": "New commits were pushed.",
    "pull_request.ready_for_review": "The pull request is no draft any more.",
    "pull_request": "The pull request was changed.",
    "command": "Somebody gave a command on the pull request.",
    "button": "Somebody pressed a button of the check run.",
    "api": "It was asked for through the API.",
    "sweep": "A regular look found that it is due.",
}
"""By the whole of `Asked.reason`, or by what stands before its dot."""
_TITLE = 300
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at before the change was proposed."""

    what: str
    """A sentence, with what came of it."""
    is_passed: bool
    """False: the reviewer should look there; it does not stop the change."""


@dataclass(frozen=True, slots=True)
class Approval:
    """By what a fork's commit may run at all."""

    id: int
    sha: str
    by: str | None
    """A login; None where it was not looked up."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One change of one environment. Times are aware and UTC; texts that others wrote are marked as foreign."""

    environment_id: int
    generation: int
    """`decided_generation` of what is proposed."""
    why: str
    """One sentence or more."""
    asked_by: str
    """As `Asked.by`."""
    asked_reason: str
    delivery: str | None
    repository: str
    """`owner/name` of the pull request; foreign."""
    number: int
    title: str | None
    """The pull request's, on one line; foreign. None where it was not looked up."""
    web_url: str | None
    """Where people see the pull request; None for what does not run."""
    head_sha: str | None
    """The commit that is to run; None for a removal."""
    previous_sha: str | None
    """The commit whose manifests Git holds now; None where it holds none."""
    cluster: str
    namespace: str
    host: str
    is_removal: bool
    requirement: Requirement
    is_compared: bool
    """False: there is something in Git now, and what it is could not be made out; all objects count as added."""
    objects: tuple[ObjectChange, ...]
    images: tuple[Image, ...]
    """Of what is to run, as are quotas, replicas and memory."""
    quotas: tuple[Quota, ...]
    replicas: int
    memory: int
    """Bytes that all pods may use together."""
    expires_at: datetime | None
    """When it goes by itself, as of now; None: not by itself, or not decided yet."""
    approval: Approval | None
    """Of a fork's commit; None for the repository's own."""
    checks: tuple[Check, ...]
    templates: str
    """The digest of those that it was rendered with."""

    @property
    def is_from_fork(self) -> bool:
        """The commits come from a fork."""
        return self.approval is not None

    @property
    def key(self) -> str:
        """`acme/shop#42`."""
        return f"{self.repository}#{self.number}"

    def to_json(self) -> dict[str, Any]:
        """The row's form, and the API's: every field under its name."""
        return {
            **asdict(self),
            "requirement": self.requirement.to_json(),
            "objects": [asdict(each) | {"change": each.change.value} for each in self.objects],
            "images": [asdict(each) for each in self.images],
            "quotas": [asdict(each) for each in self.quotas],
            "checks": [asdict(each) for each in self.checks],
            "expires_at": self.expires_at and self.expires_at.isoformat(),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Evidence":
        """The value that `to_json` wrote. Raises KeyError, TypeError or ValueError when it is something else."""
        approval, expires_at = value["approval"], value["expires_at"]
        held = {
            "requirement": Requirement.from_json(value["requirement"]),
            "objects": tuple(
                ObjectChange(each["name"], manifests.Change(each["change"]), each["diff"]) for each in value["objects"]
            ),
            "images": tuple(Image(**each) for each in value["images"]),
            "quotas": tuple(Quota(**each) for each in value["quotas"]),
            "checks": tuple(Check(**each) for each in value["checks"]),
            "approval": None if approval is None else Approval(**approval),
            "expires_at": None if expires_at is None else datetime.fromisoformat(expires_at),
        }
        return cls(**{**value, **held})


def build(  # noqa: PLR0913 - what is known of a change comes from as many places
    environment: Environment,
    after: Files | None,
    before: Files | None,
    requirement: Requirement,
    templates: str,
    *,
    title: str | None = None,
    approved_by: str | None = None,
) -> Evidence:
    """The evidence of what is to be proposed for the environment.

    `after`: its manifests as they are to be, which `gitops.check` has passed; None: it is to be removed. `before`:
    those that Git holds now; None: there are none, or they are not known.
    """
    spec = environment.desired.spec if isinstance(environment.desired, Present) else None
    size = manifests.size(after or {})
    asked, place, published = environment.asked, environment.place, environment.published
    objects = manifests.changes(before or {}, after or {})
    return Evidence(
        environment_id=environment.id,
        generation=environment.decided_generation,
        why=_why(environment),
        asked_by=asked.by,
        asked_reason=asked.reason,
        delivery=asked.delivery,
        repository=environment.repository.full_name,
        number=environment.number,
        title=None if title is None else single_line(title, _TITLE),
        web_url=_page(spec, environment) if spec else None,
        head_sha=spec.head_sha if spec else None,
        previous_sha=published.head_sha if published.tree is not None else None,
        cluster=place.cluster,
        namespace=place.namespace,
        host=place.host,
        is_removal=after is None,
        requirement=requirement,
        is_compared=before is not None or published.tree is None,
        objects=objects,
        images=manifests.images(after or {}),
        quotas=manifests.quotas(after or {}),
        replicas=size.replicas,
        memory=size.memory,
        expires_at=environment.expires_at,
        approval=_approval(environment, approved_by),
        checks=_checks(after),
        templates=templates,
    )


def _why(environment: Environment) -> str:
    match environment.desired:
        case Absent(reason) | Waiting(reason):
            return reason
        case _:
            asked = environment.asked.reason
            return _REASONS.get(asked) or _REASONS.get(asked.partition(".")[0], "It is to run.")


def _page(spec: Spec, environment: Environment) -> str:
    return f"{spec.web_url}/{quote(environment.repository.full_name)}/pull/{environment.number}"


def _approval(environment: Environment, by: str | None) -> Approval | None:
    match environment.desired:
        case Present(spec, int() as approval):
            return Approval(approval, spec.head_sha, by)
        case _:
            return None


def _checks(after: Files | None) -> tuple[Check, ...]:
    if after is None:
        return (Check("Nothing is taken away but what lies in the environment's own folder.", is_passed=True),)
    secretive = manifests.secretive(after)
    return (
        Check("Rendered from the operator's templates alone: no file of the commit is in it.", is_passed=True),
        Check(
            "Every object is of a kind that an environment may have, lies in the environment's own namespace, and its "
            "pods keep to Pod Security `restricted`.",
            is_passed=True,
        ),
        Check("No object is a Secret.", is_passed=True),
        _secrets(secretive),
    )


def _secrets(secretive: tuple[str, ...]) -> Check:
    if not secretive:
        return Check("Nothing in the manifests looks like a secret.", is_passed=True)
    named = ", ".join(f"`{name}`" for name in secretive[:_NAMED])
    more = f" and {len(secretive) - _NAMED} more" if len(secretive) > _NAMED else ""
    return Check(
        f"What looks like a secret stands in {named}{more}: blacked out here, readable in Git.", is_passed=False
    )
