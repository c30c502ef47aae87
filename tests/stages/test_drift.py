"""Changed by hand: in the cluster it is told and left to the syncer, in Git it is put back with a commit."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.environment import Status
from app.domain.health import Sync, Workload
from app.ports import Destination, Ring
from app.stages.sweep import DRIFT
from app.store import sweeping
from gitops.drift import Held
from gitops.errors import GitopsError
from tests.domain.builders import OLD_SHA, SHA, health, pull_request, web
from tests.stages.house import House
from tests.stages.test_removal import left
from tests.stages.test_story import FOLDER, NAMESPACE, closed, opened

SYNC = f"syncs/default/{NAMESPACE}.yaml"
Hand = Callable[[Path], None]


def shown(house: House, *workloads: Workload, drift: tuple[str, ...] = ()) -> None:
    """Have the cluster show these workloads, and the syncer say that it applied what was published."""
    commit = house.environment().published.commit
    sync = Sync(f"Application/{NAMESPACE}", commit, commit, is_exact=True, drift=drift)
    house.cluster.healths[NAMESPACE] = replace(health(*workloads), sync=sync)
    house.observe()
    house.settle()


def told(house: House) -> list[object]:
    """The lines of history about drift."""
    return house.values("SELECT message FROM events WHERE kind = 'drift' ORDER BY id")


def by_hand(house: House, hand: Hand, subject: str = "By hand") -> None:
    """Have somebody change the branch."""
    clone = house.cache.with_name("by-hand")
    git = ["git", "-c", "user.name=Eve", "-c", "user.email=eve@example.com"]
    subprocess.run([*git, "clone", "--quiet", str(house.remote), str(clone)], check=True)
    hand(clone)
    subprocess.run([*git, "-C", str(clone), "add", "--all"], check=True)
    subprocess.run([*git, "-C", str(clone), "commit", "--quiet", "--message", subject], check=True)
    subprocess.run([*git, "-C", str(clone), "push", "--quiet", "origin", "main"], check=True)


def change(clone: Path) -> None:
    """Scale the application."""
    manifest = clone / FOLDER / "deployment.yaml"
    manifest.write_text(manifest.read_text().replace("replicas: 1", "replicas: 5") + "# by hand\n")


def remove(clone: Path) -> None:
    """Take the whole folder away."""
    for path in (clone / FOLDER).iterdir():
        path.unlink()


def revive(clone: Path) -> None:
    """Bring the folder back."""
    (clone / FOLDER).mkdir(parents=True, exist_ok=True)
    (clone / FOLDER / "namespace.yaml").write_text("kind: Namespace\n")


def note_aside(clone: Path) -> None:
    """Write something that is none of ours."""
    (clone / "README.md").write_text("hello\n")


def tree(house: House) -> str:
    """The folder's tree on the branch; empty when there is none."""
    return house.git("rev-parse", f"main:{FOLDER}").strip() if house.has(FOLDER) else ""


def test_drift_in_the_cluster_is_told_when_it_begins_and_when_it_ends(house: House) -> None:
    opened(house)
    shown(house, web())
    shown(house, web(), drift=("Service/web",))
    shown(house, web(), drift=("Service/web",))
    assert house.commits() == ["Deploy Acme/Shop#42 at 0123456"]
    assert house.environment().status is Status.READY
    shown(house, web())
    assert [str(line).split(" ")[0] for line in told(house)] == ["began:", "ended:"]


def test_workload_deleted_by_hand_is_drift_although_the_syncer_is_content(house: House) -> None:
    opened(house)
    shown(house, web())
    shown(house)
    assert house.environment().status is Status.UPDATING
    shown(house, web())
    assert house.environment().status is Status.READY
    assert [str(line).split(" ")[1] for line in told(house)] == ["Deployment/web", "Deployment/web"]


def test_rollout_is_no_drift(house: House) -> None:
    opened(house)
    shown(house)
    shown(house, web())
    house.truth.pull_requests[42] = pull_request(head_sha=OLD_SHA)
    house.deliver("d-2", "synchronize")
    house.settle()
    shown(house, web())
    shown(house, web(sha=OLD_SHA))
    assert told(house) == []


@pytest.mark.parametrize("hand", [change, remove])
def test_folder_changed_by_hand_in_git_is_put_back_with_a_commit_that_says_so(house: House, hand: Hand) -> None:
    opened(house)
    before = tree(house)
    by_hand(house, hand)
    assert tree(house) != before
    house.sweeper.restore()
    house.settle()
    assert tree(house) == before
    assert house.commits() == ["Restore Acme/Shop#42 at 0123456", "By hand", "Deploy Acme/Shop#42 at 0123456"]
    trailers = house.git("log", "-1", "--format=%(trailers:only,unfold)", "main")
    assert f"Reason: {DRIFT}" in trailers
    assert "Actor: ephemera" in trailers
    assert house.environment().published.commit == house.git("rev-parse", "main").strip()


