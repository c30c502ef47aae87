"""One write to GitHub at a time: the next that a pull request needs, if the budget lets it through.

The row is read anew before each, so that what was overtaken while it waited is never sent. That something is about to
be created is kept before, and its id after: after a crash in between, and only then, GitHub is looked at before it is
created again.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from app.domain.budget import Limits
from app.domain.budget import Write as Cost
from app.domain.environment import Environment
from app.domain.outbox import Held, outbox
from app.domain.parts import (
    MakeDeployment,
    Part,
    PutCheck,
    PutComment,
    PutStatus,
    RetireDeployment,
    TellDeployment,
    Written,
    after,
)
from app.domain.report import Deployment, DeploymentState, Telling, marker
from app.errors import EphemeraError, RateLimited, Transient
from app.ports import Reports
from app.store import budget, reporting
from app.store.engine import Session, Store
from app.store.locks import Lock, try_claim
from app.store.reporting import Taken
from app.texts.rendering import line
from app.texts.report import report


@dataclass(frozen=True, slots=True)
class Wrote:
    """Something was written; there may be more."""


@dataclass(frozen=True, slots=True)
class Finished:
    """There is nothing to write now."""

    environment: Environment | None
    """None: another process is at it."""


@dataclass(frozen=True, slots=True)
class MustWait:
    """The budget lets nothing through for so long."""

    length: timedelta


@dataclass(frozen=True, slots=True)
class Failed:
    """The part of that key could not be written."""

    environment: Environment
    key: str
    error: EphemeraError


Outcome = Wrote | Finished | MustWait | Failed


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes one part of one report."""

    store: Store
    reports: Reports
    telling: Telling
    limits: Limits | None
    """None: nothing is counted, as on a GitHub Enterprise Server without limits."""

    def write_next(self, environment_id: int, set_aside: Collection[str]) -> Outcome:
        """Write what is to be written next, without what failed already in this turn."""
        with self.store.begin() as claim:
            if not try_claim(claim, Lock.REPORT, environment_id):
                return Finished(None)
            taken = reporting.take(claim, environment_id)
            wanted = report(taken.environment, taken.now, self.telling)
            entries = outbox(taken.environment, wanted, taken.written, taken.deployed, taken.now)
            parts = [entry for entry in entries if not isinstance(entry, Held)]
            part = next((part for part in parts if part.key not in set_aside), None)
            if part is not None:
                return self._write(taken, wanted.deployment, part)
            if not parts:
                self._record(claim, taken, [entry.until for entry in entries if isinstance(entry, Held)])
            return Finished(taken.environment)

    def _record(self, session: Session, taken: Taken, held_until: list[datetime]) -> None:
        if held_until:
            reporting.hold(session, taken.environment.id, taken.wanted, min(held_until))
        else:
            reporting.record(session, taken.environment.id, taken.wanted)

    def _write(self, taken: Taken, current: Deployment | None, part: Part) -> Outcome:
        environment, begun = taken.environment, taken.written
        with self.store.begin() as session:
            cost = Cost(is_removal=taken.is_removal)
            wait = budget.take(session, environment.repository.installation_id, cost, self.limits)
        if wait is not None:
            return MustWait(wait)
        if part.is_create:
            begun = begun.begun(part.key)
            if not self._keep(environment, taken.written, begun):
                return Finished(None)
        try:
            github_id = self._send(environment, current, part, is_unsure=part.key in taken.written.unsure)
        except EphemeraError as error:
            return self._failed(environment, part, begun, error)
        with self.store.begin() as session:
            self._keep_written(session, taken, part, begun, github_id)
        return Wrote()

    def _send(self, environment: Environment, current: Deployment | None, part: Part, *, is_unsure: bool) -> int | None:
        """Write, and return the id of what was created or edited."""
        repository, reports = environment.repository, self.reports
        match part:
            case PutCheck(check, known_id):
                return reports.put_check_run(repository, check, known_id, look=is_unsure)
            case PutStatus(status):
                reports.put_status(repository, status, look=is_unsure)
            case PutComment(body, known_id):
                mark = marker(environment.id)
                return reports.put_comment(repository, environment.number, mark, body, known_id, look=is_unsure)
            case MakeDeployment(deployment):
                return reports.make_deployment(repository, deployment, look=is_unsure)
            case TellDeployment(deployment, github_id):
                reports.set_deployment_state(repository, deployment, github_id)
            case RetireDeployment(head_sha, github_id):
                assert current is not None
                reports.set_deployment_state(repository, _retired(current, head_sha), github_id)
            case _:
                assert_never(part)
        return None

    def _failed(self, environment: Environment, part: Part, begun: Written, error: EphemeraError) -> Outcome:
        """What was refused was not carried out; of what was not answered, nobody knows."""
        installation_id = environment.repository.installation_id
        with self.store.begin() as session:
            budget.answered(session, installation_id)
        if part.is_create and (isinstance(error, RateLimited) or not isinstance(error, Transient)):
            self._keep(environment, begun, begun.sure(part.key))
        if not isinstance(error, RateLimited):
            return Failed(environment, part.key, error)
        with self.store.begin() as session:
            return MustWait(budget.pause(session, installation_id, error.retry_after, str(error)))

    def _keep(self, environment: Environment, before: Written, written: Written) -> bool:
        with self.store.begin() as session:
            return reporting.progress(session, environment.id, before, written)

    def _keep_written(self, session: Session, taken: Taken, part: Part, begun: Written, github_id: int | None) -> None:
        environment_id = taken.environment.id
        budget.answered(session, taken.environment.repository.installation_id)
        if not reporting.progress(session, environment_id, begun, after(part, github_id, begun, taken.now)):
            reporting.doubt(session, environment_id, part.key)
            return
        match part:
            case MakeDeployment(deployment):
                assert github_id is not None
                reporting.deployed(session, environment_id, deployment.head_sha, github_id, None)
            case TellDeployment(deployment, known_id):
                reporting.deployed(session, environment_id, deployment.head_sha, known_id, deployment.state)
            case RetireDeployment(head_sha, known_id):
                reporting.deployed(session, environment_id, head_sha, known_id, DeploymentState.INACTIVE)


def _retired(current: Deployment, head_sha: str) -> Deployment:
    return replace(
        current,
        head_sha=head_sha,
        state=DeploymentState.INACTIVE,
        description=line("retired"),
        environment_url=None,
        log_url=None,
    )
