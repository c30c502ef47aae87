"""What one reading of the rows asks of Git: what is committed at once, what is proposed, what stays.

Nothing is written to Git here. What is about to be committed is kept before it is, so that every commit of the followed
branch can be explained, also when the answer to its push is lost.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from app.domain import desired as desired_json
from app.domain.desired import Absent, Present, Waiting, from_json
from app.domain.environment import Environment
from app.domain.evidence import build
from app.domain.manifests import size
from app.domain.proposal import ProposalState
from app.domain.review import Merger, Requirement, Rules, Subject, review
from app.domain.route import Rendered, Route, Way, is_outdated, route, route_waiting
from app.errors import EphemeraError, Stalled
from app.stages.changing import NOTHING, Cause, Changer, author, whole
from app.stages.sweep import DRIFT
from app.store import proposing, publishing
from app.store.engine import Session, Store
from app.store.proposing import Content, Wanted
from app.store.publishing import Intent, Standing
from gitops.change import Change
from gitops.errors import GitopsError
from gitops.render import Templates

_log = structlog.get_logger(__name__)

Keep = Callable[[Environment, EphemeraError], None]
"""Keeps with an environment why nothing can be done for it."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One commit to the followed branch, or the finding that it is there."""

    environment: Environment
    content: Content
    change: Change
    intent: Intent
    generation: int
    is_restoring: bool = False
    """It puts back what was published last, and takes nothing further."""
    settles: int | None = None
    """The id of the merged proposal that is dealt with by it."""


@dataclass(slots=True)
class Batch:
    """What one reading of the rows asks for."""

    planned: dict[str, Planned] = field(default_factory=dict)
    """By folder."""
    proposed: list[Wanted] = field(default_factory=list)
    held: list[Environment] = field(default_factory=list)
    """Refused, and not to be asked for again."""
    outdated: list[int] = field(default_factory=list)
    """Ids of the environments whose open proposal is not to be accepted any more."""
    untouched: list[Environment] = field(default_factory=list)
    """Decided, but nothing to do in Git."""

    @property
    def changes(self) -> list[Change]:
        """What is to be published."""
        return [planned.change for planned in self.planned.values()]

    @property
    def environments(self) -> list[Environment]:
        """All that wait for something."""
        waiting = [planned.environment for planned in self.planned.values()]
        return [*waiting, *(wanted.environment for wanted in self.proposed)]


