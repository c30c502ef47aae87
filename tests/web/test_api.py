"""The REST API: who may ask, what is shown, what can be asked for."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.domain.cluster import Cluster, SyncerKind
from app.domain.command import Source
from app.domain.desire import Outcome
from app.domain.desired import Absent, Present
from app.domain.environment import Stage
from app.domain.expiry import Life
from app.domain.health import Cause, Health, Holding, LogSource, Phase, Problem, Sync, Workload
from app.domain.pull_request import RepositoryRef
from app.ports import Ring
from app.store import approving, asking, budget, clusters, deciding, observing, publishing, troubles, wishing
from app.store.asking import Ask
from app.store.publishing import Kept
from app.store.rows import environment_of, locked
from app.store.tokens import Scope, create
from tests.domain.builders import GRACE, SHA, SHOP, pull_request, spec
from tests.web.house import POLICY, House

TOOLS = RepositoryRef(8, "Acme/Tools", 70)


class Visitor:
    """Somebody with a token."""

    def __init__(self, house: House, scope: Scope) -> None:
        self.house = house
        with house.store.begin() as session:
            self.token = create(session, f"{scope.value}er", scope)

    def get(self, path: str) -> TestResponse:
        """Read below /api/v1."""
        return self.house.client.get(f"/api/v1{path}", headers=self._headers)

    def post(self, path: str) -> TestResponse:
        """Ask for something."""
        return self.house.client.post(f"/api/v1{path}", headers=self._headers)

    def ids(self, path: str) -> list[int]:
        """The ids on one page."""
        return [item["id"] for item in self.get(path).get_json()["items"]]

    @property
    def _headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@pytest.fixture
def reader(house: House) -> Visitor:
    """Give somebody who may read."""
    return Visitor(house, Scope.READ)


@pytest.fixture(scope="module")
def passer_by(quiet_house: House) -> Visitor:
    """Give somebody who may act, and finds nothing to act on."""
    return Visitor(quiet_house, Scope.ACT)


@pytest.fixture
def actor(house: House) -> Visitor:
    """Give somebody who may act."""
    return Visitor(house, Scope.ACT)


def add(house: House, number: int, repository: RepositoryRef = SHOP) -> int:
    """Add an environment that was asked for and not looked at yet; returns its id."""
    with house.store.begin() as session:
        return asking.mark(session, Ask(repository, number, "ada", "pull_request.opened"), POLICY)


def decide(house: House, environment_id: int, decision: Any, **changes: Any) -> None:
    """Have the first stage decide."""
    with house.store.begin() as session:
        deciding.record(session, environment_id, 1, Outcome(decision, pull_request(**changes), Life(), None))


def test_new_environment_is_shown_with_what_is_known(house: House, reader: Visitor) -> None:
    environment = add(house, 42)
    [item] = reader.get("/environments").get_json()["items"]
    created = item.pop("created_at")
    assert created.endswith("Z")
    assert item.pop("updated_at") == created
    assert item == {
        "id": environment,
        "repository": "Acme/Shop",
        "pull_request": 42,
        "title": None,
        "author": None,
        "status": "pending",
        "url": "https://pr-42-shop.preview.test",
        "namespace": "pr-42-shop",
        "cluster": "default",
        "commit_sha": None,
        "pinned_sha": None,
        "expires_at": None,
        "drift": [],
    }


def test_one_environment_is_shown_with_all_that_belongs_to_it(house: House, reader: Visitor) -> None:
    environment = add(house, 42)
    decide(house, environment, Present(spec()))
    broken = Problem(Cause.CRASH, "Pod/web-1", "exit 1")
    with house.store.begin() as session:
        workload = Workload("Deployment/web", SHA, 0, is_ready=False, problem=broken)
        observing.record(session, "default", "pr-42-shop", Health(Phase.ACTIVE, (workload,)))
        retry = timedelta(seconds=2)
        troubles.record(session, environment, Stage.PUBLISH, "no such remote", is_stalled=True, retry_in=retry)
    shown = reader.get(f"/environments/{environment}").get_json()
    assert (shown["title"], shown["author"], shown["commit_sha"]) == ("Sell more", "ada", SHA)
    assert shown["asked"] == {"by": "ada", "reason": "pull_request.opened", "delivery": None}
    assert shown["watermarks"] == {"requested": 1, "decided": 1, "desired": 1, "published": 0}
    assert (shown["desired"]["kind"], shown["desired"]["commit_sha"]) == ("present", SHA)
    assert shown["published"]["folder"] == "environments/default/Acme/Shop/pr-42-shop"
    assert (shown["health"]["phase"], shown["health"]["ready_workloads"]) == ("active", 0)
    assert shown["health"]["workloads"][0]["problem"]["cause"] == "crash loop"
    assert [trouble["message"] for trouble in shown["troubles"]] == ["no such remote"]
    assert [deployment["commit_sha"] for deployment in shown["deployments"]] == [SHA]
    assert {event["kind"] for event in shown["events"]} >= {"asked", "decided", "failed"}


def test_what_keeps_it_and_who_approved_it_are_shown(house: House, reader: Visitor) -> None:
    environment = add(house, 42)
    ends_at = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
    with house.store.begin() as session:
        approving.approve(session, environment, SHA, GRACE, Source.BUTTON, "grace", "button.approve")
        [held] = approving.approvals_of(session, environment)
        approving.retract(session, environment, held, "A bot approved it.")
        approving.approve(session, environment, SHA, GRACE, Source.COMMENT, "grace", "command.approve")
        pull = pull_request(head_repository_id=999)
        deciding.record(session, environment, 4, Outcome(Present(spec(), approval=2), pull, Life(), ends_at))
        wishing.pin(session, environment, SHA, "grace", "command.pin")
    [item] = reader.get("/environments").get_json()["items"]
    shown = reader.get(f"/environments/{environment}").get_json()
    assert item["expires_at"] == shown["expires_at"] == "2026-11-25T12:00:00Z"
    assert item["pinned_sha"] == shown["pinned_sha"] == SHA
    assert [(each["approver"], each["source"], each["retracted_why"]) for each in shown["approvals"]] == [
        ("grace", "comment", None),
        ("grace", "button", "A bot approved it."),
    ]
    assert {each["commit_sha"] for each in shown["approvals"]} == {SHA}


def test_reason_for_having_no_environment_is_shown(house: House, reader: Visitor) -> None:
    environment = add(house, 42)
    decide(house, environment, Absent("The pull request is a draft."))
    desired = reader.get(f"/environments/{environment}").get_json()["desired"]
    assert desired == {"kind": "absent", "reason": "The pull request is a draft.", "commit_sha": None, "image": None}


def publish(house: House, environment_id: int, tree: str | None, commit: str, objects: tuple[str, ...]) -> None:
    """Have the second stage publish what was decided."""
    with house.store.begin() as session:
        row, _ = locked(session, environment_id)
        publishing.record(session, environment_of(row), Kept(tree, commit, None, objects, dict.fromkeys(objects, "0")))


def test_removal_is_shown_with_what_existed_and_when_it_was_confirmed_gone(house: House, reader: Visitor) -> None:
    environment = add(house, 42)
    assert reader.get(f"/environments/{environment}").get_json()["teardown"] is None
    decide(house, environment, Present(spec()))
    publish(house, environment, "a" * 40, "b" * 40, ("Deployment/web",))
    with house.store.begin() as session:
        wishing.destroy(session, environment, "ada", "test")
    with house.store.begin() as session:
        removed = Absent("It was removed on request.")
        deciding.record(session, environment, 2, Outcome(removed, pull_request(), Life(), None))
    publish(house, environment, None, "c" * 40, ())
    shown = reader.get(f"/environments/{environment}").get_json()
    teardown = shown["teardown"]
    assert (teardown["objects"], teardown["is_complete"]) == (["Deployment/web"], False)
    assert (teardown["made_commit"], teardown["removed_commit"]) == ("b" * 40, "c" * 40)
    assert teardown["parts"] == [{"name": "Namespace/pr-42-shop", "gone_at": None}]
    with house.store.begin() as session:
        awaited = observing.awaiting_proof(session, "default")
        observing.confirm(session, "default", "pr-42-shop", awaited["pr-42-shop"], ())
    shown = reader.get(f"/environments/{environment}").get_json()
    assert (shown["status"], shown["teardown"]["is_complete"]) == ("destroyed", True)
    assert shown["teardown"]["parts"][0]["gone_at"].endswith("Z")


def test_drift_and_what_cannot_go_are_shown(house: House, reader: Visitor) -> None:
    environment = add(house, 42)
    decide(house, environment, Present(spec()))
    publish(house, environment, "a" * 40, "b" * 40, ("Deployment/web",))
    sync = Sync("Application/pr-42-shop", "b" * 40, is_exact=True, drift=("Service/web",))
    holding = (Holding("ConfigMap/lock", ("acme.com/lock",), "2026-11-24T11:48:00Z"),)
    with house.store.begin() as session:
        observing.record(session, "default", "pr-42-shop", Health(Phase.ACTIVE, sync=sync, holding=holding))
    [item] = reader.get("/environments").get_json()["items"]
    shown = reader.get(f"/environments/{environment}").get_json()
    assert item["drift"] == shown["drift"] == ["Service/web"]
    assert shown["health"]["holding"] == [
        {"name": "ConfigMap/lock", "finalizers": ["acme.com/lock"], "since": "2026-11-24T11:48:00Z"}
    ]
    assert shown["events"][0]["kind"] == "drift"


def test_what_github_has_still_to_be_told_is_shown_with_what_it_waits_for(house: House, reader: Visitor) -> None:
    assert reader.get("/queues").get_json() == {"items": []}
    decide(house, add(house, 42), Present(spec()))
    assert reader.get("/queues").get_json()["items"] == [
        {"installation_id": SHOP.installation_id, "reports": 1, "waits_until": None, "why": None}
    ]
    with house.store.begin() as session:
        budget.pause(session, SHOP.installation_id, timedelta(minutes=5), "GitHub answered 403")
    (waiting,) = reader.get("/queues").get_json()["items"]
    assert waiting["why"] == "GitHub asked for a pause"
    assert datetime.fromisoformat(waiting["waits_until"]) > datetime.now(UTC)


@pytest.mark.parametrize(
    ("cluster", "argocd"),
    [
        (
            Cluster("default", "preview.test", syncer_namespace="sync", syncer_url="https://argo.test"),
            "https://argo.test/applications/sync/pr-42-shop",
        ),
        (Cluster("default", "preview.test", SyncerKind.FLUX, syncer_url="https://argo.test"), None),
        (Cluster("default", "preview.test"), None),
        (Cluster("other", "preview.test", syncer_url="https://argo.test"), None),
    ],
    ids=["Argo CD", "Flux, which has no pages", "unknown address", "another cluster"],
)
def test_links_lead_to_the_preview_and_to_the_page_of_argo_cd(
    house: House, reader: Visitor, cluster: Cluster, argocd: str | None
) -> None:
    with house.store.begin() as session:
        clusters.declare(session, [cluster])
    environment = add(house, 42)
    shown = reader.get(f"/environments/{environment}").get_json()
    assert shown["links"] == {"preview": "https://pr-42-shop.preview.test", "argocd": argocd}


def test_deployment_that_failed_is_shown_with_its_reasons_and_its_log(house: House, reader: Visitor) -> None:
    environment = add(house, 42)
    decide(house, environment, Present(spec()))
    publish(house, environment, "a" * 40, "b" * 40, ("Deployment/web",))
    crash = Problem(Cause.CRASH, "Pod/web-1", "exit 1", LogSource("web-1", "web", is_previous=True))
    workload = Workload("Deployment/web", SHA, 0, is_ready=False, problem=crash)
    with house.store.begin() as session:
        recorded = observing.record(session, "default", "pr-42-shop", Health(Phase.ACTIVE, (workload,)))
    assert recorded.log is not None
    with house.store.begin() as session:
        observing.keep_log(session, recorded.log, "no such table")
    [item] = reader.get(f"/environments/{environment}/deployments").get_json()["items"]
    assert item["problems"] == ["crash loop at Pod/web-1: exit 1"]
    assert (item["log_of"], item["log"]) == ("Pod/web-1, container web", "no such table")
    assert reader.get(f"/environments/{environment}").get_json()["deployments"] == [item]


@pytest.fixture
def five(house: House) -> list[int]:
    """Give five environments in two repositories, oldest first; the first is decided."""
    ids = [add(house, 1), add(house, 2), add(house, 1, TOOLS), add(house, 2, TOOLS), add(house, 3)]
    decide(house, ids[0], Present(spec()), number=1)
    return ids


def test_environments_are_filtered_by_any_mixture(reader: Visitor, five: list[int]) -> None:
    assert reader.ids("/environments") == five[::-1]
    assert reader.ids("/environments?repository=acme/TOOLS") == [five[3], five[2]]
    assert reader.ids("/environments?status=provisioning") == [five[0]]
    assert reader.ids("/environments?status=provisioning&status=pending") == five[::-1]
    assert reader.ids("/environments?author=ADA") == [five[0]]
    assert reader.ids("/environments?author=ada&repository=acme/tools") == []


def test_list_is_paged_through_to_its_end_while_it_grows(house: House, reader: Visitor, five: list[int]) -> None:
    seen, path = [], "/environments?limit=2&status=pending&status=provisioning"
    while path:
        answer = reader.get(path)
        seen += [item["id"] for item in answer.get_json()["items"]]
        following = answer.get_json()["next"]
        assert answer.headers.get("Link") == (f'<{following}>; rel="next"' if following else None)
        add(house, 100 + len(seen))
        path = (following or "").removeprefix("/api/v1")
    assert seen == five[::-1]


def test_history_and_deployments_are_paged(house: House, reader: Visitor) -> None:
    environment = add(house, 42)
    for _ in range(4):
        add(house, 42)
    decide(house, environment, Present(spec()))
    first = reader.get(f"/environments/{environment}/events?limit=4").get_json()
    second = reader.get(first["next"].removeprefix("/api/v1")).get_json()
    ids = [event["id"] for event in first["items"] + second["items"]]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == len(house.rows("SELECT id FROM events"))
    [deployment] = reader.get(f"/environments/{environment}/deployments?limit=1").get_json()["items"]
    assert (deployment["commit_sha"], deployment["status"]) == (SHA, "queued")


def test_redeploy_marks_names_the_token_and_rings(house: House, actor: Visitor) -> None:
    environment = add(house, 42)
    answer = actor.post(f"/environments/{environment}/redeploy")
    assert answer.status_code == 202
    assert answer.json == {"id": environment, "requested_generation": 2, "answer": "It is deployed again."}
    assert answer.headers["Location"] == f"/api/v1/environments/{environment}"
    [row] = house.environments()
    assert (row.requested_generation, row.redeploys, row.is_stopped) == (2, 1, False)
    assert (row.asked_by, row.asked_reason) == ("token:acter", "api.redeploy")
    assert house.bell.rung == [Ring.DECIDE]


def test_destroy_marks_names_the_token_and_rings(house: House, actor: Visitor) -> None:
    environment = add(house, 42)
    answer = actor.post(f"/environments/{environment}/destroy")
    assert (answer.status_code, answer.get_json()["requested_generation"]) == (202, 2)
    [row] = house.environments()
    assert (row.is_stopped, row.asked_queue, row.asked_reason) == (True, "low", "api.destroy")
    assert house.bell.rung == [Ring.CLEAN_UP]


@pytest.mark.parametrize("path", ["/environments", "/environments/1", "/environments/1/events"])
@pytest.mark.parametrize(
    ("authorization", "challenge"),
    [
        (None, 'Bearer realm="ephemera"'),
        ("Bearer", 'Bearer realm="ephemera"'),
        ("Bearer eph_unknown", 'Bearer realm="ephemera", error="invalid_token"'),
        ("Bearer é\xff", 'Bearer realm="ephemera", error="invalid_token"'),
        ("Basic YTpi", 'Bearer realm="ephemera", error="invalid_token"'),
    ],
)
def test_strangers_are_refused(quiet_house: House, path: str, authorization: str | None, challenge: str) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = quiet_house.client.get(f"/api/v1{path}?nonsense=1", headers=headers)
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"] == challenge


@pytest.mark.parametrize("action", ["redeploy", "destroy", "approve"])
def test_token_for_reading_may_not_act(house: House, reader: Visitor, action: str) -> None:
    environment = add(house, 42)
    answer = reader.post(f"/environments/{environment}/{action}")
    assert (answer.status_code, answer.mimetype) == (403, "application/problem+json")
    assert 'error="insufficient_scope", scope="act"' in answer.headers["WWW-Authenticate"]
    assert (house.environments()[0].requested_generation, house.bell.rung) == (1, [])


@pytest.mark.parametrize("rest", ["", "/events", "/deployments", "/redeploy", "/destroy"])
@pytest.mark.parametrize("environment", [1, 2**31 - 1, 2**31, 10**30])
def test_environment_that_does_not_exist_is_not_found(passer_by: Visitor, rest: str, environment: int) -> None:
    ask = passer_by.post if rest in ("/redeploy", "/destroy") else passer_by.get
    answer = ask(f"/environments/{environment}{rest}")
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
    assert answer.get_json()["type"] == "urn:ephemera:problem:not-found"


@pytest.mark.parametrize("path", ["/environments/0", "/environments/-1", "/environments/x", "/environments/1%00", "/x"])
def test_address_that_does_not_exist_is_not_found(passer_by: Visitor, path: str) -> None:
    assert passer_by.get(path).status_code == 404


@pytest.mark.parametrize(
    ("query", "field", "advice"),
    [
        ("repositry=acme/shop", "repositry", "remove it"),
        ("limit=0", "limit", "greater than or equal to 1"),
        ("limit=101", "limit", "less than or equal to 100"),
        ("limit=" + "9" * 5_000, "limit", "integer"),
        ("status=redy", "status.0", "'ready'"),
        ("repository=acme", "repository", "pattern"),
        ("repository=a%00/b", "repository", "pattern"),
        ("repository=%ff/b", "repository", "pattern"),
        ("author=" + "x" * 111, "author", "110 characters"),
        ("cursor=nonsense", "cursor", "`next`"),
        ("cursor=ZXZlbnQ6MTk", "cursor", "`next`"),
        ("cursor=%F0%9F%98%80", "cursor", "`next`"),
    ],
)
def test_parameter_that_cannot_be_used_is_named(passer_by: Visitor, query: str, field: str, advice: str) -> None:
    answer = passer_by.get(f"/environments?{query}")
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    [error] = answer.get_json()["errors"]
    assert error["field"] == field
    assert advice in error["detail"]
    assert len(error["value"]) <= 200


def test_every_parameter_that_cannot_be_used_is_named_at_once(passer_by: Visitor) -> None:
    errors = passer_by.get("/environments?limit=0&status=x&y=1").get_json()["errors"]
    assert {error["field"] for error in errors} == {"limit", "status.0", "y"}


@pytest.mark.parametrize("path", ["/environments/1?x=1", "/environments/1/events?x=1"])
def test_no_address_takes_unknown_parameters(passer_by: Visitor, path: str) -> None:
    assert passer_by.get(path).status_code == 422
