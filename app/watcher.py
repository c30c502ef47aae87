"""The watcher: for each cluster a thread that stands by until it may lead, and then follows the cluster.

Leading is a lease (`app.store.leading`). It is renewed by a thread of its own, so that a slow list does not end it, and
whatever happens to this process it runs out within LEASE: another one, which asks every STANDBY_SECONDS, takes over.
One that is started again where the leader ran, and sees that this process is no more, leads at once.
"""

import os
import socket
import threading
import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog

from app.domain.cluster import Cluster
from app.errors import EphemeraError
from app.ports import Bell
from app.stages.observe import Observer, Watched
from app.store import clusters, leading
from app.store.engine import Store
from app.store.leading import Deposed, Lease

STANDBY_SECONDS = 2.0
RENEW_SECONDS = 3.0

_STEP = timedelta(seconds=1)
_PAUSE_SECONDS = 2.0
_LOGS_SECONDS = 0.5

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Post:
    """One cluster to watch."""

    store: Store
    bell: Bell
    cluster: Cluster
    open_view: Callable[[], AbstractContextManager[Watched]]
    """A view that watches from when it is entered until it is left; opened anew each time that we lead."""
    watcher: str = ""
    """Who we are; the host and the process unless a name is given."""

    @property
    def name(self) -> str:
        """What the lease calls this process."""
        return self.watcher or f"{_place()}/{os.getpid()}"


def run(posts: Sequence[Post], stop: threading.Event) -> None:
    """Watch every cluster, or stand by, until `stop` is set. A bug in one ends all, and rises here."""
    bugs: list[BaseException] = []

    def hold(post: Post) -> None:
        try:
            _hold(post, stop)
        except BaseException as error:  # noqa: BLE001  the end of a thread is a boundary: it rises below
            bugs.append(error)
            stop.set()

    threads = [threading.Thread(target=hold, args=(post,), name=f"watch {post.cluster.name}") for post in posts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if bugs:
        raise bugs[0]


def _hold(post: Post, stop: threading.Event) -> None:
    is_declared = False
    while not stop.is_set():
        lease = None
        try:
            is_declared = is_declared or _declare(post)
            lease = _claim(post)
            if lease is not None:
                _lead(post, lease, stop)
        except EphemeraError as error:
            _log.warning("watch.failed", cluster=post.cluster.name, error=str(error))
        finally:
            if lease is not None:
                _release(post, lease)
        stop.wait(STANDBY_SECONDS)


def _declare(post: Post) -> bool:
    with post.store.begin() as session:
        clusters.declare(session, (post.cluster,))
    return True


def _claim(post: Post) -> Lease | None:
    with post.store.begin() as session:
        leader = leading.leader(session, post.cluster.name)
        dead = leader if leader is not None and _is_dead(leading.watcher_of(leader)) else None
        return leading.claim(session, post.cluster.name, post.name, dead=dead)


def _place() -> str:
    """Where process ids are told apart: the host, and on Linux its PID namespace (pid_namespaces(7)), as containers
    that share a host's name count their processes each for itself."""
    try:
        return f"{socket.gethostname()}/{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return f"{socket.gethostname()}/{uuid.getnode():x}"


def _is_dead(watcher: str) -> bool:
    """Whether it was a process here that is no more. One that is stopped, or that we cannot see, is not dead."""
    place, _, pid = watcher.rpartition("/")
    if place != _place() or not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False  # it lives, under another user
    return False


def _release(post: Post, lease: Lease) -> None:
    try:
        with post.store.begin() as session:
            leading.release(session, lease)
    except EphemeraError as error:
        _log.warning("watch.not_released", cluster=lease.cluster, error=str(error))


def _lead(post: Post, lease: Lease, stop: threading.Event) -> None:
    """Follow the cluster until told to stop, or until another leads. The lease is given back before the view is left,
    which may take as long as a request that is under way."""
    _log.info("watch.leads", cluster=lease.cluster, leader=lease.leader)
    over = threading.Event()
    renewing = threading.Thread(target=_renew, args=(post, lease, over), name=f"lease {lease.cluster}", daemon=True)
    renewing.start()
    try:
        with post.open_view() as view:
            observer = Observer(post.store, view, post.bell, lease)
            _follow(observer, over, stop)
            over.set()
            renewing.join()
            _release(post, lease)
    finally:
        over.set()
        _log.info("watch.ended", cluster=lease.cluster, leader=lease.leader)


def _follow(observer: Observer, over: threading.Event, stop: threading.Event) -> None:
    """Observe. An outage of PostgreSQL is waited out, and what was seen in it written then."""
    explaining = threading.Thread(target=_explain, args=(observer, over), name="logs", daemon=True)
    explaining.start()
    try:
        while not (stop.is_set() or over.is_set()):
            try:
                observer.step(_STEP)
            except Deposed:
                return
            except EphemeraError as error:
                _log.warning("observe.failed", cluster=observer.lease.cluster, error=str(error))
                stop.wait(_PAUSE_SECONDS)
    finally:
        over.set()


def _renew(post: Post, lease: Lease, over: threading.Event) -> None:
    """Keep the lease until `over`; set that when another has it. Could not ask is not lost: writes are fenced."""
    while not over.wait(RENEW_SECONDS):
        try:
            with post.store.begin() as session:
                is_ours = leading.renew(session, lease)
        except EphemeraError as error:
            _log.warning("watch.not_renewed", cluster=lease.cluster, error=str(error))
            continue
        if not is_ours:
            _log.warning("watch.deposed", cluster=lease.cluster, leader=lease.leader)
            over.set()


def _explain(observer: Observer, over: threading.Event) -> None:
    """Fetch logs beside the observing, so that a node that does not answer holds up nobody's status."""
    while not over.wait(_LOGS_SECONDS):
        try:
            observer.fetch_logs()
        except EphemeraError as error:
            _log.warning("observe.no_log", cluster=observer.lease.cluster, error=str(error))
