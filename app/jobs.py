"""The RQ jobs, one for each ring. They carry nothing: what is due stands in PostgreSQL."""

from app.ports import Ring
from app.store.asking import HIGH, LOW
from app.wiring import Wiring, this_process


def decide() -> None:
    """Decide for pull requests that want an environment or a newer one."""
    _answered(Ring.DECIDE).decider.run(HIGH, Ring.DECIDE)


def clean_up() -> None:
    """Decide for pull requests whose environment should go."""
    _answered(Ring.CLEAN_UP).decider.run(LOW, Ring.CLEAN_UP)


def publish() -> None:
    """Commit and push everything that was decided."""
    _answered(Ring.PUBLISH).publisher.run()


def report() -> None:
    """Write to the pull requests."""
    _answered(Ring.REPORT).reporter.run()


def reconcile() -> None:
    """Compare all open pull requests with the rows."""
    _answered(Ring.RECONCILE).sweeper.reconcile()


def _answered(ring: Ring) -> Wiring:
    wiring = this_process()
    wiring.bell.answer(ring)
    return wiring
