"""The App is removed, suspended, installed again; repositories are renamed and transferred. Environments are kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from structlog.testing import capture_logs

from app.domain.environment import Status
from app.domain.installation import Installation
from app.domain.permissions import needed
from app.domain.pull_request import RepositoryRef
from app.errors import EphemeraError, Stalled, Transient
from app.ports import Ring
from app.stages.follow import Follower
from app.store import asking, wishing
from app.store.asking import Receipt
from tests.domain.builders import OLD_SHA, SHOP, pull_request
from tests.stages.house import POLICY, House
from tests.stages.test_story import FOLDER, closed, opened

NEEDED = needed(with_contents=False)
ACME = Installation(70, "Acme", is_suspended=False, permissions=NEEDED, repositories=(SHOP,))
OUT_OF_SIGHT = Stalled("reading Acme/Shop#42: the App does not see Acme/Shop")


@dataclass
class Installed:
    """Where the App is."""

    installations: Sequence[Installation] = (ACME,)
    error: EphemeraError | None = None

    def all(self) -> Sequence[Installation]:
        if self.error is not None:
            raise self.error
        return self.installations


@dataclass
class Firm:
    """A house, and what follows its installations."""

    house: House
    installed: Installed = field(default_factory=Installed)

    def follow(self, *installations: Installation) -> None:
        """Let GitHub show these, look, and let everything follow."""
        self.installed.installations = installations
        self.look()
        self.house.settle()

    def look(self) -> None:
        self.house.bell.answer(Ring.FOLLOW)
        Follower(self.house.store, self.installed, NEEDED, self.house.bell).run()

    def notices(self) -> list[object]:
        return self.house.values("SELECT notice FROM environments ORDER BY number")

    def kept(self) -> list[object]:
        return self.house.values("SELECT message FROM events WHERE kind = 'kept'")


@pytest.fixture
def firm(house: House) -> Firm:
    """Give a firm whose one pull request has an environment."""
    opened(house)
    found = Firm(house)
    found.follow(ACME)
    return found


@pytest.mark.parametrize(
    ("shown", "words", "row"),
    [
        pytest.param(
            [replace(ACME, repositories=())], "removed from Acme/Shop", "repositories.removed_at", id="removed"
        ),
        pytest.param([], "removed from Acme.", "installations.removed_at", id="uninstalled"),
        pytest.param(
            [replace(ACME, is_suspended=True, repositories=None)],
            "suspended at Acme",
            "installations.suspended_at",
            id="suspended",
        ),
    ],
)
def test_environment_of_a_repository_out_of_sight_is_kept_and_says_so(
    firm: Firm, shown: list[Installation], words: str, row: str
) -> None:
    files = firm.house.files(FOLDER)
    firm.house.truth.error = OUT_OF_SIGHT
    firm.follow(*shown)
    firm.house.run(Ring.RECONCILE)
    firm.house.settle()
    [notice] = firm.notices()
    assert words in str(notice)
    assert firm.kept() == [notice]
    assert firm.house.files(FOLDER) == files != []
    table, column = row.split(".")
    assert firm.house.values(f"SELECT {column} IS NOT NULL FROM {table}") == [True]


def test_it_is_said_once_however_often_it_is_looked(firm: Firm) -> None:
    with capture_logs() as logs:
        for _ in range(3):
            firm.follow(replace(ACME, repositories=()))
    assert len(firm.kept()) == 1
    assert [log["repository"] for log in logs if log["event"] == "installation.kept"] == ["Acme/Shop"]


@pytest.mark.parametrize(
    "gone", [[replace(ACME, repositories=())], [], [replace(ACME, is_suspended=True, repositories=None)]]
)
@pytest.mark.parametrize("installation_id", [70, 71])
def test_environment_goes_on_once_the_app_is_back(firm: Firm, gone: list[Installation], installation_id: int) -> None:
    firm.house.truth.error = OUT_OF_SIGHT
    firm.follow(*gone)
    firm.house.truth.error = None
    again = replace(SHOP, installation_id=installation_id)
    firm.house.truth.pull_requests[42] = pull_request(repository=again, head_sha=OLD_SHA)
    firm.follow(replace(ACME, id=installation_id, repositories=(again,)))
    assert firm.notices() == [None]
    row = firm.house.environment()
    assert (row.asked.reason, row.repository, row.commit_sha) == ("installation.returned", again, OLD_SHA)
    assert row.is_published
    assert firm.house.values("SELECT removed_at FROM repositories") == [None]
    assert firm.house.values(
        "SELECT removed_at FROM installations WHERE suspended_at IS NULL ORDER BY id DESC LIMIT 1"
    ) == [None]


@pytest.mark.parametrize(
    "now_called",
    [replace(SHOP, full_name="Acme/Store"), RepositoryRef(SHOP.id, "Other/Shop", 71)],
    ids=["renamed", "transferred"],
)
def test_renamed_and_transferred_repositories_keep_their_environments(firm: Firm, now_called: RepositoryRef) -> None:
    before = firm.house.environment()
    other = Installation(71, "Other", is_suspended=False, permissions=NEEDED, repositories=())
    owner = replace(other if now_called.installation_id == 71 else ACME, repositories=(now_called,))
    firm.house.truth.pull_requests[42] = pull_request(repository=now_called, head_sha=OLD_SHA)
    firm.follow(owner, *([replace(ACME, repositories=())] if owner.id == 71 else []))
    firm.house.deliver("d-2", "synchronize")
    firm.house.settle()
    after = firm.house.environment()
    assert (after.repository, after.place, after.notice) == (now_called, before.place, None)
    assert after.commit_sha == OLD_SHA
    assert firm.house.files(FOLDER)
    assert firm.kept() == []


@pytest.mark.parametrize("shown", [[], [replace(ACME, is_suspended=True, repositories=None)]])
def test_environment_out_of_sight_can_be_destroyed(firm: Firm, shown: list[Installation]) -> None:
    firm.house.truth.error = OUT_OF_SIGHT
    firm.follow(*shown)
    with firm.house.store.begin() as session:
        wishing.destroy(session, firm.house.environment().id, "an operator", "api.destroy")
    firm.house.bell.ring(Ring.CLEAN_UP)
    firm.house.settle()
    assert not firm.house.has(FOLDER)
    assert firm.notices() == [None]
    firm.look()
    assert firm.notices() == [None]


@pytest.mark.parametrize("act", ["api.redeploy", "sweep.missed_change"])
def test_asking_about_an_environment_out_of_sight_removes_nothing(firm: Firm, act: str) -> None:
    firm.house.truth.error = OUT_OF_SIGHT
    firm.follow()
    with firm.house.store.begin() as session:
        wishing.redeploy(session, firm.house.environment().id, "an operator", act)
    firm.house.bell.ring(Ring.DECIDE)
    firm.house.settle()
    assert firm.house.has(FOLDER)
    assert "kept" in str(firm.notices())


def test_nothing_is_said_about_what_is_destroyed(firm: Firm) -> None:
    closed(firm.house)
    firm.house.cluster.healths.clear()
    firm.house.observe()
    firm.house.settle()
    assert firm.house.environment().status is Status.DESTROYED
    firm.follow()
    assert (firm.notices(), firm.kept()) == ([None], [])


def test_list_of_repositories_that_cannot_be_read_says_nothing(firm: Firm) -> None:
    firm.follow(replace(ACME, repositories=None))
    assert (firm.notices(), firm.house.values("SELECT removed_at FROM repositories")) == ([None], [None])


@pytest.mark.parametrize("error", [Transient("503"), Stalled("401")])
def test_github_that_cannot_be_asked_changes_nothing(firm: Firm, error: EphemeraError) -> None:
    firm.installed.error = error
    with pytest.raises(type(error)):
        firm.look()
    assert firm.notices() == [None]
    assert firm.house.values("SELECT removed_at FROM installations") == [None]


def test_installations_get_rows_with_what_they_grant_and_unknown_repositories_none(firm: Firm) -> None:
    new = Installation(72, "New", is_suspended=False, permissions={"checks": "read"}, repositories=(_stranger(),))
    firm.follow(ACME, new)
    assert firm.house.values("SELECT account_login FROM installations ORDER BY id") == ["Acme", "New"]
    assert firm.house.values("SELECT permissions ->> 'checks' FROM installations ORDER BY id") == ["write", "read"]
    assert firm.house.values("SELECT full_name FROM repositories") == ["Acme/Shop"]


def test_missing_permission_is_in_the_log_once_and_again_when_it_changes(firm: Firm) -> None:
    poor = replace(ACME, permissions={**NEEDED, "checks": "read"})
    with capture_logs() as logs:
        for shown in (poor, poor, ACME, poor):
            firm.follow(shown)
    lacks = [log["permissions"] for log in logs if log["event"] == "installation.lacks"]
    assert lacks == [{"checks": "write"}] * 2


def test_ring_that_was_lost_is_made_good_by_the_sweep_until_it_was_looked(firm: Firm) -> None:
    def rings() -> bool:
        firm.house.bell.rung.clear()
        firm.house.sweeper.ring_for_what_is_behind()
        return Ring.FOLLOW in firm.house.bell.rung

    before = rings()
    receipt = Receipt("d-9", "installation_repositories", "removed", b"{}", "marked", "looked at again")
    with firm.house.store.begin() as session:
        asking.receive(session, receipt, POLICY)
    told = rings()
    firm.look()
    assert (before, told, rings()) == (False, True, False)


@pytest.mark.parametrize(
    ("event", "action", "is_reconciled"),
    [
        ("installation", "created", True),
        ("installation_repositories", "added", True),
        ("installation", "unsuspend", True),
        ("installation_repositories", "removed", False),
        ("repository", "renamed", False),
    ],
)
def test_open_pull_requests_are_looked_for_where_the_app_was_added(
    firm: Firm, event: str, action: str, is_reconciled: bool
) -> None:
    with firm.house.store.begin() as session:
        asking.receive(session, Receipt("d-9", event, action, b"{}", "marked"), POLICY)
    firm.look()
    assert (Ring.RECONCILE in firm.house.bell.rung) is is_reconciled
    firm.house.bell.rung.clear()
    firm.look()
    assert firm.house.bell.rung == set()


def _stranger() -> RepositoryRef:
    return RepositoryRef(99, "New/Thing", 72)
