"""Commands between the doorbell and their end: each is kept once, and dealt with in order."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.domain.cluster import Cluster
from app.domain.command import CommandBell, Source
from app.domain.policy import Policy
from app.domain.pull_request import Author, RepositoryRef
from app.store import asking, commands
from app.store.asking import Ask, Receipt
from app.store.commands import DONE
from app.store.engine import Store
from app.store.receiving import Intake
from app.web.doorbell import parse_doorbell
from tests.web.test_doorbell_commands import APP, COMMENT, HEAD, RUN, SUITE, changed

POLICY = Policy(clusters=(Cluster("default", "preview.test"),))
SHOP = RepositoryRef(7, "Acme/Shop", 70)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """Give a store on a database of the test's own."""
    store = Store(database_url)
    yield store
    store.close()


def add(store: Store, number: int = 42, repository: RepositoryRef = SHOP) -> int:
    """Make an environment whose head is the commit of the examples."""
    with store.begin() as session:
        made = asking.mark(session, Ask(repository, number, "ada", "test"), POLICY)
        session.execute(text("UPDATE environments SET commit_sha = :sha"), {"sha": HEAD})
    return made


def deliver(store: Store, payload: dict[str, Any], delivery: str = "d-1") -> Receipt | None:
    """Receive a webhook as the web does."""
    return Intake(store, POLICY).receive(parse_doorbell(delivery, None, json.dumps(payload).encode(), APP))


def rows(store: Store, table: str) -> list[Any]:
    """Everything in a table, oldest first."""
    with store.begin() as session:
        return list(session.execute(text(f"SELECT * FROM {table} ORDER BY 1")).all())


def bell(number: int, comment_id: int) -> CommandBell:
    """The bell of one comment."""
    return CommandBell(
        Source.COMMENT, SHOP, Author(1, "ada"), str(comment_id).encode(), number=number, comment_id=comment_id
    )


def ring(store: Store, number: int, comment_id: int) -> None:
    """Keep the command of one comment."""
    receipt = Receipt(f"d-{comment_id}", "issue_comment", "created", b"{}", "marked", command=bell(number, comment_id))
    with store.begin() as session:
        assert commands.receive(session, receipt, POLICY) == receipt


def test_command_is_kept_with_its_delivery(store: Store) -> None:
    environment = add(store)
    assert deliver(store, COMMENT) is not None
    [command] = rows(store, "commands")
    assert (command.environment_id, command.state, command.delivery_id) == (environment, "waiting", "d-1")
    [delivery] = rows(store, "deliveries")
    assert (delivery.outcome, delivery.repository_id, delivery.number) == ("marked", 7, 42)


def test_comment_on_a_pull_request_that_has_no_row_makes_one(store: Store) -> None:
    deliver(store, COMMENT)
    [environment] = rows(store, "environments")
    assert (environment.number, environment.asked_reason, environment.requested_generation) == (
        42,
        "issue_comment.created",
        1,
    )


def test_comment_on_a_known_pull_request_asks_for_no_look(store: Store) -> None:
    add(store)
    deliver(store, COMMENT)
    assert rows(store, "environments")[0].requested_generation == 1


@pytest.mark.parametrize("payload", [COMMENT, RUN, SUITE, RUN | {"action": "rerequested"}])
def test_the_same_delivery_again_is_known(store: Store, payload: dict[str, Any]) -> None:
    environment = add(store)
    payload = changed(payload, "check_run", external_id=str(environment)) if "check_run" in payload else payload
    assert deliver(store, payload) is not None
    assert deliver(store, payload) is None
    assert (len(rows(store, "commands")), len(rows(store, "deliveries"))) == (1, 1)


@pytest.mark.parametrize("payload", [COMMENT, RUN, SUITE])
def test_the_same_body_under_another_id_is_kept_and_does_nothing(store: Store, payload: dict[str, Any]) -> None:
    environment = add(store)
    payload = changed(payload, "check_run", external_id=str(environment)) if "check_run" in payload else payload
    deliver(store, payload)
    again = deliver(store, payload, "d-2")
    assert again is not None
    assert (again.outcome, again.command, again.reason) == (
        "ignored",
        None,
        "it was asked for before; nothing changed",
    )
    assert len(rows(store, "commands")) == 1
    assert [row.outcome for row in rows(store, "deliveries")] == ["marked", "ignored"]


def test_button_of_an_environment_of_another_repository_does_nothing(store: Store) -> None:
    environment = add(store, repository=RepositoryRef(8, "acme/tools", 70))
    kept = deliver(store, changed(RUN, "check_run", external_id=str(environment)))
    assert kept is not None
    assert (kept.outcome, kept.reason) == ("ignored", "it names no environment of its repository")
    assert rows(store, "commands") == []


def test_check_suite_is_a_command_for_each_environment_at_its_head(store: Store) -> None:
    environments = [add(store, number) for number in (1, 2)]
    deliver(store, SUITE)
    assert [row.environment_id for row in rows(store, "commands")] == environments


def test_many_deliveries_of_one_comment_at_once_are_one_command(store: Store) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: deliver(store, COMMENT, f"d-{number}"), range(16)))
    assert (len(rows(store, "commands")), len(rows(store, "environments"))) == (1, 1)


def test_commands_of_one_environment_are_taken_in_order(store: Store) -> None:
    first, second = add(store, 1), add(store, 2)
    for number, comment in ((2, 10), (1, 11), (2, 12)):
        ring(store, number, comment)
    with store.begin() as session:
        assert commands.due(session) == [second, first]
        taken = commands.take(session, second)
        assert taken is not None
        assert taken[0].comment_id == 10
        commands.finish(session, taken[0].id, DONE, "done")
    with store.begin() as session:
        assert commands.due(session) == [first, second]
        taken = commands.take(session, second)
        assert taken is not None
        assert taken[0].comment_id == 12


def test_command_that_is_taken_is_not_taken_twice(store: Store) -> None:
    environment = add(store)
    ring(store, 42, 10)
    with store.begin() as one, store.begin() as other:
        assert commands.take(one, environment) is not None
        assert commands.take(other, environment) is None


def test_command_that_is_put_off_holds_up_later_ones_of_its_environment_alone(store: Store) -> None:
    first, second = add(store, 1), add(store, 2)
    for number, comment in ((1, 10), (1, 11), (2, 12)):
        ring(store, number, comment)
    with store.begin() as session:
        taken = commands.take(session, first)
        assert taken is not None
        commands.postpone(session, taken[0].id, "GitHub answered 502", timedelta(minutes=5))
    with store.begin() as session:
        assert commands.due(session) == [second]
        assert commands.take(session, first) is None
        session.execute(text("UPDATE commands SET retry_at = now() WHERE retry_at IS NOT NULL"))
    with store.begin() as session:
        taken = commands.take(session, first)
        assert taken is not None
        assert (taken[0].comment_id, taken[0].failures) == (10, 1)
