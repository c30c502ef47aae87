"""Deployments on a GitHub that remembers. Every answer may be lost, and nothing may be there twice."""

from dataclasses import replace

import pytest

from app.demo.github.faults import Fault, FaultKind
from app.domain.report import Deployment, DeploymentState
from app.errors import Stalled, Transient
from app.github.connect import GitHub
from tests.github import answers
from tests.github.answers import SHA, SHOP
from tests.github.conftest import Shop
from tests.github.scripted import Reply, Scripted

UNCLEAR: list[FaultKind] = ["lost_answer", "half_body"]
DEPLOYMENTS = "/repos/acme/shop/deployments"


def _deployment(head_sha: str, state: DeploymentState = DeploymentState.IN_PROGRESS) -> Deployment:
    return Deployment(head_sha, "pr-1", "1:abc", state, "On its way", "https://pr.example/", "https://log.example/")


def test_deployment_is_made_in_one_write(connected: GitHub, shop: Shop) -> None:
    made = connected.reports.make_deployment(shop.repository, _deployment(shop.head_sha), look=False)
    (found,) = shop.people.deployments(shop.name)
    assert (found.id, found.sha, found.environment) == (made, shop.head_sha, "pr-1")
    assert (found.task, found.payload, found.is_transient) == ("deploy", {"ephemera": "1:abc"}, True)
    assert shop.spent() == {"POST": 1}


def test_deployment_waits_for_no_check_and_merges_nothing(connected: GitHub, shop: Shop) -> None:
    shop.people.write_files(shop.name, {"README.md": "The base branch moved on\n"})
    assert connected.reports.make_deployment(shop.repository, _deployment(shop.head_sha))
    (sent,) = [entry.body or "" for entry in shop.people.ledger() if entry.target.endswith("/deployments")]
    for part in ('"auto_merge": false', '"required_contexts": []', '"production_environment": false'):
        assert part in sent


def test_deployment_is_told_its_states(connected: GitHub, shop: Shop) -> None:
    made = connected.reports.make_deployment(shop.repository, _deployment(shop.head_sha), look=False)
    for state in (DeploymentState.IN_PROGRESS, DeploymentState.SUCCESS):
        connected.reports.set_deployment_state(shop.repository, _deployment(shop.head_sha, state), made)
    (found,) = shop.people.deployments(shop.name)
    assert found.states == ("in_progress", "success")
    assert (found.environment_url, found.log_url) == ("https://pr.example/", "https://log.example/")
    gone = replace(_deployment(shop.head_sha, DeploymentState.INACTIVE), environment_url=None, log_url=None)
    connected.reports.set_deployment_state(shop.repository, gone, made)
    (found,) = shop.people.deployments(shop.name)
    assert found.is_destroyed
    assert shop.spent() == {"POST": 4}


def test_newer_deployment_leaves_the_states_of_older_ones_to_us(connected: GitHub, shop: Shop) -> None:
    success = DeploymentState.SUCCESS
    for head_sha in (shop.head_sha, shop.people.push(shop.name, shop.number).head_sha):
        made = connected.reports.make_deployment(shop.repository, _deployment(head_sha), look=False)
        connected.reports.set_deployment_state(shop.repository, _deployment(head_sha, success), made)
    assert [found.states for found in shop.people.deployments(shop.name)] == [("success",), ("success",)]


@pytest.mark.parametrize("fault", UNCLEAR)
def test_deployment_whose_creation_was_not_acknowledged_is_not_made_twice(
    connected: GitHub, shop: Shop, fault: FaultKind
) -> None:
    shop.people.fault(Fault(fault, "POST", ".*/deployments"))
    with pytest.raises(Transient, match="making the deployment pr-1"):
        connected.reports.make_deployment(shop.repository, _deployment(shop.head_sha), look=False)
    made = connected.reports.make_deployment(shop.repository, _deployment(shop.head_sha), look=True)
    assert [found.id for found in shop.people.deployments(shop.name)] == [made]


def test_deployment_of_another_environment_or_commit_is_left_alone(connected: GitHub, shop: Shop) -> None:
    wanted = _deployment(shop.head_sha)
    pushed = shop.people.push(shop.name, shop.number).head_sha
    others = (replace(wanted, external_id="2"), replace(wanted, environment="pr-2"), replace(wanted, head_sha=pushed))
    made = [connected.reports.make_deployment(shop.repository, one) for one in (*others, wanted, wanted)]
    assert len(set(made)) == 4
    assert made[-1] == made[-2]


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"payload": {"ephemera": "1:abc"}}, 3),
        ({"payload": '{"ephemera": "1:abc"}'}, 3),
        ({"payload": "{"}, 9),
        ({"payload": None}, 9),
        ({"payload": {"ephemera": "1:abc"}, "performed_via_github_app": None}, 3),
        ({"payload": {"ephemera": "1:abc"}, "creator": {"id": 4, "login": "eve"}}, 3),
        ({"payload": {"ephemera": "1:abc"}, "creator": None, "performed_via_github_app": {"id": 2}}, 9),
    ],
)
def test_only_what_we_made_is_taken_for_ours(
    github: GitHub, script: Scripted, known: dict[str, object], expected: int
) -> None:
    ours = {"id": 3, "creator": {"id": 5, "login": "ephemera-test[bot]"}, "performed_via_github_app": {"id": 1}}
    script.on("GET /app", Reply(body=answers.app()))
    script.on(f"GET {DEPLOYMENTS}", Reply(body=[ours | known]))
    script.on(f"POST {DEPLOYMENTS}", Reply(201, {"id": 9}))
    assert github.reports.make_deployment(SHOP, _deployment(SHA)) == expected


def test_state_of_a_deployment_that_is_gone_is_nobodys_concern(connected: GitHub, shop: Shop) -> None:
    connected.reports.set_deployment_state(shop.repository, _deployment(shop.head_sha), 999_999)
    assert shop.people.deployments(shop.name) == []


def test_deployment_in_a_repository_out_of_sight_is_not_taken_for_gone(connected: GitHub, shop: Shop) -> None:
    assert shop.repository.installation_id is not None
    made = connected.reports.make_deployment(shop.repository, _deployment(shop.head_sha))
    shop.people.change_installation(shop.repository.installation_id, repositories=[])
    with pytest.raises(Stalled, match=f"the App does not see {shop.name}"):
        connected.reports.set_deployment_state(shop.repository, _deployment(shop.head_sha), made)


def test_deployment_of_a_commit_that_github_does_not_know_stalls(connected: GitHub, shop: Shop) -> None:
    with pytest.raises(Stalled, match="making the deployment pr-1"):
        connected.reports.make_deployment(shop.repository, _deployment("f" * 40))