def test_folder_brought_back_by_hand_in_git_is_removed_again_and_seen_gone_again(house: House) -> None:
    opened(house)
    closed(house)
    left(house)
    by_hand(house, revive)
    house.sweeper.restore()
    house.settle()
    assert tree(house) == ""
    assert house.environment().status is Status.DESTROYING
    left(house)
    assert house.environment().status is Status.DESTROYED


def test_sweep_of_an_untouched_branch_marks_nothing(house: House) -> None:
    opened(house)
    by_hand(house, note_aside)
    house.sweeper.restore()
    assert house.bell.rung == set()
    assert house.environment().asked.generation == 1


def test_what_is_not_published_yet_is_no_drift(house: House) -> None:
    opened(house)
    house.truth.pull_requests[42] = pull_request(head_sha=OLD_SHA)
    house.deliver("d-2", "synchronize")
    house.run(Ring.DECIDE)
    by_hand(house, change)
    house.sweeper.restore()
    assert house.environment().asked.reason == "pull_request.synchronize"


def test_what_is_published_while_the_branch_is_read_is_no_drift(house: House) -> None:
    opened(house)
    looked = house.branch.look

    def look_slowly(seen: str | None) -> Held | None:
        held = looked(seen)
        house.truth.pull_requests[42] = pull_request(head_sha=OLD_SHA)
        house.deliver("d-2", "synchronize")
        house.settle()
        return replace(held, folders={}) if held else None

    house.branch.look = look_slowly
    house.sweeper.restore()
    assert house.environment().asked.reason == "pull_request.synchronize"


def test_branch_that_is_gone_or_cannot_be_read_proves_nothing(house: House) -> None:
    opened(house)
    house.git("update-ref", "-d", "refs/heads/main")
    house.sweeper.restore()
    house.remote.rename(house.remote.with_name("away.git"))
    with pytest.raises(GitopsError):
        house.sweeper.restore()
    assert house.environment().asked.generation == 1


def test_drift_that_could_not_be_marked_is_found_again_although_the_branch_has_not_moved(house: House) -> None:
    opened(house)
    by_hand(house, change)
    with house.store.begin() as session:
        [row] = sweeping.settled(session)
    assert house.branch.differing([row]) == house.branch.differing([row]) == [row]


def test_file_by_which_the_syncer_follows_an_environment_is_put_back_too(house: House) -> None:
    follow = Destination(
        house.syncer, sync=lambda folder, number, namespace: namespace + f"# {folder} {number}\n".encode()
    )
    house.destinations["default"] = follow
    opened(house)
    followed = house.git("show", f"main:{SYNC}")
    by_hand(house, lambda clone: (clone / SYNC).unlink())
    house.sweeper.restore()
    house.settle()
    assert house.git("show", f"main:{SYNC}") == followed
    closed(house)
    house.sweeper.restore()
    assert house.bell.rung == set()


def test_environments_of_a_cluster_that_is_declared_no_more_are_compared_by_their_folders(house: House) -> None:
    opened(house)
    house.destinations.clear()
    house.sweeper.restore()
    assert house.bell.rung == set()


@pytest.mark.parametrize("hand", [change, remove])
def test_folder_of_a_fork_that_waits_is_taken_away_when_nobody_knows_any_more_what_is_in_it(
    house: House, hand: Hand
) -> None:
    """What ran was approved; what is there now need not be, and what was approved cannot be made without a decision."""
    house.truth.pull_requests[42] = pull_request(head_repository_id=999)
    house.deliver("d-1", "opened")
    house.approve(SHA)
    house.settle()
    house.truth.pull_requests[42] = pull_request(head_repository_id=999, head_sha=OLD_SHA)
    house.deliver("d-2", "synchronize")
    house.settle()
    assert house.environment().status is Status.WAITING
    house.sweeper.restore()
    assert house.bell.rung == set()
    assert house.files(FOLDER)
    by_hand(house, hand)
    house.sweeper.restore()
    house.settle()
    assert not house.has(FOLDER)
    house.sweeper.restore()
    assert house.bell.rung == set()


def test_own_ref_that_was_deleted_by_hand_is_put_back_without_a_commit(house: House) -> None:
    house.destinations["default"] = Destination(house.syncer, follows_refs=True)
    opened(house)
    ref = f"refs/environments/{NAMESPACE}"
    followed = house.git("rev-parse", ref)
    house.git("update-ref", "-d", ref)
    house.sweeper.restore()
    house.settle()
    assert house.git("rev-parse", ref) == followed
    assert len(house.commits()) == 1
    house.sweeper.restore()
    assert house.bell.rung == set()
