"""Several watchers of one cluster: one leads, another takes over, and whoever was stopped writes nothing stale."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app import watcher
from app.demo.ports import wait_until
from app.domain.environment import Status
from app.stages.observe import Watched
from app.store import leading
from tests.domain.builders import OLD_SHA, SHA
from tests.stages.fakes import SeenCluster
from tests.stages.house import House
from tests.stages.standing import post
from tests.stages.test_story import NAMESPACE, opened

PATIENCE_SECONDS = 60


@pytest.fixture
def vacant(house: House) -> House:
    """Give a house with one environment, whose cluster nobody follows."""
    opened(house)
    with house.store.begin() as session:
        leading.release(session, house.observer.lease)
    return house


@contextmanager
def process(house: House, name: str, head_sha: str) -> Iterator[subprocess.Popen[bytes]]:
    """A watcher process, which sees that commit run; killed at the end."""
    url = house.store.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.stages.standing", url, name, NAMESPACE, head_sha]
    with log_of(house, name).open("wb") as log:
        running = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield running
    finally:
        running.kill()
        running.wait()


def log_of(house: House, name: str) -> Path:
    """What that process logs."""
    return house.cache.with_name(f"{name}.log")


@contextmanager
def thread(house: House, name: str, head_sha: str) -> Iterator[threading.Event]:
    """A watcher in this process, which sees that commit run; told to stop at the end, or by the event."""
    stop = threading.Event()
    posts = [post(house.store, name, NAMESPACE, head_sha)]
    running = threading.Thread(target=watcher.run, args=(posts, stop))
    running.start()
    try:
        yield stop
    finally:
        stop.set()
        running.join()


def leader(house: House) -> str | None:
    """The name of the watcher that leads."""
    [name] = house.values("SELECT leader FROM clusters")
    return None if name is None else str(name).split("#")[0]


def leads(house: House, name: str) -> None:
    """Wait until that watcher leads."""
    wait_until(lambda: leader(house) == name, PATIENCE_SECONDS, f"{name} to lead")


def sees(house: House, head_sha: str) -> None:
    """Wait until the row tells that this commit runs."""
    wait_until(lambda: seen_sha(house) == head_sha, PATIENCE_SECONDS, "what the leader sees")


def seen_sha(house: House) -> str | None:
    """The commit that the row says runs."""
    health = house.environment().health
    return health.workloads[0].head_sha if health else None


@pytest.mark.slow
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP])
def test_another_takes_over_from_a_leader_that_was_killed_or_stopped(vacant: House, end: signal.Signals) -> None:
    with process(vacant, "first", OLD_SHA) as first:
        sees(vacant, OLD_SHA)
        first.send_signal(end)
        with thread(vacant, "second", SHA):
            leads(vacant, "second")
            sees(vacant, SHA)


def test_watcher_that_is_started_again_need_not_wait_for_its_own_lease(vacant: House) -> None:
    with process(vacant, "", OLD_SHA) as first:
        sees(vacant, OLD_SHA)
        first.kill()
        first.wait()
        [left] = vacant.values("SELECT leader_until FROM clusters")
        with thread(vacant, "", SHA):
            sees(vacant, SHA)
            [now] = vacant.values("SELECT clock_timestamp()")
    assert str(now) < str(left)


@pytest.mark.slow
def test_leader_that_was_stopped_and_goes_on_writes_nothing_and_stands_by(vacant: House) -> None:
    with process(vacant, "first", OLD_SHA) as first:
        sees(vacant, OLD_SHA)
        first.send_signal(signal.SIGSTOP)
        with thread(vacant, "second", SHA):
            leads(vacant, "second")
            sees(vacant, SHA)
            count = vacant.values("SELECT count(*) FROM events")
            first.send_signal(signal.SIGCONT)
            log = log_of(vacant, "first")
            wait_until(lambda: "watch.ended" in log.read_text(), PATIENCE_SECONDS, "the first to stand by")
            assert leader(vacant) == "second"
            assert vacant.values("SELECT count(*) FROM events") == count
            assert vacant.environment().status is Status.READY
        leads(vacant, "first")


@pytest.mark.slow
def test_watcher_that_is_told_to_stop_lets_another_lead_at_once(vacant: House) -> None:
    with thread(vacant, "first", OLD_SHA) as stop:
        sees(vacant, OLD_SHA)
        with thread(vacant, "second", SHA):
            stop.set()
            wait_until(lambda: leader(vacant) != "first", PATIENCE_SECONDS, "the lease to be given back")
            sees(vacant, SHA)


@pytest.mark.slow
def test_leader_renews_its_lease_before_it_runs_out(vacant: House) -> None:
    until = "SELECT extract(epoch FROM leader_until - clock_timestamp()) FROM clusters"
    with thread(vacant, "first", OLD_SHA):
        sees(vacant, OLD_SHA)
        [first] = vacant.values("SELECT leader_until FROM clusters")
        wait_until(lambda: vacant.values("SELECT leader_until FROM clusters") != [first], PATIENCE_SECONDS, "a renewal")
        assert leader(vacant) == "first"
        assert float(str(vacant.values(until)[0])) > leading.LEASE.total_seconds() / 2


def test_bug_in_one_watch_ends_the_process(vacant: House) -> None:
    broken = post(vacant.store, "first", NAMESPACE, SHA)

    @contextmanager
    def open_view() -> Iterator[Watched]:
        raise RuntimeError("a bug")
        yield SeenCluster()

    with pytest.raises(RuntimeError, match="a bug"):
        watcher.run([watcher.Post(vacant.store, broken.bell, broken.cluster, open_view)], threading.Event())
    assert leader(vacant) is None
