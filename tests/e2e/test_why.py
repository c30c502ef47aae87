"""Why an environment is not ready, made to happen for real: what the row, the pull request and the API say of it.

Pods fail by the stages of `app/demo/real/stages`, which a repository of a fault's name selects; the scheduler, the
quota, admission and the syncer refuse by themselves.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.demo.github.readings import PullRequest
from app.demo.real import kwok
from app.demo.real.manifests import Json
from app.domain.health import WAITS, Cause
from app.domain.hints import HINTS
from tests.e2e.realm import Realm
from tests.scenarios.shop import Shop

SECRETS = ("hunter2", "ghp_0000000000000000000000000000notreal0")
"""Planted in the log of every container, `app/demo/real/container.log`."""
_LOG = "FATAL: DATABASE_URL: connection refused"
_ADMISSION = "admissionregistration.k8s.io/v1"


@dataclass(frozen=True, slots=True)
class Told:
    """What has to be said."""

    cause: Cause
    words: str
    """In the message that is shown."""
    has_log: bool = False
    hint: Cause | None = None
    """Whose hint is given, where it is not the cause's own."""


FAULTS = {
    "image-not-found": Told(Cause.IMAGE_NOT_FOUND, "not found"),
    "image-unauthorized": Told(Cause.IMAGE_UNAUTHORIZED, "401 Unauthorized"),
    "image-wrong-architecture": Told(Cause.IMAGE_ARCHITECTURE, "no match for platform in manifest"),
    "crash-loop": Told(Cause.CRASH, "ended with exit code 1", has_log=True),
    "out-of-memory": Told(Cause.OUT_OF_MEMORY, "exit code 137", has_log=True),
    "killed-by-signal": Told(Cause.CRASH, "signal 11", has_log=True),
    "exec-format-error": Told(Cause.CRASH, "ended with exit code 255", has_log=True),
    "failing-liveness": Told(Cause.LIVENESS_PROBE, "Liveness probe failed: HTTP probe failed with statuscode: 500"),
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
        self.asked.append((shop, pull))
        self.realm.world.await_true(lambda: self._is_told(shop, pull, told), f"{told} to be told")
        row = shop.row(pull)
        comment, shown = shop.comment(pull), self._shown(shop, pull)
        title = told.cause.value[0].upper() + told.cause.value[1:]
        assert f"**{title}** at `" in comment
        assert HINTS[told.hint or told.cause] in comment
        if told.cause in WAITS:
            assert row.status in ("provisioning", "updating")
            assert shop.says(pull) == ("in_progress", "pending")
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
        is_in_time = told.cause in WAITS or row.status == "failed"
        has_words = any(told.words in problem["message"] for problem in found) and told.words in comments[0]
        return is_in_time and has_words and (not told.has_log or "<details>" in comments[0])

    def _assert_log(self, comment: str, shown: Json, told: Told) -> None:
        log = shown["deployments"][0]["log"]
        if not told.has_log:
            return
        folded = comment.partition("<details>")[2].partition("</details>")[0]
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


@pytest.mark.parametrize("fault", FAULTS)
def test_pod_that_fails_is_explained(realm: Realm, teller: Teller, fault: str) -> None:
    shop = Shop.create(realm.world, f"acme/{fault}")
    teller.assert_told(shop, shop.open(), FAULTS[fault])


def test_image_that_is_slow_is_no_problem(realm: Realm) -> None:
    shop = Shop.create(realm.world, "acme/image-slow")
    pull = shop.open_until_ready()
    events = realm.world.query("SELECT message FROM events WHERE environment_id = %s", shop.row(pull).id)
    assert not [message for (message,) in events if "failed" in message]
    shop.close(pull)
