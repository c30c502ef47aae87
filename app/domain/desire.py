"""`desire`: what should exist for a pull request. A table; the first rule that answers wins.

A new rule is one function, one line in RULES and one row in its test. The reason is what people read on the pull
request, so it is written for its author.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from fnmatch import fnmatchcase

from app.domain.approval import ONCE_MORE, Approval, standing
from app.domain.desired import Absent, Decision, Keep, Present, Waiting
from app.domain.expiry import Life, why_over, words
from app.domain.policy import Policy
from app.domain.pull_request import Missing, PullRequest
from app.domain.recorded import Recorded
from gitops.spec import Spec


@dataclass(frozen=True, slots=True)
class Place:
    """Where an environment lives: allocated once, kept for life."""

    namespace: str
    folder: str
    host: str
    cluster: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What people asked for beyond the pull request itself."""

    redeploys: int = 0
    """How often somebody asked for the same commit again."""
    is_stopped: bool = False
    """Somebody had the environment removed while the pull request is open."""
    is_recreated: bool = False
    """Somebody asked to have it made anew, and something is left of it."""
    pinned_sha: str | None = None
    """The commit that is to run, whatever is pushed."""
    rollback: Recorded | None = None
    """What is to run again as it was recorded, whatever is pushed; nothing is pinned then."""
    approvals: tuple[Approval, ...] = ()
    """Of commits of a fork, the newest first; also those that have ended."""
    life: Life = field(default_factory=Life)

    @property
    def kept_sha(self) -> str | None:
        """The pull request's commit that is to run, whatever is pushed."""
        return self.rollback.head_sha if self.rollback is not None else self.pinned_sha


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything the rules may look at."""

    pull_request: PullRequest
    policy: Policy
    place: Place
    wish: Wish
    now: datetime

    @property
    def approval(self) -> Approval | None:
        """By which a commit of a fork may run: the one that is to be kept, else the head."""
        lasts = self.policy.limits.fork
        wanted = (self.wish.kept_sha, self.pull_request.head_sha)
        found = (standing(self.wish.approvals, sha, lasts, self.now) for sha in wanted if sha is not None)
        return next((each for each in found if each is not None), None)


Rule = Callable[[Situation], Decision | None]
STOPPED = Absent("It was removed on request. A redeploy brings it back.")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A decision, and what else follows from the same look. Times are aware and UTC."""

    decision: Decision
    pull_request: PullRequest | None
    """None where GitHub does not show it."""
    life: Life
    """The wish's, with what the look adds to it."""
    expires_at: datetime | None
    """When it should be decided anew because time has run out; None where nothing goes by itself."""


def desire(found: PullRequest | Missing, policy: Policy, place: Place, wish: Wish, now: datetime) -> Decision:
    """What should exist at `now` for what GitHub says now."""
    return outcome(found, policy, place, wish, now).decision


def outcome(found: PullRequest | Missing, policy: Policy, place: Place, wish: Wish, now: datetime) -> Outcome:
    """The same, with what has to be kept beside it."""
    if isinstance(found, Missing):
        keep = Keep("GitHub no longer shows this pull request. Nothing was removed: a person should look.")
        return Outcome(keep, None, wish.life, None)
    life = wish.life.at(found.head_sha, policy.limits, now)
    situation = Situation(found, policy, place, replace(wish, life=life), now)
    answers = (rule(situation) for rule in RULES)
    decision = next((answer for answer in answers if answer is not None), None) or _present(situation)
    return Outcome(decision, found, life, _ends_at(decision, situation))


def outcome_out_of_sight(wish: Wish) -> Outcome | None:
    """What follows where a person must act before GitHub shows the pull request: that it goes, if somebody asked for
    that. None: nothing can be told."""
    return Outcome(STOPPED, None, wish.life, None) if wish.is_stopped else None


def _present(situation: Situation) -> Present:
    pull_request, wish = situation.pull_request, situation.wish
    if not pull_request.is_from_fork:
        return Present(_spec(situation, wish.kept_sha or pull_request.head_sha))
    approval = situation.approval
    assert approval is not None, "the rule on forks lets nothing pass that is not approved"
    return _approved(situation, approval)


def _approved(situation: Situation, approval: Approval) -> Present:
    """A commit of a fork runs only through here: which one, the approval says and nothing else."""
    return Present(_spec(situation, approval.sha), approval.id)