@dataclass(slots=True)
class Planner:
    """Plans for what is due. Made for one reading."""

    store: Store
    changer: Changer
    rules: Rules
    _accounts: Mapping[str, int] = field(default_factory=dict)
    _versions: dict[str, Templates] = field(default_factory=dict)

    def plan(self, due: Sequence[Environment], keep: Keep) -> Batch:
        """The batch of all that is due; what cannot be rendered is handed to `keep`."""
        batch = Batch()
        if not due:
            return batch
        with self.store.begin() as session:
            self._accounts = publishing.accounts(session, {each.asked.by for each in due})
        for environment in due:
            try:
                self._add(batch, environment)
            except GitopsError as error:
                keep(environment, Stalled(f"rendering {environment.key}: {error}"))
        with self.store.begin() as session:
            templates = self.changer.templates
            proposing.remember_templates(session, templates.digest, templates.files)
            intents = [planned.intent for planned in batch.planned.values() if _is_news(planned)]
            publishing.intend(session, intents)
        return batch

    def _add(self, batch: Batch, environment: Environment) -> None:
        match environment.desired:
            case Present(spec):
                self._consider(batch, environment, self.changer.rendered(spec, environment.number))
            case Absent():
                self._consider(batch, environment, NOTHING)
            case Waiting() as waiting:
                chosen = route_waiting(environment, waiting, is_drifted=_is_drifted(environment))
                self._follow(batch, environment, NOTHING, chosen, _unasked(self.rules))
            case _:
                batch.untouched.append(environment)

    def _consider(self, batch: Batch, environment: Environment, content: Content) -> None:
        requirement = review(self.rules, _subject(environment, content))
        wanted = Rendered(content.tree, content.sync_blob, self.changer.templates.digest)
        chosen = route(environment, wanted, requirement, is_drifted=_is_drifted(environment))
        self._follow(batch, environment, content, chosen, requirement)

    def _follow(
        self, batch: Batch, environment: Environment, content: Content, chosen: Route, requirement: Requirement
    ) -> None:
        if is_outdated(environment, chosen):
            batch.outdated.append(environment.id)
        if chosen.restores:
            self._restore(batch, environment)
        match chosen.way:
            case Way.ACCEPTED:
                self._accept(batch, environment)
            case Way.DIRECT:
                desired = desired_json.to_json(_wanted(environment))
                templates = self.changer.templates.digest
                self._plan(batch, environment, content, _Source(desired, templates, requirement, None))
            case Way.PROPOSE:
                batch.proposed.append(self._wanted(environment, content, requirement))
            case Way.HELD:
                batch.held.append(environment)
            case Way.NOTHING:
                batch.untouched.append(environment)

    def _accept(self, batch: Batch, environment: Environment) -> None:
        """Take over, or put back, exactly what was merged."""
        proposal = environment.proposal
        assert proposal is not None
        with self.store.begin() as session:
            taken = proposing.take(session, proposal.id)
        source = _Source(taken.desired, taken.templates, taken.requirement, taken.id)
        generation = environment.decided_generation if proposal.is_wanted else proposal.generation
        self._plan(batch, environment, taken.content, source, generation)

    def _restore(self, batch: Batch, environment: Environment) -> None:
        """Put back what was published last; where that cannot be known any more, it is left to a person."""
        with self.store.begin() as session:
            held = publishing.standing(session, environment) if environment.published.tree is not None else None
        if environment.published.tree is None:
            desired = {"kind": "absent", "reason": "Nothing was published.", "is_closed": False}
            source, content = _Source(desired, self.changer.templates.digest, _unasked(self.rules), None), NOTHING
        elif held is not None and (found := self._standing(environment, held)) is not None:
            source = _Source(held.desired, held.templates, _unasked(self.rules), held.proposal_id)
            content = found
        else:
            _log.warning("publish.cannot_restore", environment=environment.key, tree=environment.published.tree)
            return
        self._plan(batch, environment, content, source, environment.published.generation, is_restoring=True)

    def _standing(self, environment: Environment, held: Standing) -> Content | None:
        """What was published last, file by file; None where it cannot be made again."""
        with self.store.begin() as session:
            if held.proposal_id is not None:
                return proposing.content(session, held.proposal_id)
            desired = from_json(held.desired)
            if not isinstance(desired, Present):
                return None
            version = self._version(session, held.templates)
        content = self.changer.rendered(desired.spec, environment.number, version)
        return content if content.tree == environment.published.tree else None

    def _version(self, session: Session, digest: str) -> Templates:
        if digest == self.changer.templates.digest:
            return self.changer.templates
        if digest not in self._versions:
            self._versions[digest] = Templates.of(proposing.templates(session, digest))
        return self._versions[digest]

    def _wanted(self, environment: Environment, content: Content, requirement: Requirement) -> Wanted:
        digest = self.changer.templates.digest
        before = self._before(environment)
        approval = environment.desired.approval if isinstance(environment.desired, Present) else None
        with self.store.begin() as session:
            title = publishing.title(session, environment.id)
            approver = publishing.approver(session, approval) if approval is not None else None
        evidence = build(environment, whole(content), before, requirement, digest, title=title, approved_by=approver)
        return Wanted(environment, content, digest, requirement, evidence)

    def _before(self, environment: Environment) -> Mapping[str, bytes] | None:
        """The manifests of what was published last, for comparison; None where there are none, or none are known."""
        if environment.published.tree is None:
            return None
        with self.store.begin() as session:
            held = publishing.standing(session, environment)
        if held is None:
            return None
        try:
            content = self._standing(environment, held)
        except GitopsError:
            return None
        return whole(content) if content is not None else None

    def _plan(
        self,
        batch: Batch,
        environment: Environment,
        content: Content,
        source: "_Source",
        generation: int | None = None,
        is_restoring: bool = False,  # noqa: FBT001, FBT002 - as above
    ) -> None:
        asked, proposal = environment.asked, environment.proposal
        sha = source.head_sha
        number = proposal.number if proposal is not None and proposal.id == source.proposal_id else None
        cause = Cause(asked, author(asked.by, self._accounts), sha, number, is_restoring)
        change = self.changer.change(environment, content, cause)
        intent = Intent(
            environment_id=environment.id,
            folder=environment.place.folder,
            generation=environment.decided_generation,
            desired=source.desired,
            tree=content.tree,
            sync=content.sync_blob,
            templates=source.templates,
            requirement=source.requirement,
            proposal_id=source.proposal_id,
            head_sha=sha,
            by=asked.by,
            reason=asked.reason,
            delivery=asked.delivery,
        )
        is_merged = proposal is not None and proposal.state in (ProposalState.MERGED, ProposalState.SPOILED)
        batch.planned[environment.place.folder] = Planned(
            environment,
            content,
            change,
            intent,
            environment.decided_generation if generation is None else generation,
            is_restoring,
            proposal.id if proposal is not None and is_merged and not proposal.is_settled else None,
        )


@dataclass(frozen=True, slots=True)
class _Source:
    """Of what a commit is made, and why it may be."""

    desired: Mapping[str, Any]
    templates: str
    requirement: Requirement
    proposal_id: int | None

    @property
    def head_sha(self) -> str | None:
        spec = self.desired.get("spec")
        return spec["head_sha"] if spec else None


def _is_drifted(environment: Environment) -> bool:
    return environment.asked.reason == DRIFT


def _wanted(environment: Environment) -> Present | Absent | Waiting:
    assert environment.desired is not None
    return environment.desired


def _unasked(rules: Rules) -> Requirement:
    """Of what nobody has to be asked about: what was let through before, and taking away what must not run."""
    return Requirement(False, Merger.PEOPLE, None, (), rules.digest)  # noqa: FBT003 - the first field says it


def _subject(environment: Environment, content: Content) -> Subject:
    desired = environment.desired
    held = size(content.files) if content.files is not None else None
    is_from_fork = isinstance(desired, Present) and desired.approval is not None
    return Subject(
        repository=environment.repository.full_name,
        cluster=environment.place.cluster,
        is_from_fork=is_from_fork,
        is_removal=content.files is None,
        replicas=held.replicas if held else 0,
        memory=held.memory if held else 0,
    )


def _is_news(planned: Planned) -> bool:
    """It may make a commit, or take one over that no row explains yet."""
    published, content = planned.environment.published, planned.content
    is_other = (content.tree, content.sync_blob) != (published.tree, published.sync)
    return is_other or planned.is_restoring or planned.settles is not None or _is_drifted(planned.environment)
