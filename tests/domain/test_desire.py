"""`desire` as a table: one row a rule and boundary."""

from typing import Any

import pytest

from app.domain.cluster import Cluster
from app.domain.desire import Wish, desire
from app.domain.desired import Absent, Keep, Present, Waiting, from_json, to_json
from app.domain.policy import Policy
from app.domain.pull_request import Missing, RepositoryRef
from gitops.errors import SpecError
from tests.domain.builders import PLACE, SHA, pull_request, spec

FORK = 999
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
    decision = desire(pull_request(**changes), MAIN_ONLY, PLACE, wish)
    assert isinstance(decision, kind)
    if reason is not None:
        assert isinstance(decision, Absent | Waiting)
        assert reason in decision.reason


def test_a_pull_request_that_github_does_not_show_changes_nothing() -> None:
    assert isinstance(desire(Missing(), MAIN_ONLY, PLACE, Wish()), Keep)


def test_present_environment_runs_the_head_under_its_allocated_names() -> None:
    decision = desire(pull_request(), MAIN_ONLY, PLACE, Wish(redeploys=2))
    assert decision == Present(spec(generation=2, image=f"ghcr.io/acme/shop:{SHA}"))


def test_renamed_repository_keeps_its_folder_and_follows_its_image() -> None:
    renamed = pull_request(repository=RepositoryRef(7, "Acme/Store", 70))
    decision = desire(renamed, MAIN_ONLY, PLACE, Wish())
    assert isinstance(decision, Present)
    assert decision.spec.folder == PLACE.folder
    assert decision.spec.image == f"ghcr.io/acme/store:{SHA}"


def test_an_image_that_no_registry_takes_is_refused_in_words() -> None:
    odd = pull_request(repository=RepositoryRef(7, "acme/-shop-", 70))
    with pytest.raises(SpecError, match="image"):
        desire(odd, MAIN_ONLY, PLACE, Wish())


@pytest.mark.parametrize("decision", [Present(spec()), Absent("a", is_closed=True), Absent("b"), Waiting("c")])
def test_what_is_desired_survives_the_row(decision: Present | Absent | Waiting) -> None:
    assert from_json(to_json(decision)) == decision
