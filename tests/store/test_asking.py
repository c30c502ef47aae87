"""Marking: names are allocated once, and nobody's ring is lost, however many ring at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from app.domain.cluster import Cluster
from app.domain.policy import Policy
from app.domain.pull_request import RepositoryRef
from app.store import asking, wishing
from app.store.asking import Ask
from app.store.engine import Store

POLICY = Policy(clusters=(Cluster("default", "preview.test"),))


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """Give a store on a database of the test's own."""
    store = Store(database_url)
    yield store
    store.close()


def mark(store: Store, repository: RepositoryRef, number: int = 42) -> int:
    """Ask for a look and return the environment's id."""
    with store.begin() as session:
        return asking.mark(session, Ask(repository, number, "ada", "test"), POLICY)


def names(store: Store) -> list[str]:
    """All namespaces, sorted."""
    with store.begin() as session:
        return sorted(session.scalars(text("SELECT namespace FROM environments")))


def test_repositories_that_slug_alike_never_share_a_name(store: Store) -> None:
    for number, name in enumerate(("acme/x.y", "acme/x_y", "other/X-Y"), start=1):
        mark(store, RepositoryRef(number, name))
    assert len(set(names(store))) == 3
    assert "pr-42-x-y" in names(store)


def test_the_same_pull_request_keeps_its_name_when_the_repository_is_renamed(store: Store) -> None:
    first = mark(store, RepositoryRef(7, "acme/shop"))
    assert mark(store, RepositoryRef(7, "acme/store")) == first
    assert names(store) == ["pr-42-shop"]


def test_many_who_ring_for_the_first_time_at_once_make_one_row_and_count_every_ring(store: Store) -> None:
    with ThreadPoolExecutor(8) as people:
        ids = set(people.map(lambda _: mark(store, RepositoryRef(7, "acme/shop")), range(40)))
    assert len(ids) == 1
    with store.begin() as session:
        assert session.scalar(text("SELECT requested_generation FROM environments")) == 40


def test_two_repositories_that_ask_for_one_name_at_once_both_get_one(store: Store) -> None:
    with ThreadPoolExecutor(8) as people:
        list(people.map(lambda number: mark(store, RepositoryRef(number, "acme/shop")), range(1, 21)))
    assert len(set(names(store))) == 20


def test_installation_that_is_not_named_is_not_forgotten(store: Store) -> None:
    mark(store, RepositoryRef(7, "acme/shop", 70))
    mark(store, RepositoryRef(7, "acme/shop"))
    with store.begin() as session:
        assert session.scalar(text("SELECT installation_id FROM repositories")) == 70


def test_asking_for_an_environment_that_does_not_exist_says_so(store: Store) -> None:
    with pytest.raises(asking.NoSuchEnvironment, match="999"), store.begin() as session:
        wishing.redeploy(session, 999, "ada", "test")
