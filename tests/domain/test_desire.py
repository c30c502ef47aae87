"""`desire` as a table: one row a rule and boundary."""

from datetime import timedelta
from typing import Any

import pytest

from app.domain.approval import Approval
from app.domain.cluster import Cluster
from app.domain.command import Source
from app.domain.desire import Wish, desire, outcome
from app.domain.desired import Absent, Keep, Present, Waiting, from_json, to_json
from app.domain.expiry import Life
from app.domain.policy import Policy
from app.domain.pull_request import Missing, RepositoryRef
from app.domain.recorded import Recorded
from gitops.errors import SpecError
from gitops.spec import Spec
from tests.domain.builders import GRACE, NOW, OLD_SHA, PLACE, SHA, pull_request, spec

FORK = 999
IDLE = Life(NOW - timedelta(hours=73), NOW - timedelta(hours=72), None, SHA, is_counting=True)
MAIN_ONLY = Policy(base_branches=("main", "release/*"), clusters=(Cluster("default", "preview.test"),))


@pytest.mark.parametrize(
    ("changes", "wish", "kind", "reason"),
    [
        ({}, Wish(), Present, None),
        ({"is_open": False}, Wish(), Absent, "closed"),
        ({"is_open": False, "is_merged": True}, Wish(), Absent, "merged"),
        ({"is_open": False, "head_repository_id": FORK}, Wish(), Absent, "closed"),
        ({"is_open": False}, Wish(is_stopped=True), Absent, "closed"),
        ({}, Wish(is_stopped=True), Absent, "on request"),
        ({}, Wish(is_recreated=True), Absent, "made anew"),
        ({"is_draft": True}, Wish(is_recreated=True), Absent, "draft"),
        ({}, Wish(life=IDLE), Absent, "not used for 72 hours"),
        ({"is_draft": True}, Wish(life=IDLE), Absent, "draft"),
        ({"head_sha": OLD_SHA}, Wish(life=IDLE), Present, None),
        ({"head_repository_id": FORK}, Wish(), Waiting, "fork"),
        ({"head_repository_id": None}, Wish(), Waiting, "fork"),
        ({"head_repository_id": FORK, "is_draft": True}, Wish(), Waiting, "fork"),
        ({"is_draft": True}, Wish(), Absent, "draft"),
        ({"base_ref": "release/1"}, Wish(), Present, None),
        ({"base_ref": "feature"}, Wish(), Absent, "main, release/*"),
        ({"base_ref": "Main"}, Wish(), Absent, "main, release/*"),
    ],
)
def test_first_rule_that_answers_decides(changes: dict[str, Any], wish: Wish, kind: type, reason: str | None) -> None:
    decision = desire(pull_request(**changes), MAIN_ONLY, PLACE, wish, NOW)
    assert isinstance(decision, kind)
    if reason is not None:
        assert isinstance(decision, Absent | Waiting)
        assert reason in decision.reason


def test_a_pull_request_that_github_does_not_show_changes_nothing() -> None:
    assert isinstance(desire(Missing(), MAIN_ONLY, PLACE, Wish(), NOW), Keep)


def test_present_environment_runs_the_head_under_its_allocated_names() -> None:
    decision = desire(pull_request(), MAIN_ONLY, PLACE, Wish(redeploys=2), NOW)
    assert decision == Present(spec(generation=2, image=f"ghcr.io/acme/shop:{SHA}"))


def test_renamed_repository_keeps_its_folder_and_follows_its_image() -> None:
    renamed = pull_request(repository=RepositoryRef(7, "Acme/Store", 70))
    decision = desire(renamed, MAIN_ONLY, PLACE, Wish(), NOW)
    assert isinstance(decision, Present)
    assert decision.spec.folder == PLACE.folder
    assert decision.spec.image == f"ghcr.io/acme/store:{SHA}"


def test_an_image_that_no_registry_takes_is_refused_in_words() -> None:
    odd = pull_request(repository=RepositoryRef(7, "acme/-shop-", 70))
    with pytest.raises(SpecError, match="image"):
        desire(odd, MAIN_ONLY, PLACE, Wish(), NOW)


