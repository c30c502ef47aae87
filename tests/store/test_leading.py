"""The lease of a cluster: one leads, it runs out by itself, and whoever has lost it writes nothing."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from app.domain.cluster import Cluster, SyncerKind
from app.errors import Transient
from app.store import clusters, leading
from app.store.engine import Store
from app.store.leading import Deposed, Lease
from app.store.models import ClusterRow

AT_ONCE = timedelta()
NAME = "blue"


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """Give a store that knows one cluster."""
    store = Store(database_url)
    declare(store, Cluster(NAME, "preview.test"))
    yield store
    store.close()


def declare(store: Store, *declared: Cluster) -> None:
    """Declare clusters."""
    with store.begin() as session:
        clusters.declare(session, declared)


def claim(store: Store, watcher: str, lease: timedelta = leading.LEASE, cluster: str = NAME) -> Lease | None:
    """Try to lead."""
    with store.begin() as session:
        return leading.claim(session, cluster, watcher, lease)


def led(store: Store, watcher: str, lease: timedelta = leading.LEASE) -> Lease:
    """Lead."""
    held = claim(store, watcher, lease)
    assert held is not None
    return held


def row(store: Store, name: str = NAME) -> ClusterRow:
    """The cluster's row."""
    with store.begin() as session:
        return session.get_one(ClusterRow, name)


def test_only_one_of_many_who_ask_at_once_leads(store: Store) -> None:
    with ThreadPoolExecutor(8) as people:
        leases = list(people.map(lambda number: claim(store, f"watcher {number}"), range(16)))
    assert sum(lease is not None for lease in leases) == 1


def test_lease_that_was_given_back_is_had_at_once(store: Store) -> None:
    first = led(store, "a")
    assert claim(store, "b") is None
    with store.begin() as session:
        leading.release(session, first)
    led(store, "b")


def test_lease_that_ran_out_is_taken_over_and_the_first_neither_renews_nor_writes_nor_gives_it_back(
    store: Store,
) -> None:
    first = led(store, "a", AT_ONCE)
    second = led(store, "b")
    with store.begin() as session:
        assert not leading.renew(session, first)
    with pytest.raises(Deposed), store.begin() as session:
        leading.confirm(session, first)
    with store.begin() as session:
        leading.release(session, first)
        leading.confirm(session, second)


def test_lease_that_ran_out_and_nobody_took_goes_on(store: Store) -> None:
    held = led(store, "a", AT_ONCE)
    with store.begin() as session:
        leading.confirm(session, held)
        assert leading.renew(session, held)
    assert claim(store, "b") is None


def test_what_was_seen_in_an_earlier_time_of_leading_is_not_written_in_a_later_one(store: Store) -> None:
    earlier = led(store, "a", AT_ONCE)
    led(store, "b", AT_ONCE)
    led(store, "a")
    with pytest.raises(Deposed), store.begin() as session:
        leading.confirm(session, earlier)


@pytest.mark.slow
def test_takeover_waits_for_a_write_that_is_under_way_and_no_longer_when_its_process_was_stopped(store: Store) -> None:
    held = led(store, "a", AT_ONCE)

    def stop_in_the_middle() -> None:
        with store.begin() as stopped:
            leading.confirm(stopped, held)
            led(store, "b")
            leading.confirm(stopped, held)

    with pytest.raises(Transient):
        stop_in_the_middle()


def test_cluster_that_was_never_declared_has_no_leader(store: Store) -> None:
    assert claim(store, "a", cluster="red") is None


def test_clusters_are_kept_as_they_are_declared_now_and_never_forgotten(store: Store) -> None:
    held = led(store, "a")
    declare(store, Cluster("red", "red.test"))
    declare(store, Cluster(NAME, "preview.test", SyncerKind.FLUX, "flux-system"))
    with store.begin() as session:
        assert clusters.syncer_of(session, NAME) is SyncerKind.FLUX
        assert clusters.syncer_of(session, "red") is SyncerKind.ARGOCD
        assert clusters.syncer_of(session, "never declared") is SyncerKind.NONE
        leading.confirm(session, held)


def test_the_leader_alone_says_what_it_sees(store: Store) -> None:
    first = led(store, "a", AT_ONCE)
    with store.begin() as session:
        clusters.seen(session, first, ())
    seen_at = row(store).seen_at
    assert seen_at is not None
    with store.begin() as session:
        clusters.seen(session, first, ("listing pods: forbidden",))
    assert (row(store).problems, row(store).seen_at) == (["listing pods: forbidden"], seen_at)
    led(store, "b")
    with store.begin() as session:
        clusters.seen(session, first, ())
    assert row(store).problems == ["listing pods: forbidden"]
