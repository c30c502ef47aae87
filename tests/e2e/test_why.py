"""Why an environment is not ready, made to happen for real: what the row, the pull request and the API say of it.

Pods fail by the stages of `app/demo/real/stages`, which a repository of a fault's name selects; the scheduler, the
quota, admission and the syncer refuse by themselves.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from app.demo.github.readings import PullRequest
from app.demo.real import kwok
from app.demo.real.manifests import Json
from app.domain.health import WAITS, Cause, Problem
from app.domain.hints import HINTS, hint
from gitops.labels import REPOSITORY
from tests.e2e.realm import Realm
from tests.scenarios.shop import Shop

SECRETS = ("hunter2", "ghp_0000000000000000000000000000notreal0")
"""Planted in the log of every container, `app/demo/real/container.log`."""
_LOG = "FATAL: DATABASE_URL: connection refused"
_FOLD = "<summary>The last lines of its log</summary>"
Failing = Callable[[str], Shop]
_ADMISSION = "admissionregistration.k8s.io/v1"


@dataclass(frozen=True, slots=True)
class Told:
    """What has to be said."""

    cause: Cause
    words: str
    """In the message that is shown."""
    has_log: bool = False

    @property
    def waits(self) -> bool:
        """It may pass by itself, and is no failure."""
        return self.cause in WAITS


FAULTS = {
    "image-not-found": Told(Cause.IMAGE_NOT_FOUND, "not found"),
    "image-unauthorized": Told(Cause.IMAGE_UNAUTHORIZED, "401 Unauthorized"),
    "image-wrong-architecture": Told(Cause.IMAGE_ARCHITECTURE, "no match for platform in manifest"),
    "crash-loop": Told(Cause.CRASH, "ended with exit code 1", has_log=True),
    "out-of-memory": Told(Cause.OUT_OF_MEMORY, "used more than its memory limit of 1Gi", has_log=True),
    "killed-by-signal": Told(Cause.CRASH, "ended by signal SIGSEGV", has_log=True),
    "exec-format-error": Told(Cause.CRASH, "ended with exit code 255", has_log=True),
    "failing-liveness": Told(Cause.CRASH, "ended by signal SIGKILL", has_log=True),
    "failing-readiness": Told(Cause.PROBE, "Readiness probe failed: HTTP probe failed with statuscode: 500"),
    "failing-startup": Told(Cause.STARTUP_PROBE, "Startup probe failed: dial tcp :8080: connect: connection refused"),
}


@pytest.fixture(scope="module")
def token(realm: Realm) -> str:
    """Give a token of the REST API that may read."""
    made = realm.world.ephemera("token", "create", "--scope", "read", "--name", "why")
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


@pytest.fixture
def teller(realm: Realm, token: str) -> Iterator["Teller"]:
    """Give what is said; the environments that it was asked about are closed at the end."""
    made = Teller(realm, token, [])
    yield made
    for shop, pull in made.asked:
        shop.close(pull)


@dataclass(frozen=True, slots=True)
class Teller:
    """All places where something is said of an environment."""

    realm: Realm
    token: str
    asked: list[tuple[Shop, PullRequest]]

    def assert_told(self, shop: Shop, pull: PullRequest, told: Told) -> None:
        """Wait until it is said everywhere, and look that nobody says a secret."""
        if (shop, pull) not in self.asked:
            self.asked.append((shop, pull))
        self.realm.world.await_true(lambda: self._is_told(shop, pull, told), f"{told} to be told")
        row = shop.row(pull)
        comment, shown = shop.comment(pull), self._shown(shop, pull)
        title = told.cause.value[0].upper() + told.cause.value[1:]
        assert f"**{title}** at `" in comment
        assert hint(Problem(told.cause, "", told.words)) in comment
        if told.waits:
            assert row.status in ("provisioning", "updating")
            assert shop.says(pull) == ("in_progress", None)
        else:
            assert row.status == "failed"
            assert shop.says(pull) == ("failure", "failure")
            assert shop.checks(pull)[-1].title == f"Failed: {told.cause.value}"
            assert any(told.words in line for line in shown["deployments"][0]["problems"])
        self._assert_log(comment, shown, told)
        self.assert_no_secret(shop, pull)

    def assert_no_secret(self, shop: Shop, pull: PullRequest) -> None:
        """Neither on GitHub, nor in the API, nor in PostgreSQL, nor in the logs of the processes."""
        world = self.realm.world
        said = [shop.comment(pull), str(shop.checks(pull)), str(self._shown(shop, pull))]
        for table in ("environments", "deployments", "events", "troubles"):
            said += [row[0] for row in world.query(f"SELECT to_jsonb({table})::text FROM {table}")]
        said += [path.read_text(errors="replace") for path in world.logs.glob("*.log")]
        assert not [secret for secret in SECRETS for text in said if secret in text]

    def _is_told(self, shop: Shop, pull: PullRequest, told: Told) -> bool:
        row = shop.find(pull)
        if row is None or not row.is_settled or not (comments := shop.comments(pull)):
            return False
        found = [problem for problem in self._problems(shop, pull) if problem["cause"] == told.cause]
        is_in_time = told.waits or row.status == "failed"
        has_words = any(told.words in problem["message"] for problem in found) and told.words in comments[0]
        return is_in_time and has_words and (not told.has_log or _FOLD in comments[0])

    def _assert_log(self, comment: str, shown: Json, told: Told) -> None:
        log = shown["deployments"][0]["log"]
        if not told.has_log:
            return
        folded = comment.partition(_FOLD)[2].partition("</details>")[0]
        for text in (folded, log):
            assert _LOG in text
            assert "postgres://" in text
            assert "using token ***" in text

    def _problems(self, shop: Shop, pull: PullRequest) -> Sequence[Json]:
        health = self._shown(shop, pull)["health"]
        if health is None:
            return ()
        sync = [{"cause": Cause.SYNC, "message": line} for line in self._reasons(shop, pull)]
        own = [workload["problem"] for workload in health["workloads"] if workload["problem"]]
        return [*own, *health["problems"], *sync]

    def _reasons(self, shop: Shop, pull: PullRequest) -> list[str]:
        deployments = self._shown(shop, pull)["deployments"]
        return deployments[0]["problems"] if deployments else []

    def _shown(self, shop: Shop, pull: PullRequest) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = self.realm.world.request("GET", f"/api/v1/environments/{shop.row(pull).id}", headers=headers)
        answer.raise_for_status()
        return answer.json()


# Pods that fail


@pytest.fixture(scope="module")
def failing(realm: Realm) -> Failing:
    """Give the repository whose images have a fault, by its name."""

    @cache
    def shop(fault: str) -> Shop:
        return Shop.create(realm.world, f"acme/{fault}")

    return shop


@pytest.mark.parametrize("fault", FAULTS)
def test_pod_that_fails_is_explained(failing: Failing, teller: Teller, fault: str) -> None:
    shop = failing(fault)
    teller.assert_told(shop, shop.open(), FAULTS[fault])


def test_probe_for_which_a_program_is_killed_is_named_beside_the_crash(
    realm: Realm, failing: Failing, teller: Teller
) -> None:
    shop = failing("failing-liveness")
    pull = shop.open()
    teller.assert_told(shop, pull, Told(Cause.CRASH, "ended by signal SIGKILL", has_log=True))
    realm.world.await_true(lambda: "**Failing liveness probe** at `" in shop.comment(pull), "the probe to be named")
    assert HINTS[Cause.LIVENESS_PROBE] in shop.comment(pull)


def test_crash_loop_fails_once_and_is_not_taken_for_mended_at_each_try(
    realm: Realm, failing: Failing, teller: Teller
) -> None:
    shop = failing("crash-loop")
    pull = shop.open()
    teller.assert_told(shop, pull, FAULTS["crash-loop"])
    (pod,) = realm.api.list("v1", "Pod", shop.row(pull).namespace)
    place = (shop.row(pull).namespace, pod["metadata"]["name"])
    realm.api.wait("v1", "Pod", place, lambda found: _restarts(found) > _restarts(pod) + 1, 60)
    changes = realm.world.query(
        "SELECT message FROM events WHERE environment_id = %s AND kind = 'status'", shop.row(pull).id
    )
    assert len([message for (message,) in changes if message.startswith("failed")]) == 1


def _restarts(pod: Json | None) -> int:
    assert pod is not None
    return int(pod["status"]["containerStatuses"][0]["restartCount"])


def test_migration_that_fails_is_explained(realm: Realm, failing: Failing, teller: Teller) -> None:
    # The Deployment waits for its probe, so that the Job decides.
    shop = failing("failing-readiness")
    pull = shop.open()
    teller.assert_told(shop, pull, FAULTS["failing-readiness"])
    realm.api.apply([_migration(realm, shop.row(pull).namespace)])
    teller.assert_told(shop, pull, Told(Cause.JOB_FAILED, "Job has reached the specified backoff limit", has_log=True))


def _migration(realm: Realm, namespace: str) -> Json:
    """A Job of the environment's commit, as a template of an operator's would make it, whose program fails."""
    deployment = realm.api.get("apps/v1", "Deployment", "web", namespace)
    assert deployment is not None
    labels = {**deployment["metadata"]["labels"], "app.kubernetes.io/name": "migrate"}
    template = deployment["spec"]["template"]
    (container,) = template["spec"]["containers"]
    program = {
        "name": "migrate",
        "image": "ghcr.io/acme/job-failed:1",
        "securityContext": container["securityContext"],
        "resources": container["resources"],
    }
    spec = {**template["spec"], "restartPolicy": "Never", "containers": [program], "volumes": []}
    metadata = {"labels": labels, "annotations": template["metadata"]["annotations"]}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "migrate", "namespace": namespace, "labels": labels},
        "spec": {"backoffLimit": 0, "template": {"metadata": metadata, "spec": spec}},
    }


def test_image_that_is_slow_is_no_problem(realm: Realm, failing: Failing, teller: Teller) -> None:
    shop = failing("image-slow")
    pull = shop.open_until_ready()
    teller.asked.append((shop, pull))
    events = realm.world.query("SELECT message FROM events WHERE environment_id = %s", shop.row(pull).id)
    assert not [message for (message,) in events if "failed" in message]


# What Kubernetes refuses by itself


def test_exceeded_quota_is_explained(realm: Realm, shop: Shop, teller: Teller) -> None:
    pull = shop.open_until_ready()
    namespace = shop.row(pull).namespace
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "tight", "namespace": namespace},
        "spec": {"hard": {"pods": "1"}},
    }
    realm.api.apply([quota])
    realm.api.wait("v1", "ResourceQuota", (namespace, "tight"), _is_counted, 60)
    pull = shop.push(pull)
    teller.assert_told(shop, pull, Told(Cause.QUOTA, "exceeded quota: tight, requested: pods=1, used: pods=1"))
    realm.api.delete("v1", "ResourceQuota", "tight", namespace)


def _is_counted(quota: Json | None) -> bool:
    return quota is not None and quota.get("status", {}).get("used") == {"pods": "1"}


def test_cluster_without_room_is_explained_and_waited_for(realm: Realm, shop: Shop, teller: Teller) -> None:
    with _nodes(
        realm, "status", {"status": {"allocatable": {"pods": "0"}}}, {"status": {"allocatable": {"pods": "2000"}}}
    ):
        pull = shop.open()
        teller.assert_told(shop, pull, Told(Cause.UNSCHEDULABLE, "Too many pods"))
    shop.await_status(pull, "ready")


def test_cluster_whose_nodes_take_nothing_is_explained_and_waited_for(realm: Realm, shop: Shop, teller: Teller) -> None:
    with _nodes(realm, "", {"spec": {"unschedulable": True}}, {"spec": {"unschedulable": None}}):
        pull = shop.open()
        teller.assert_told(shop, pull, Told(Cause.NODE_MISMATCH, "unschedulable"))
    shop.await_status(pull, "ready")


@contextmanager
def _nodes(realm: Realm, subresource: str, change: Json, back: Json) -> Iterator[None]:
    """Every node is changed, and changed back at the end."""
    try:
        _patch_nodes(realm, subresource, change)
        yield
    finally:
        _patch_nodes(realm, subresource, back)


def _patch_nodes(realm: Realm, subresource: str, change: Json) -> None:
    headers = {"Content-Type": "application/merge-patch+json"}
    for name in kwok.NODES:
        path = f"/api/v1/nodes/{name}" + (f"/{subresource}" if subresource else "")
        realm.api.request("PATCH", path, change, headers=headers)


# What admission refuses


def test_pod_that_a_policy_refuses_is_explained(realm: Realm, shop: Shop, teller: Teller) -> None:
    with _policy(realm, shop, "", "pods", "environments run on Fridays only"):
        pull = shop.open()
        teller.assert_told(shop, pull, Told(Cause.POLICY, "environments run on Fridays only"))


def test_pod_that_pod_security_refuses_is_explained(realm: Realm, shop: Shop, teller: Teller) -> None:
    with _mutation(realm, shop):
        pull = shop.open()
        teller.assert_told(shop, pull, Told(Cause.POD_SECURITY, "host namespaces (hostNetwork=true)"))


def test_object_that_the_syncer_cannot_apply_is_explained(realm: Realm, shop: Shop, teller: Teller) -> None:
    with _policy(realm, shop, "apps", "deployments", "deployments are made on Fridays only"):
        pull = shop.open()
        teller.assert_told(shop, pull, Told(Cause.SYNC, "denied request: deployments are made on Fridays only"))


@contextmanager
def _policy(realm: Realm, shop: Shop, group: str, resource: str, message: str) -> Iterator[None]:
    """The cluster has a policy by which this repository's environments may not have such objects."""
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": _constraints(shop, group, resource),
        "validations": [{"expression": "false", "message": message}],
    }
    binding = {"policyName": "why", "validationActions": ["Deny"]}
    with _admission(realm, "ValidatingAdmissionPolicy", spec, binding):
        yield


