"""The RQ jobs, one for each ring. They carry nothing: what is due stands in PostgreSQL."""

from collections.abc import Callable

import structlog

from app.errors import EphemeraError
from app.ports import Ring
from app.store.asking import HIGH, LOW
from app.wiring import Wiring, this_process

_log = structlog.get_logger(__name__)


def decide() -> None:
    """Decide for pull requests that want an environment or a newer one."""
    _run(Ring.DECIDE, lambda wiring: wiring.decider.run(HIGH, Ring.DECIDE))


def clean_up() -> None:
    """Decide for pull requests whose environment should go."""
    _run(Ring.CLEAN_UP, lambda wiring: wiring.decider.run(LOW, Ring.CLEAN_UP))


def obey() -> None:
    """Do what people asked for on GitHub."""
    _run(Ring.OBEY, lambda wiring: wiring.obeyer.run())


def publish() -> None:
    """Commit and push everything that was decided."""
    _run(Ring.PUBLISH, lambda wiring: wiring.publisher.run())


def propose() -> None:
    """Have the pull requests on the environments repository say what the rows say."""
    _run(Ring.PROPOSE, lambda wiring: wiring.proposer.run())


def review() -> None:
    """Look at what people did with proposals."""
    _run(Ring.REVIEW, lambda wiring: wiring.reviewer.run())


def report() -> None:
    """Write to the pull requests."""
    _run(Ring.REPORT, lambda wiring: wiring.reporter.run())


def reconcile() -> None:
    """Compare all open pull requests with the rows."""
    _run(Ring.RECONCILE, lambda wiring: wiring.sweeper.reconcile())


def follow() -> None:
    """Compare the App's installations with the rows."""
    _run(Ring.FOLLOW, lambda wiring: wiring.follower.run())


def _run(ring: Ring, act: Callable[[Wiring], None]) -> None:
    """Answer the bell, then act. An outage, as of PostgreSQL, is one line; the sweep rings again when it is over."""
    wiring = this_process()
    wiring.bell.answer(ring)
    try:
        act(wiring)
    except EphemeraError as error:
        _log.warning("job.failed", job=ring.value, error=str(error))
