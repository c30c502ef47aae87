"""Where the App is installed, as the simulated GitHub lists it."""

import pytest

from app.demo.github.faults import Fault
from app.domain.installation import Installation
from app.domain.pull_request import RepositoryRef
from app.errors import Transient
from app.github.connect import GitHub
from tests.github.conftest import Shop


def shown(github: GitHub, shop: Shop) -> Installation:
    """The shop's installation."""
    (found,) = [one for one in github.installed.all() if one.id == shop.repository.installation_id]
    return found


def test_installation_is_listed_with_what_it_covers_and_grants(connected: GitHub, shop: Shop) -> None:
    found = shown(connected, shop)
    assert (found.account, found.is_suspended) == (shop.repository.owner, False)
    assert found.repositories == (shop.repository,)
    assert found.permissions["checks"] == "write"


def test_suspended_installation_says_nothing_about_its_repositories(connected: GitHub, shop: Shop) -> None:
    assert shop.repository.installation_id is not None
    shop.people.change_installation(shop.repository.installation_id, suspended=True)
    found = shown(connected, shop)
    assert (found.is_suspended, found.repositories) == (True, None)


def test_renamed_repository_is_covered_under_its_present_name(connected: GitHub, shop: Shop) -> None:
    renamed = shop.people.rename_repository(shop.name, name="store")
    known = RepositoryRef(shop.repository.id, renamed.full_name, shop.repository.installation_id)
    assert shown(connected, shop).repositories == (known,)


def test_every_page_is_read(connected: GitHub, shop: Shop) -> None:
    for number in range(101):
        shop.people.create_repository(f"{shop.repository.owner}/more-{number}")
    repositories = shown(connected, shop).repositories
    assert repositories is not None
    assert len({repository.id for repository in repositories}) == 102


def test_list_that_breaks_off_is_no_list(connected: GitHub, shop: Shop) -> None:
    shown(connected, shop)
    shop.people.fault(Fault(kind="status", status=502, path="/installation/repositories"))
    with pytest.raises(Transient):
        connected.installed.all()


def test_looking_again_costs_nothing_of_the_rate_limit(connected: GitHub, shop: Shop) -> None:
    shown(connected, shop)
    shop.people.reset_ledger()
    shown(connected, shop)
    reads = [entry.status for entry in shop.people.ledger() if entry.method == "GET"]
    assert reads
    assert set(reads) == {304}
