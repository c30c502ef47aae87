"""Reactions are writes: they keep apart from the others, and give way where there is no room."""

from datetime import timedelta

import pytest

from app.domain.budget import USUAL, Why, Write
from app.domain.environment import Environment
from app.errors import RateLimited
from app.ports import Reaction
from app.stages.react import Reactor
from app.store import budget
from tests.moved import DatabaseClock
from tests.stages.house import House
from tests.stages.test_story import opened

MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock(house: House) -> DatabaseClock:
    """Give the clock of the house's database."""
    return DatabaseClock.install(house.store)


@pytest.fixture
def environment(house: House, clock: DatabaseClock) -> Environment:
    """Give an environment of the house."""
    opened(house)
    return house.environment()


def reactor(house: House, clock: DatabaseClock) -> Reactor:
    return Reactor(house.store, house.people, wait=clock.wait)


def test_reactions_are_kept_a_second_apart(house: House, clock: DatabaseClock, environment: Environment) -> None:
    reacts = reactor(house, clock)
    reacts.react(environment, 7, Reaction.SEEN)
    began = clock.seconds()
    reacts.react(environment, 7, Reaction.DONE)
    assert house.people.reactions == [(7, Reaction.SEEN), (7, Reaction.DONE)]
    assert 0 < clock.seconds() - began <= USUAL.spacing.total_seconds()


def test_reaction_is_left_out_where_writes_have_to_pause(
    house: House, clock: DatabaseClock, environment: Environment
) -> None:
    with house.store.begin() as session:
        budget.pause(session, environment.repository.installation_id, MINUTE, "too fast")
    reactor(house, clock).react(environment, 7, Reaction.SEEN)
    assert (house.people.reactions, clock.seconds()) == ([], 0)


def test_refused_reaction_has_all_writes_of_the_installation_pause(
    house: House, clock: DatabaseClock, environment: Environment
) -> None:
    house.people.react_error = RateLimited("reacting: GitHub answered 429", MINUTE)
    reactor(house, clock).react(environment, 7, Reaction.SEEN)
    with house.store.begin() as session:
        wait = budget.wait(session, environment.repository.installation_id, Write())
    assert wait is not None
    assert wait.why is Why.PAUSE