def test_pinned_commit_runs_whatever_is_pushed_and_with_its_own_image() -> None:
    decision = desire(pull_request(), MAIN_ONLY, PLACE, Wish(pinned_sha=OLD_SHA), NOW)
    assert decision == Present(spec(head_sha=OLD_SHA, image=f"ghcr.io/acme/shop:{OLD_SHA}"))


ELSEWHERE = {
    "cluster": "other",
    "namespace": "pr-1-x",
    "folder": "environments/other/Acme/Old/pr-1-x",
    "host": "x.preview.test",
    "owner": "Old",
    "repository": "Store",
    "number": 1,
    "generation": 9,
}
THEN = {"head_sha": OLD_SHA, "image": "registry.test/old:1", "port": 3000, "ingress_namespace": "traefik"}
ROLLED_BACK = Recorded("c" * 40, spec(**ELSEWHERE, **THEN))


def test_rollback_runs_the_recorded_spec_under_names_and_with_redeploys_of_today() -> None:
    wish = Wish(redeploys=3, rollback=ROLLED_BACK)
    decision = desire(pull_request(), Policy(port=9999, clusters=MAIN_ONLY.clusters), PLACE, wish, NOW)
    assert decision == Present(spec(generation=3, **THEN))


@pytest.mark.parametrize(
    ("changes", "wish", "kind"),
    [
        ({"is_open": False}, Wish(rollback=ROLLED_BACK), Absent),
        ({"is_draft": True}, Wish(rollback=ROLLED_BACK), Absent),
        ({}, Wish(rollback=ROLLED_BACK, is_stopped=True), Absent),
        ({"head_repository_id": FORK}, Wish(rollback=ROLLED_BACK), Waiting),
    ],
)
def test_rollback_runs_only_where_a_commit_may(changes: dict[str, Any], wish: Wish, kind: type) -> None:
    assert isinstance(desire(pull_request(**changes), MAIN_ONLY, PLACE, wish, NOW), kind)


@pytest.mark.parametrize(
    ("approved", "wanted"),
    [(OLD_SHA, spec(**THEN)), (SHA, spec(image=f"ghcr.io/acme/shop:{SHA}"))],
)
def test_rollback_of_a_fork_runs_by_the_approval_of_its_own_commit_alone(approved: str, wanted: Spec) -> None:
    wish = Wish(rollback=ROLLED_BACK, approvals=(Approval(4, approved, GRACE, Source.COMMENT, NOW),))
    fork = pull_request(head_repository_id=FORK)
    assert desire(fork, MAIN_ONLY, PLACE, wish, NOW) == Present(wanted, 4)


def test_what_is_rolled_back_to_survives_the_row() -> None:
    assert Recorded.from_json(ROLLED_BACK.to_json()) == ROLLED_BACK


def test_environment_that_github_does_not_show_does_not_expire() -> None:
    assert outcome(Missing(), MAIN_ONLY, PLACE, Wish(life=IDLE), NOW).expires_at is None


def test_expiry_is_told_beside_the_decision_and_changes_none() -> None:
    life = Life(NOW, NOW, None, SHA, is_counting=True)
    before, after = (
        outcome(pull_request(), MAIN_ONLY, PLACE, Wish(life=life), NOW + timedelta(hours=hours)) for hours in (0, 71)
    )
    assert before == after
    assert before.expires_at == NOW + timedelta(hours=72)


@pytest.mark.parametrize(
    "decision",
    [
        Present(spec()),
        Present(spec(), approval=4),
        Absent("a", is_closed=True),
        Absent("b"),
        Absent("b", is_expired=True),
        Waiting("c"),
        Waiting("d", SHA, (OLD_SHA,)),
        Waiting("d", SHA, ()),
    ],
)
def test_what_is_desired_survives_the_row(decision: Present | Absent | Waiting) -> None:
    assert from_json(to_json(decision)) == decision


@pytest.mark.parametrize(
    ("decision", "kept"),
    [
        (Present(spec()), {"kind": "present", "spec": spec().to_mapping()}),
        (Absent("a"), {"kind": "absent", "reason": "a", "is_closed": False}),
        (Waiting("c"), {"kind": "waiting", "reason": "c"}),
    ],
)
def test_rows_of_older_versions_say_the_same(decision: Present | Absent | Waiting, kept: dict[str, Any]) -> None:
    """Else every environment would be decided, and published, anew by the first look after an upgrade."""
    assert to_json(decision) == kept