def _ends_at(decision: Decision, situation: Situation) -> datetime | None:
    limits, now = situation.policy.limits, situation.now
    match decision:
        case Present(_, None):
            return situation.wish.life.ends_at(limits, now)
        case Present(_, approval):
            return next(each.at + limits.fork for each in situation.wish.approvals if each.id == approval)
        case Waiting(_, _, kept):
            return min((each.at + limits.fork for each in _valid(situation) if each.sha in (kept or ())), default=None)
        case _:
            return None


def _closed(situation: Situation) -> Decision | None:
    if situation.pull_request.is_open:
        return None
    how = "merged" if situation.pull_request.is_merged else "closed"
    return Absent(f"The pull request was {how}.", is_closed=True)


def _stopped(situation: Situation) -> Decision | None:
    return STOPPED if situation.wish.is_stopped else None


def _fork(situation: Situation) -> Decision | None:
    if not situation.pull_request.is_from_fork or situation.approval is not None:
        return None
    sha = situation.pull_request.head_sha
    reason = f"The commits come from a fork. Commit {sha[:12]} does not run before somebody who may write here has "
    reason = f"{reason}approved it, exactly as it is.{_why_again(situation, sha)}"
    kept = tuple(sorted(each.sha for each in _valid(situation)))
    return Waiting(reason, sha, kept)


def _why_again(situation: Situation, sha: str) -> str:
    """Of a commit that was approved already."""
    last = next((each for each in situation.wish.approvals if each.sha == sha), None)
    if last is None or last.retracted_why == ONCE_MORE:
        return ""
    if last.retracted_why is not None:
        return f" An earlier approval does not count: {last.retracted_why[0].lower()}{last.retracted_why[1:]}"
    return f" An earlier approval has ended, {words(situation.policy.limits.fork)} after it was given."


def _valid(situation: Situation) -> list[Approval]:
    return [each for each in situation.wish.approvals if each.stands(situation.policy.limits.fork, situation.now)]


def _draft(situation: Situation) -> Decision | None:
    if not situation.pull_request.is_draft:
        return None
    return Absent("The pull request is a draft. It gets an environment when it is ready for review.")


def _base_branch(situation: Situation) -> Decision | None:
    base = situation.pull_request.base_ref
    if any(fnmatchcase(base, pattern) for pattern in situation.policy.base_branches):
        return None
    wanted = ", ".join(situation.policy.base_branches)
    return Absent(f"Environments are made for pull requests into {wanted} only; this one goes elsewhere.")


def _expired(situation: Situation) -> Decision | None:
    """What comes from a fork ends with its approval instead."""
    if situation.pull_request.is_from_fork:
        return None
    why = why_over(situation.wish.life, situation.policy.limits, situation.now)
    return Absent(why, is_expired=True) if why is not None else None


def _recreated(situation: Situation) -> Decision | None:
    return Absent("It is being removed, to be made anew.") if situation.wish.is_recreated else None


RULES: tuple[Rule, ...] = (_closed, _stopped, _fork, _draft, _base_branch, _expired, _recreated)


def _spec(situation: Situation, head_sha: str) -> Spec:
    recorded = situation.wish.rollback
    if recorded is not None and recorded.head_sha == head_sha:
        return _again(situation, recorded.spec)
    return _new(situation, head_sha)


def _again(situation: Situation, recorded: Spec) -> Spec:
    """The recorded spec, whose names are today's, and which a redeploy makes another commit of."""
    place, repository = situation.place, situation.pull_request.repository
    return replace(
        recorded,
        cluster=place.cluster,
        namespace=place.namespace,
        folder=place.folder,
        host=place.host,
        owner=repository.owner,
        repository=repository.name,
        number=situation.pull_request.number,
        generation=situation.wish.redeploys,
    )


def _new(situation: Situation, head_sha: str) -> Spec:
    pull_request, policy, place = situation.pull_request, situation.policy, situation.place
    repository = pull_request.repository
    return Spec(
        cluster=place.cluster,
        namespace=place.namespace,
        folder=place.folder,
        owner=repository.owner,
        repository=repository.name,
        number=pull_request.number,
        head_sha=head_sha,
        image=image_of(policy.image, pull_request, head_sha),
        port=policy.port,
        host=place.host,
        generation=situation.wish.redeploys,
        ingress_namespace=policy.cluster_named(place.cluster).ingress_namespace,
        web_url=policy.web_url,
    )


def image_of(pattern: str, pull_request: PullRequest, head_sha: str) -> str:
    """The image of one of its commits. Registries want lower case, so the name parts are lower-cased."""
    return pattern.format(
        owner=pull_request.repository.owner.lower(),
        repository=pull_request.repository.name.lower(),
        head_sha=head_sha,
        number=pull_request.number,
    )
