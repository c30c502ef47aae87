"""`report`: make the pull requests say what the rows say. Nothing is written where nothing differs.

GitHub wants the writes of each installation to be serial and apart (`app.domain.budget`). So one process at a time
writes for an installation, one part after the other: removals first, and whoever was told longest ago. A short wait is
waited out; at a longer one the turn ends, and the sweep rings again when it is over.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from heapq import heapify, heappop, heappush
from itertools import count
from typing import assert_never

import structlog

from app.domain.budget import USUAL, Limits
from app.domain.environment import Environment, Stage
from app.domain.report import Telling
from app.errors import EphemeraError
from app.ports import Bell, Reports, Ring
from app.stages import failing
from app.stages.write import Failed, Finished, MustWait, Writer, Wrote
from app.store import reporting
from app.store.engine import Store
from app.store.locks import Lock, try_claim
from app.store.reporting import Due

PATIENCE = timedelta(seconds=2)
"""The longest wait that is waited out."""
TURN_SECONDS = 10.0
"""How long an installation is written for before the list is read anew: what has come meanwhile may come first."""
RUN_SECONDS = 300.0
"""After so long no further turn is begun; a job is ended by force after 600."""
WRITERS = 4
"""Installations that are written for at once."""
_KEYS = 2**31
_ALL = Telling()

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Turn:
    """What one installation is still to be told: whoever has been written for goes to the end of its rank."""

    installation_id: int | None
    queue: list[tuple[int, int, int]]
    order: "count[int]"
    errors: dict[int, dict[str, EphemeraError]] = field(default_factory=dict)
    """By environment and part."""
    failed: dict[int, Environment] = field(default_factory=dict)

    @classmethod
    def of(cls, due: Sequence[Due]) -> "_Turn":
        order = count()
        queue = [(int(each.rank), next(order), each.environment_id) for each in due]
        heapify(queue)
        return cls(due[0].installation_id, queue, order)

    @property
    def first(self) -> int:
        """The environment whose turn it is."""
        return self.queue[0][2]

    def drop(self) -> None:
        """Nothing more for the first."""
        heappop(self.queue)

    def rotate(self) -> None:
        """The first, later again."""
        rank, _, environment_id = heappop(self.queue)
        heappush(self.queue, (rank, next(self.order), environment_id))

    def set_aside(self, failed: Failed) -> None:
        """Leave the part alone for the rest of the turn, and go on with the others."""
        self.errors.setdefault(failed.environment.id, {})[failed.key] = failed.error
        self.failed[failed.environment.id] = failed.environment


@dataclass(frozen=True, slots=True)
class Reporter:
    """Reports everything that is due."""

    store: Store
    reports: Reports
    bell: Bell
    telling: Telling = _ALL
    limits: Limits | None = USUAL
    wait: Callable[[float], object] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def run(self) -> None:
        """Write what is due and affordable; ring again when more is."""
        with self.store.begin() as session:
            due = reporting.due(session)
        if not due:
            return
        stop_at = self.clock() + RUN_SECONDS
        installations: dict[int | None, list[Due]] = {}
        for each in due:
            installations.setdefault(each.installation_id, []).append(each)
        if len(installations) == 1:
            self._serve(due, stop_at)
        else:
            with ThreadPoolExecutor(WRITERS, thread_name_prefix="report") as writers:
                list(writers.map(lambda each: self._serve(each, stop_at), installations.values()))
        self._ring_again()

    def _ring_again(self) -> None:
        with self.store.begin() as session:
            has_more = reporting.has_due(session, self.limits)
        if has_more:
            self.bell.ring(Ring.REPORT)

    def _serve(self, due: Sequence[Due], stop_at: float) -> None:
        """One installation's turn; another process that has it already reads the list anew when that is over."""
        now = self.clock()
        if now >= stop_at:
            return
        with self.store.begin() as claim:
            if not try_claim(claim, Lock.WRITE, (due[0].installation_id or 0) % _KEYS):
                return
            turn = _Turn.of(due)
            writer = Writer(self.store, self.reports, self.telling, self.limits)
            while turn.queue and self.clock() < now + TURN_SECONDS and self._step(writer, turn):
                pass
            self._keep_errors(turn)

    def _step(self, writer: Writer, turn: _Turn) -> bool:
        """Write once; False when the turn is over."""
        outcome = writer.write_next(turn.first, turn.errors.get(turn.first, {}))
        match outcome:
            case Wrote():
                turn.rotate()
                self._keep_apart()
            case Finished(environment):
                if environment is not None and turn.first not in turn.errors:
                    _log.info("report.done", environment=environment.key, status=environment.status.value)
                turn.drop()
            case Failed():
                turn.set_aside(outcome)
                turn.rotate()
            case MustWait(length):
                return self._wait(turn, length)
            case _:
                assert_never(outcome)
        return True

    def _keep_apart(self) -> None:
        """Wait here for what the budget would make the next write wait for: looking twice costs more."""
        if self.limits is not None and self.limits.spacing <= PATIENCE:
            self.wait(self.limits.spacing.total_seconds())

    def _wait(self, turn: _Turn, length: timedelta) -> bool:
        if length > PATIENCE:
            _log.info(
                "report.waits",
                installation=turn.installation_id,
                reports=len(turn.queue),
                seconds=round(length.total_seconds(), 1),
            )
            return False
        self.wait(length.total_seconds())
        return True

    def _keep_errors(self, turn: _Turn) -> None:
        for environment_id, errors in turn.errors.items():
            with self.store.begin() as session:
                failing.keep(session, turn.failed[environment_id], Stage.REPORT, next(iter(errors.values())))
