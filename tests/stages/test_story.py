"""The main job through all stages, one step after the other, on real PostgreSQL and real Git."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.desired import Present
from app.domain.environment import Stage, Status
from app.domain.health import Cause, Health, Phase, Problem
from app.domain.report import CheckStatus, Conclusion
from app.errors import Stalled, Transient
from app.ports import Ring
from app.store import wishing
from app.store.engine import Store
from app.store.rows import locked
from tests.domain.builders import OLD_SHA, SHA, health, pull_request, web
from tests.stages.house import House

NAMESPACE = "pr-42-shop"
FOLDER = f"environments/default/Acme/Shop/{NAMESPACE}"


def opened(house: House) -> None:
    """Open the pull request and let everything follow."""
    house.truth.pull_requests[42] = pull_request()
    house.deliver("d-1", "opened")
    house.settle()


def ready(house: House, sha: str = SHA, generation: int = 0) -> None:
    """Have the cluster run a commit."""
    house.cluster.healths[NAMESPACE] = health(web(sha=sha, generation=generation))
    house.observe()
    house.settle()


def closed(house: House) -> None:
    """Close the pull request and let everything follow."""
    house.truth.pull_requests[42] = pull_request(is_open=False)
    house.deliver("d-closed", "closed")
    house.settle()


def test_opened_pull_request_becomes_a_commit_with_its_reasons(house: House) -> None:
    opened(house)
    assert house.commits() == ["Deploy Acme/Shop#42 at 0123456"]
    trailers = house.git("log", "-1", "--format=%(trailers:only,unfold)", "main").strip().splitlines()
    assert trailers == [
        f"Environment: {NAMESPACE}",
        "Pull-Request: Acme/Shop#42",
        f"Head-SHA: {SHA}",
        "Delivery: d-1",
        "Actor: ada",
        "Reason: pull_request.opened",
    ]
    assert "deployment.yaml" in house.files(FOLDER)
    assert house.environment().status is Status.PROVISIONING
    assert house.syncer.pokes[0].changed == (NAMESPACE,)
    assert house.syncer.pokes[0].came_or_went


def test_environment_is_ready_when_its_commit_runs_and_the_pull_request_says_so(house: House) -> None:
    opened(house)
    ready(house, OLD_SHA)
    assert house.environment().status is Status.PROVISIONING
    ready(house)
    assert house.environment().status is Status.READY
    assert house.values("SELECT status FROM deployments") == ["success"]
    [check] = house.texts.checks.values()
    assert check.conclusion is Conclusion.SUCCESS
    [comment] = house.texts.comments.values()
    assert "https://pr-42-shop.preview.test" in comment


def test_push_updates_and_the_older_deployment_is_superseded(house: House) -> None:
    opened(house)
    ready(house)
    house.truth.pull_requests[42] = pull_request(head_sha=OLD_SHA)
    house.deliver("d-2", "synchronize")
    house.settle()
    assert house.environment().status is Status.UPDATING
    ready(house, OLD_SHA)
    assert house.environment().status is Status.READY
    assert house.values("SELECT status FROM deployments ORDER BY id") == ["superseded", "success"]
    assert len(house.texts.comments) == 1
    assert house.commits() == ["Deploy Acme/Shop#42 at fffffff", "Deploy Acme/Shop#42 at 0123456"]
    assert not house.syncer.pokes[1].came_or_went


def test_pushing_an_older_commit_again_takes_up_its_deployment(house: House) -> None:
    opened(house)
    for delivery, sha in (("d-2", OLD_SHA), ("d-3", SHA)):
        house.truth.pull_requests[42] = pull_request(head_sha=sha)
        house.deliver(delivery, "synchronize")
        house.settle()
    assert house.values("SELECT status FROM deployments ORDER BY id") == ["in_progress", "superseded"]


def test_check_run_of_an_overtaken_commit_ends(house: House) -> None:
    opened(house)
    house.truth.pull_requests[42] = pull_request(head_sha=OLD_SHA)
    house.deliver("d-2", "synchronize")
    house.settle()
    first, second = house.texts.checks.values()
    assert (first.head_sha, first.conclusion) == (SHA, Conclusion.CANCELLED)
    assert (second.head_sha, second.status) == (OLD_SHA, CheckStatus.IN_PROGRESS)
    assert house.values("SELECT status FROM deployments ORDER BY id") == ["superseded", "in_progress"]


def test_closed_pull_request_loses_its_environment_and_is_told_when_it_is_gone(house: House) -> None:
    opened(house)
    ready(house)
    closed(house)
    assert house.files(FOLDER) == []
    assert house.environment().status is Status.DESTROYING
    house.cluster.healths[NAMESPACE] = Health(Phase.TERMINATING)
    house.observe()
    assert house.environment().status is Status.DESTROYING
    del house.cluster.healths[NAMESPACE]
    house.observe()
    house.settle()
    assert house.environment().status is Status.DESTROYED
    [comment] = house.texts.comments.values()
    assert "no longer exist" in comment


def test_a_namespace_that_only_lost_its_labels_is_not_gone(house: House) -> None:
    opened(house)
    ready(house)
    closed(house)
    del house.cluster.healths[NAMESPACE]
    house.cluster.unwatched[NAMESPACE] = frozenset({f"Namespace/{NAMESPACE}"})
    house.observe()
    assert house.environment().status is Status.DESTROYING


def test_a_cluster_that_cannot_be_looked_at_proves_nothing(house: House) -> None:
    opened(house)
    closed(house)
    house.cluster.is_blind = True
    house.observe()
    assert house.environment().status is Status.DESTROYING


def test_reopened_pull_request_gets_its_environment_back_under_the_same_name(house: House) -> None:
    opened(house)
    closed(house)
    house.observe()
    house.truth.pull_requests[42] = pull_request()
    house.deliver("d-3", "reopened")
    house.settle()
    assert house.environment().place.namespace == NAMESPACE
    assert "deployment.yaml" in house.files(FOLDER)
    assert house.environment().status is Status.PROVISIONING


def test_failing_workload_is_explained_and_heals(house: House) -> None:
    opened(house)
    problem = Problem(Cause.IMAGE_PULL, "Pod/web-1", "manifest unknown")
    house.cluster.healths[NAMESPACE] = health(web(ready=False, problem=problem))
    house.observe()
    house.settle()
    assert house.environment().status is Status.FAILED
    [comment] = house.texts.comments.values()
    assert "manifest unknown" in comment
    ready(house)
    assert house.environment().status is Status.READY


def test_what_was_seen_while_the_database_was_away_is_written_when_it_is_back(house: House) -> None:
    opened(house)
    house.cluster.healths[NAMESPACE] = health(web())
    away = Store("postgresql+psycopg2://nobody@127.0.0.1:1/nowhere")
    with pytest.raises(Transient):
        replace(house.observer, store=away).step(timedelta())
    house.cluster.is_quiet = True
    house.observe()
    assert house.environment().status is Status.READY


def test_namespace_deleted_by_hand_is_noticed(house: House) -> None:
    opened(house)
    ready(house)
    del house.cluster.healths[NAMESPACE]
    house.observe()
    assert house.environment().status is Status.UPDATING


def test_fork_waits_and_nothing_of_it_is_published(house: House) -> None:
    house.truth.pull_requests[42] = pull_request(head_repository_id=999)
    house.deliver("d-1", "opened")
    house.settle()
    assert house.environment().status is Status.WAITING
    assert not house.has("environments")
    [check] = house.texts.checks.values()
    assert check.conclusion is Conclusion.ACTION_REQUIRED


def test_duplicate_delivery_changes_nothing(house: House) -> None:
    opened(house)
    before = house.environment()
    assert not house.deliver("d-1", "opened")
    assert house.environment() == before
    assert house.bell.rung == set()


def test_redelivery_under_another_id_makes_no_commit_and_writes_nothing(house: House) -> None:
    opened(house)
    ready(house)
    writes, commits = house.texts.writes, house.commits()
    house.deliver("d-again", "opened")
    house.settle()
    assert house.commits() == commits
    assert house.texts.writes == writes
    assert house.environment().status is Status.READY


def test_redeploy_is_a_new_commit_of_the_same_head(house: House) -> None:
    opened(house)
    ready(house)
    with house.store.begin() as session:
        wishing.redeploy(session, house.environment().id, "token:ops", "api.redeploy")
    house.bell.ring(Ring.DECIDE)
    house.settle()
    assert house.environment().status is Status.UPDATING
    assert len(house.commits()) == 2
    ready(house, generation=1)
    assert house.environment().status is Status.READY


def test_destroyed_on_request_stays_away_until_a_redeploy(house: House) -> None:
    opened(house)
    with house.store.begin() as session:
        wishing.destroy(session, house.environment().id, "token:ops", "api.destroy")
    house.bell.ring(Ring.CLEAN_UP)
    house.settle()
    assert house.files(FOLDER) == []
    house.deliver("d-2", "synchronize")
    house.settle()
    assert house.files(FOLDER) == []
    with house.store.begin() as session:
        wishing.redeploy(session, house.environment().id, "token:ops", "api.redeploy")
    house.bell.ring(Ring.DECIDE)
    house.settle()
    assert "deployment.yaml" in house.files(FOLDER)


def test_pull_request_that_github_no_longer_shows_keeps_its_environment(house: House) -> None:
    opened(house)
    ready(house)
    house.truth.pull_requests.clear()
    house.deliver("d-2", "closed")
    house.settle()
    assert "deployment.yaml" in house.files(FOLDER)
    notice = house.environment().notice
    assert notice is not None
    assert "person should look" in notice


@pytest.mark.parametrize("error", [Transient("reading: GitHub answered 503"), Stalled("reading: 403, no permission")])
def test_what_could_not_be_read_changes_nothing_and_is_tried_again_when_somebody_asks(
    house: House, error: Transient | Stalled
) -> None:
    opened(house)
    before = house.environment()
    house.truth.error = error
    house.deliver("d-2", "closed")
    house.settle()
    after = house.environment()
    assert after.desired == before.desired
    assert str(error) in {trouble.message for trouble in after.troubles.values()}
    house.truth.error = None
    closed(house)
    assert house.files(FOLDER) == []
    assert house.environment().troubles == {}


def test_one_broken_environment_holds_up_no_other(house: House) -> None:
    odd = replace(pull_request(), number=43)
    house.truth.pull_requests |= {42: pull_request(), 43: odd}
    house.deliver("d-1", "opened")
    house.deliver("d-2", "opened", 43)
    house.run(Ring.DECIDE)
    broken = house.environment(43)
    assert isinstance(broken.desired, Present)
    with house.store.begin() as session:
        row, _ = locked(session, broken.id)
        assert row.desired is not None
        row.desired = {**row.desired, "spec": {**row.desired["spec"], "sets": ["nowhere"]}}
    house.settle()
    assert house.commits() == ["Deploy Acme/Shop#42 at 0123456"]
    assert house.environment(43).status is Status.FAILED
    assert house.environment(42).status is Status.PROVISIONING


def test_report_that_broke_off_goes_on_where_it_stopped(house: House) -> None:
    house.texts.break_after = 1
    opened(house)
    assert house.texts.writes == 1
    house.texts.break_after = None
    house.deliver("d-2", "edited")
    house.settle()
    assert (house.texts.writes, len(house.texts.checks), len(house.texts.deployments)) == (2, 1, 1)


def test_missing_permission_for_one_part_keeps_no_other_from_being_told(house: House) -> None:
    house.texts.refuses_checks = True
    opened(house)
    assert (len(house.texts.deployments), len(house.texts.checks)) == (1, 0)
    assert "checks: write" in house.environment().troubles[Stage.REPORT].message


def test_refused_poke_fails_nothing(house: House) -> None:
    house.syncer.error = Transient("poking: no answer")
    opened(house)
    assert house.environment().is_published


def test_remote_that_cannot_be_reached_is_told_and_tried_again(house: House) -> None:
    away = house.remote.rename(house.remote.with_name("away.git"))
    opened(house)
    trouble = house.environment().troubles[Stage.PUBLISH]
    assert "environments.git" in trouble.message
    assert not trouble.is_stalled
    away.rename(house.remote)
    house.deliver("d-2", "edited")
    house.settle()
    assert house.commits() == ["Deploy Acme/Shop#42 at 0123456"]
    assert house.environment().troubles == {}


def test_history_tells_who_did_what_and_cannot_be_rewritten(house: House) -> None:
    opened(house)
    kinds = house.values("SELECT kind FROM events ORDER BY id")
    assert kinds == ["asked", "decided", "status", "published"]
    assert set(house.values("SELECT actor FROM events")) == {"ada"}
    with pytest.raises(Exception, match="only ever added"):
        house.values("UPDATE events SET actor = 'eve' RETURNING actor")