@contextmanager
def _mutation(realm: Realm, shop: Shop) -> Iterator[None]:
    """The cluster gives this repository's pods what Pod Security does not let them have."""
    expression = "Object{spec: Object.spec{hostNetwork: true}}"
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": _constraints(shop, "", "pods"),
        "reinvocationPolicy": "Never",
        "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}],
    }
    with _admission(realm, "MutatingAdmissionPolicy", spec, {"policyName": "why"}):
        yield


@contextmanager
def _admission(realm: Realm, kind: str, spec: Json, binding: Json) -> Iterator[None]:
    documents: list[Json] = [
        {"apiVersion": _ADMISSION, "kind": kind, "metadata": {"name": "why"}, "spec": spec},
        {"apiVersion": _ADMISSION, "kind": f"{kind}Binding", "metadata": {"name": "why"}, "spec": binding},
    ]
    try:
        realm.api.apply(documents)
        yield
    finally:
        for document in reversed(documents):
            realm.api.delete(_ADMISSION, document["kind"], "why")


def _constraints(shop: Shop, group: str, resource: str) -> Json:
    rule = {"apiGroups": [group], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": [resource]}
    labels = {"matchLabels": {REPOSITORY: shop.name.replace("/", ".")}}
    return {"resourceRules": [rule], "namespaceSelector": labels}
