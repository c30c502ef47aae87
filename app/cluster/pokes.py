"""Annotations set on many objects at once, in bounded time: how a syncer is told to look now."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from app.cluster.connection import Api, Ask, Limits
from app.cluster.failures import NotFound
from app.errors import EphemeraError, Stalled, Transient

_LIMITS = Limits(connect_seconds=2, read_seconds=3)
_THREADS = 8


@dataclass(frozen=True, slots=True)
class Target:
    """One object to annotate."""

    resource: str
    """`applications.argoproj.io`, as RBAC and kubectl name it."""
    path: str
    """Of the object."""
    annotation: str
    value: str
    is_optional: bool = False
    """It may be that there is no such object, yet or any more."""


def poke_all(
    api: Api, syncer: str, targets: Sequence[Target], *, budget_seconds: float = 4, limits: Limits = _LIMITS
) -> frozenset[Target]:
    """Annotate every target; returns the optional ones that do not exist.

    Begins no request after `budget_seconds`, and so takes that long and one request more at most. Raises Stalled when
    one of them needs a person, else Transient when one was refused or not reached in time, with a summary; the others
    are annotated all the same.
    """
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="poke")
    with pool:
        futures = {target: pool.submit(_poke, api, target, limits) for target in targets}
        wait(futures.values(), timeout=budget_seconds)
        pool.shutdown(cancel_futures=True)
    results = {target: _result(target, future) for target, future in futures.items()}
    errors = [result for result in results.values() if isinstance(result, EphemeraError)]
    if errors:
        first = next((error for error in errors if isinstance(error, Stalled)), errors[0])
        kind = Stalled if isinstance(first, Stalled) else Transient
        raise kind(f"poking {syncer}: {len(errors)} of {len(targets)} objects not poked: {first}") from first
    return frozenset(target for target, is_there in results.items() if not is_there)


def _result(target: Target, future: "Future[bool]") -> bool | EphemeraError:
    if future.cancelled():
        return Transient(f"patching {target.resource}: no time left")
    error = future.exception()
    if isinstance(error, EphemeraError):
        return error
    return future.result()


def _poke(api: Api, target: Target, limits: Limits) -> bool:
    ask = Ask(f"patching {target.resource}", target.path, {"fieldManager": "ephemera"}, limits=limits)
    try:
        api.merge_patch(ask, {"metadata": {"annotations": {target.annotation: target.value}}})
    except NotFound:
        if not target.is_optional:
            raise
        return False
    return True
