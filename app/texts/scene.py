"""What the templates see of an environment: the row, its assessment, and what follows from both."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.changes import Changes
from app.domain.desired import Absent, Present, Waiting
from app.domain.environment import Environment, Status
from app.domain.health import FailureLog, Problem, Sync
from app.domain.hints import hint
from app.domain.markdown import Markdown, prose
from app.domain.progress import Taken, steps
from app.domain.receipt import receipt, spoken, stuck
from app.domain.status import Assessment, refusal
from app.texts.reviews import Review, proposal_name, review
from app.texts.services import Service, services
from app.texts.times import spoken_time, table_time

SHOWN = 5
"""So many problems, and objects that were changed by hand, are shown."""

_UNDER_WAY = frozenset({Status.PENDING, Status.PROVISIONING, Status.UPDATING})


@dataclass(frozen=True, slots=True)
class Told:
    """A problem as it is told: foreign words are plain text."""

    title: Markdown
    where: str
    message: str
    hint: Markdown


@dataclass(frozen=True, slots=True)
class Scene:
    """An environment at one moment, for a template to read."""

    environment: Environment
    assessment: Assessment

    @property
    def status(self) -> str:
        """`ready`, `failed` ..."""
        return self.assessment.status.value

    @property
    def is_under_way(self) -> bool:
        """More follows by itself, and soon."""
        return self.assessment.status in _UNDER_WAY

    @property
    def wanted_sha(self) -> str:
        """The commit that should run."""
        desired = self.environment.desired
        return desired.spec.head_sha if isinstance(desired, Present) else self.head_sha

    @property
    def head_sha(self) -> str:
        """The pull request's head."""
        return self.environment.commit_sha or "unknown"

    @property
    def is_of_fork(self) -> bool:
        """It runs by somebody's approval, which nothing lengthens but another one."""
        desired = self.environment.desired
        return isinstance(desired, Present) and desired.approval is not None

    @property
    def awaited_sha(self) -> str:
        """The commit that somebody has to approve."""
        desired = self.environment.desired
        return (desired.sha if isinstance(desired, Waiting) else None) or self.head_sha

    @property
    def review(self) -> Review | None:
        """The proposal that what should be waits for, or that was refused."""
        return review(self.environment)

    @property
    def proposed_as(self) -> Markdown | None:
        """The pull request on the environments repository by which the newest change was proposed."""
        proposal = self.environment.proposal
        return proposal_name(proposal) if proposal is not None and proposal.number is not None else None

    @property
    def errors(self) -> Sequence[str]:
        """What Ephemera could not do; a refusal is told otherwise."""
        proposal = self.environment.in_review
        said = refusal(proposal) if proposal is not None and proposal.is_refusal else None
        return [error for error in self.assessment.errors if error != said]

    @property
    def is_pinned(self) -> bool:
        """Another commit than the head should run, because somebody asked for it."""
        return self.wanted_sha != self.head_sha

    @property
    def running_sha(self) -> str | None:
        """The commit that was ready last, where that is not the wanted one and nothing took it away."""
        environment = self.environment
        desired, sha = environment.desired, environment.progress.ready_sha
        if environment.published.tree is None or not environment.was_ready or sha is None:
            return None
        match desired:
            case Present(spec):
                return None if sha == spec.head_sha else sha
            case Waiting(kept=kept):
                return sha if kept is None or sha in kept else None
            case _:
                return None

    @property
    def reason(self) -> Markdown:
        """Why there is nothing, or nothing yet."""
        match self.environment.desired:
            case Absent(reason=reason) | Waiting(reason=reason):
                return prose(reason)
            case _:
                return prose(self.environment.notice or "Its turn has not come yet.")

    @property
    def namespace(self) -> Markdown:
        """A DNS label: nothing in it can be live."""
        return Markdown(self.environment.place.namespace)

    @property
    def notice(self) -> Markdown | None:
        """Why the last look changed nothing, where that is not the reason already."""
        notice = self.environment.notice
        return prose(notice) if notice and self.environment.desired is not None else None

    @property
    def url(self) -> Markdown:
        """Where the preview answers."""
        return Markdown(self.environment.url)

    @property
    def page(self) -> Markdown | None:
        """Where Argo CD shows it."""
        return Markdown(self.environment.page) if self.environment.page else None

    @property
    def sync(self) -> Sync | None:
        """What the syncer says."""
        return self.environment.health.sync if self.environment.health else None

    @property
    def syncer(self) -> Markdown | None:
        """Who brings commits into the cluster, where it shows."""
        if self.sync is None:
            return None
        return Markdown("Argo CD" if self.sync.name.startswith("Application/") else "Flux")

    @property
    def waits_for_syncer(self) -> bool:
        """The syncer is known not to have turned to the commit yet; where it cannot be told, it is said to have."""
        sync, commit = self.sync, self.environment.published.commit
        is_told = sync is not None and sync.is_exact and self.environment.is_published and commit is not None
        return is_told and sync is not None and commit not in (sync.tried, sync.applied)

    @property
    def drift(self) -> tuple[str, ...]:
        """Objects that were changed by hand."""
        return self.sync.drift if self.sync else ()

    @property
    def problems(self) -> Sequence[Told]:
        """What stands in the way, the first few."""
        log = self.environment.failure_log
        return [_told(problem, log) for problem in self.assessment.problems[:SHOWN]]

    @property
    def log(self) -> FailureLog | None:
        """The last lines of the container that a problem names."""
        has_log = any(problem.log for problem in self.assessment.problems[:SHOWN])
        return self.environment.failure_log if has_log else None

    @property
    def cause(self) -> Markdown:
        """What went wrong, in two or three words."""
        if self.assessment.errors or not self.assessment.problems:
            return Markdown("Ephemera could not go on")
        return Markdown(self.assessment.problems[0].cause.value)

    @property
    def steps(self) -> tuple[Taken, ...]:
        """How far the commit has come; nothing where that is not what went wrong."""
        is_told = isinstance(self.environment.desired, Present) and not self.errors
        return steps(self.environment, self.assessment) if is_told else ()

    @property
    def took(self) -> Markdown | None:
        """From the decision until the commit was ready."""
        begun, ready = self.environment.desired_at, self.environment.progress.ready_at
        if self.assessment.status is not Status.READY or begun is None or ready is None or ready < begun:
            return None
        return Markdown(spoken(ready - begun))

    @property
    def services(self) -> tuple[Service, ...]:
        """What has to run."""
        return services(self.environment)

    @property
    def changes(self) -> Changes:
        """What the last commit changed in the manifests; nothing until the wanted commit is the last one."""
        return self.environment.changes if self.environment.is_published else Changes()

    @property
    def expires(self) -> Markdown | None:
        """When it goes by itself."""
        environment = self.environment
        at = environment.expires_at
        is_there = environment.in_review is None or environment.published.tree is not None
        return spoken_time(at) if at is not None and is_there and isinstance(environment.desired, Present) else None

    @property
    def receipt(self) -> Markdown:
        """The proof that it is gone; empty where nothing ever was."""
        return Markdown(receipt(self.environment))

    @property
    def stuck(self) -> Markdown:
        """Why a removal does not end."""
        return Markdown(stuck(self.environment))

    @property
    def is_answer_new(self) -> bool:
        """Somebody was answered since anything was decided, so that the answer is about what is under way."""
        answer, decided_at = self.environment.answer, self.environment.desired_at
        return answer is not None and (decided_at is None or answer.at >= decided_at)

    @property
    def answer(self) -> Markdown | None:
        """The answer to the last command; None where what it was about has gone since."""
        answer = self.environment.answer
        if answer is None or (isinstance(self.environment.desired, Absent) and not self.is_answer_new):
            return None
        return prose(answer.text)

    def at(self, time: datetime) -> Markdown:
        """The time, for a table."""
        return table_time(time)

    def word(self, value: StrEnum) -> Markdown:
        """A word of our own vocabulary: the name of a status, a step or a state."""
        return Markdown(value.value)


def _told(problem: Problem, log: FailureLog | None) -> Told:
    # Not `capitalize`, which would make `Pod Security` small.
    title = problem.cause.value[0].upper() + problem.cause.value[1:]
    text = log.text if log and problem.log else ""
    return Told(Markdown(title), problem.where, problem.message, Markdown(hint(problem, text)))
