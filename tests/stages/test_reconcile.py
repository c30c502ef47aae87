"""The sweep of all open pull requests: one repository that cannot be read holds up no other."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select

from app.domain.pull_request import PullRequest, RepositoryRef
from app.errors import EphemeraError, Stalled, Transient
from app.ports import Ring
from app.stages.sweep import Sweeper
from app.store.models import EnvironmentRow
from tests.domain.builders import SHOP, pull_request
from tests.stages.fakes import GitHubTruth
from tests.stages.house import POLICY, House

BROKEN = RepositoryRef(1, "Acme/Broken", 70)


@dataclass
class PartlyReadable(GitHubTruth):
    """A GitHub where some repositories cannot be read."""

    errors: dict[int, EphemeraError] = field(default_factory=dict)

    def open_in(self, repository: RepositoryRef) -> Sequence[PullRequest]:
        if repository.id in self.errors:
            raise self.errors[repository.id]
        return GitHubTruth.open_in(self, repository)


@pytest.mark.parametrize("error", [Stalled("403"), Transient("502")])
@pytest.mark.parametrize("order", [(BROKEN, SHOP), (SHOP, BROKEN)], ids=["first", "last"])
def test_repository_that_cannot_be_read_holds_up_no_other(
    house: House, error: EphemeraError, order: tuple[RepositoryRef, ...]
) -> None:
    truth = PartlyReadable({42: pull_request()}, known=order, errors={BROKEN.id: error})
    Sweeper(house.store, truth, POLICY, house.bell).reconcile()
    assert house.environment().asked.reason == "sweep.missed_opening"
    assert Ring.DECIDE in house.bell.rung


def test_repository_that_cannot_be_read_loses_nothing(house: House) -> None:
    house.truth.pull_requests[42] = pull_request()
    house.deliver("d-1", "opened")
    house.settle()
    before = house.environment().asked
    truth = PartlyReadable(known=(SHOP,), errors={SHOP.id: Stalled("404")})
    Sweeper(house.store, truth, POLICY, house.bell).reconcile()
    assert house.environment().asked == before


@pytest.mark.parametrize("environments", ["acme/shop", "Acme/Shop"])
def test_pull_requests_of_the_environments_repository_get_no_environment(house: House, environments: str) -> None:
    truth = PartlyReadable({42: pull_request()}, known=(SHOP,))
    Sweeper(house.store, truth, POLICY, house.bell, environments=environments).reconcile()
    with house.store.begin() as session:
        assert session.scalars(select(EnvironmentRow.id)).all() == []
