"""What the App sees of a repository, and what is said where it sees it no more."""

import pytest

from app.domain.installation import Installation, Sight, covered, sight, why_kept
from app.domain.pull_request import RepositoryRef
from tests.domain.builders import SHOP


def installation(
    id_: int = 70, *repositories: RepositoryRef, is_suspended: bool = False, is_readable: bool = True
) -> Installation:
    """An installation that covers these repositories."""
    return Installation(id_, "Acme", is_suspended, {}, repositories if is_readable else None)


@pytest.mark.parametrize(
    ("repository", "installations", "expected"),
    [
        pytest.param(SHOP, [installation()], Sight.REMOVED, id="its installation covers others"),
        pytest.param(SHOP, [installation(is_suspended=True, is_readable=False)], Sight.SUSPENDED, id="suspended"),
        pytest.param(SHOP, [installation(71)], Sight.UNINSTALLED, id="its installation is gone"),
        pytest.param(SHOP, [], Sight.UNINSTALLED, id="every installation is gone"),
        pytest.param(SHOP, [installation(is_readable=False)], Sight.UNCERTAIN, id="its list could not be read"),
        pytest.param(RepositoryRef(7, "Acme/Shop"), [], Sight.UNCERTAIN, id="never known where it belongs"),
    ],
)
def test_what_is_seen_of_a_repository_goes_by_its_own_installation(
    repository: RepositoryRef, installations: list[Installation], expected: Sight
) -> None:
    assert SHOP.id not in covered(installations)
    assert sight(repository, {one.id: one for one in installations}) is expected


def test_repository_is_covered_under_the_name_and_installation_that_it_has_now() -> None:
    moved = RepositoryRef(SHOP.id, "Other/Store", 71)
    assert covered([installation(70), installation(71, moved), installation(72, is_readable=False)]) == {7: moved}


@pytest.mark.parametrize(
    ("seen", "begins", "advice"),
    [
        (Sight.REMOVED, "The App was removed from Acme/Shop.", "install the App there again"),
        (Sight.UNINSTALLED, "The App was removed from Acme.", "install the App again"),
        (Sight.SUSPENDED, "The App is suspended at Acme.", "end the suspension"),
    ],
)
def test_notice_says_what_happened_and_both_ways_out(seen: Sight, begins: str, advice: str) -> None:
    notice = why_kept(SHOP, seen)
    assert notice.startswith(begins)
    assert f"destroy it through the API, or {advice} and it goes on." in notice
