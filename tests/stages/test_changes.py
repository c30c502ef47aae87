"""What a commit changed, and how far it has come, as the row remembers it for the pull request to read."""

from app.domain.changes import Changes
from app.domain.health import Health, Phase
from app.ports import Ring
from app.store import wishing
from tests.domain.builders import SHA, health, pull_request, web
from tests.stages.house import House

NAMESPACE = "pr-42-shop"


def opened(house: House) -> None:
    """Open the pull request and let everything follow."""
    house.truth.pull_requests[42] = pull_request()
    house.deliver("d-1", "opened")
    house.settle()


def test_first_commit_adds_every_object(house: House) -> None:
    opened(house)
    row = house.environment()
    assert row.changes == Changes(added=row.published.objects)
    assert "Deployment/web" in row.changes.added


def test_push_changes_the_objects_that_name_the_commit_and_no_other(house: House) -> None:
    opened(house)
    house.truth.pull_requests[42] = pull_request(head_sha="e" * 40)
    house.deliver("d-2", "synchronize")
    house.settle()
    assert house.environment().changes == Changes(changed=("Deployment/web",))


def test_removal_removes_every_object(house: House) -> None:
    opened(house)
    held = house.environment().published.objects
    house.truth.pull_requests[42] = pull_request(is_open=False)
    house.deliver("d-2", "closed")
    house.settle()
    assert house.environment().changes == Changes(removed=held)


def test_folder_that_was_published_before_digests_were_kept_claims_no_change(house: House) -> None:
    opened(house)
    house.values("UPDATE environments SET published_digests = '{}' RETURNING id")
    with house.store.begin() as session:
        wishing.redeploy(session, house.environment().id, "token:ops", "api.redeploy")
    house.bell.ring(Ring.DECIDE)
    house.settle()
    assert house.environment().changes == Changes()


def test_steps_are_remembered_as_they_are_seen(house: House) -> None:
    opened(house)
    assert house.environment().progress.synced_at is None
    house.cluster.healths[NAMESPACE] = health(web(ready=False))
    house.observe()
    syncing = house.environment().progress
    assert syncing.synced_at is not None
    assert syncing.ready_at is None
    house.cluster.healths[NAMESPACE] = health(web())
    house.observe()
    ready = house.environment().progress
    assert (ready.synced_at, ready.ready_sha, ready.head_sha) == (syncing.synced_at, SHA, SHA)
    assert ready.ready_at is not None
    house.cluster.healths[NAMESPACE] = Health(Phase.ACTIVE)
    house.observe()
    assert house.environment().progress.ready_at == ready.ready_at
