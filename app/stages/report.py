"""`report`: make the pull request say what the row says. Nothing is written where nothing differs.

Each part is kept as soon as it is written, so that a crash repeats at most the one part that was under way; the
adapter looks for that one before it creates anything.
"""

from dataclasses import dataclass, replace

import structlog

from app.domain.environment import Environment, Stage
from app.domain.report import CheckStatus, Report, digest, marker, report, superseded
from app.errors import EphemeraError
from app.ports import Bell, Reports, Ring
from app.stages import failing
from app.store import reporting
from app.store.engine import Store
from app.store.locks import Lock, try_claim
from app.store.reporting import Written

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reporter:
    """Reports everything that is due."""

    store: Store
    reports: Reports
    bell: Bell

    def run(self) -> None:
        """Write all reports that are due, one after the other: GitHub wants an App's writes to be serial."""
        with self.store.begin() as session:
            due = reporting.due(session)
        for environment_id in due:
            self._report(environment_id)
        if due:
            self._ring_again()

    def _ring_again(self) -> None:
        with self.store.begin() as session:
            has_more = bool(reporting.due(session))
        if has_more:
            self.bell.ring(Ring.REPORT)

    def _report(self, environment_id: int) -> None:
        with self.store.begin() as claim:
            if not try_claim(claim, Lock.REPORT, environment_id):
                return
            environment, written, now = reporting.take(claim, environment_id)
            wanted = report(environment, now)
            try:
                self._write(environment, wanted, written)
            except EphemeraError as error:
                with self.store.begin() as session:
                    failing.keep(session, environment, Stage.REPORT, error)
                return
            reporting.record(claim, environment_id, digest(wanted))
        _log.info("report.done", environment=environment.key, status=environment.status.value)

    def _write(self, environment: Environment, wanted: Report, written: Written) -> None:
        """Write all three parts, also when one is refused for want of a permission; then raise the first error."""
        errors: list[EphemeraError] = []
        for write in (self._write_check, self._write_status, self._write_comment):
            try:
                written = write(environment, wanted, written)
            except EphemeraError as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def _write_check(self, environment: Environment, wanted: Report, written: Written) -> Written:
        check = wanted.check
        if check is None or digest(check) == written.check_digest:
            return written
        is_same_commit = written.check_sha == check.head_sha
        if written.check_id is not None and not is_same_commit and not written.check_is_completed:
            assert written.check_sha is not None
            ended = superseded(written.check_sha, check.external_id, check.head_sha)
            self.reports.put_check_run(environment.repository, ended, written.check_id)
            written = self._keep(environment, replace(written, check_is_completed=True))
        known = written.check_id if is_same_commit else None
        check_id = self.reports.put_check_run(environment.repository, check, known)
        return self._keep(
            environment,
            replace(
                written,
                check_digest=digest(check),
                check_sha=check.head_sha,
                check_id=check_id,
                check_is_completed=check.status is CheckStatus.COMPLETED,
            ),
        )

    def _write_status(self, environment: Environment, wanted: Report, written: Written) -> Written:
        if wanted.status is None or digest(wanted.status) == written.status_digest:
            return written
        self.reports.put_status(environment.repository, wanted.status)
        return self._keep(environment, replace(written, status_digest=digest(wanted.status)))

    def _write_comment(self, environment: Environment, wanted: Report, written: Written) -> Written:
        if wanted.comment is None or digest(wanted.comment) == written.comment_digest:
            return written
        comment_id = self.reports.put_comment(
            environment.repository, environment.number, marker(environment.id), wanted.comment, written.comment_id
        )
        return self._keep(environment, replace(written, comment_digest=digest(wanted.comment), comment_id=comment_id))

    def _keep(self, environment: Environment, written: Written) -> Written:
        with self.store.begin() as session:
            reporting.progress(session, environment.id, written)
        return written
