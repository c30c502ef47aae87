"""What the pull request says: a pure function of the row, kept word for word for every state."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.domain.desired import Absent, Waiting
from app.domain.environment import Environment, Published, Stage, Trouble
from app.domain.health import Cause, FailureLog, Health, Holding, LogSource, Phase, Problem, Sync, Workload
from app.domain.report import (
    MAX_COMMENT,
    MAX_DESCRIPTION,
    MAX_SUMMARY,
    CheckStatus,
    Conclusion,
    Report,
    State,
    digest,
    marker,
    report,
    superseded,
)
from tests.domain.builders import NOW, OLD_SHA, SHA, environment, health, removed, torn_down, web

GOLDEN = Path(__file__).parent / "golden"
PULL = Problem(Cause.IMAGE_NOT_FOUND, "Pod/web-5d9c-x", "container web: ghcr.io/acme/shop:0123456: not found")
SOURCE = LogSource("web-5d9c-x", "web", is_previous=True)
CRASH = Problem(Cause.CRASH, "Pod/web-5d9c-x", "container web ended with exit code 1 (Error)", SOURCE)
LOG = FailureLog("Pod/web-5d9c-x, container web", "connecting to postgres://***@db/shop\nfatal: no such table: carts")
PROBE = Problem(
    Cause.PROBE,
    "Pod/web-5d9c-x",
    "container web: Readiness probe failed: dial tcp :8080: connect: connection refused",
    replace(SOURCE, is_previous=False),
)
MIGRATION = Problem(
    Cause.JOB_FAILED,
    "Job/migrate",
    "Job has reached the specified backoff limit; Pod/migrate-x: container migrate ended with exit code 3 (Error)",
    LogSource("migrate-x", "migrate", is_previous=False),
)
REFUSED = 'Deployment.apps "web" is invalid: spec.template.spec.containers[0].image: Required value'
OURS, OLDER = "c" * 40, "d" * 40
SYNCED = Sync("Application/pr-42-shop", applied=OURS, tried=OURS, is_exact=True)
BEHIND = Sync("Kustomization/pr-42-shop", applied=OLDER, tried=OLDER, is_exact=True)
DRIFT = replace(SYNCED, drift=("Deployment/web", "Service/web"))
PAGE = "https://argocd.test/applications/argocd/pr-42-shop"
NEVER = Published(3, None, None, NOW - timedelta(minutes=1))
STALLED = {Stage.PUBLISH: Trouble("rendering acme/shop#42: template web/deployment.yaml.j2: no such field", 1, True)}
STUCK = Health(
    Phase.TERMINATING,
    notes=("Some content in the namespace has finalizers remaining: acme.com/lock in 1 resource instances",),
    holding=(
        Holding("ConfigMap/lock", ("acme.com/lock",), "2026-11-24T11:48:01Z"),
        Holding("Namespace/pr-42-shop", ("kubernetes",), "2026-11-24T11:48:00Z"),
    ),
)

STATES: dict[str, Environment] = {
    "queued": environment(published=replace(NEVER, generation=2)),
    "provisioning": environment(),
    "updating": environment(was_ready=True),
    "ready": environment(health=health(web()), page=PAGE),
    "waiting-for-syncer": environment(health=Health(Phase.ACTIVE, (web(sha=OLD_SHA),), sync=BEHIND)),
    "drift": environment(health=Health(Phase.ACTIVE, (web(),), sync=DRIFT)),
    "failed-image-not-found": environment(health=health(web(ready=False, problem=PULL))),
    "failed-crash": environment(health=health(web(ready=False, problem=CRASH)), failure_log=LOG),
    "failed-migration": environment(
        health=health(Workload("Job/migrate", SHA, 0, is_ready=False, problem=MIGRATION), web()),
        published=replace(environment().published, workloads=("Deployment/web", "Job/migrate")),
        failure_log=FailureLog("Pod/migrate-x, container migrate", 'column "price" already exists'),
    ),
    "failed-sync": environment(
        health=Health(Phase.ACTIVE, sync=replace(SYNCED, applied=OLDER, error=REFUSED)), page=PAGE
    ),
    "not-ready-yet": environment(health=Health(Phase.ACTIVE, (web(ready=False),), problems=(PROBE,))),
    "failed-overdue": environment(published=replace(environment().published, at=NOW - timedelta(minutes=16))),
    "failed-template": environment(troubles=STALLED),
    "waiting": environment(desired=Waiting("The commits come from a fork."), published=NEVER, page=PAGE),
    "draft": environment(desired=Absent("The pull request is a draft."), published=NEVER),
    "destroying": removed(),
    "stuck": removed(desired_at=NOW - timedelta(minutes=11), health=STUCK, observed_at=NOW, page=PAGE),
    "destroyed": removed(teardown=torn_down()),
}


@pytest.mark.parametrize("state", STATES)
def test_texts_read_as_they_were_approved(state: str, updates_goldens: bool) -> None:
    said = report(STATES[state], NOW)
    assert said.check is not None
    assert said.status is not None
    conclusion = f" ({said.check.conclusion})" if said.check.conclusion else ""
    text = (
        f"check run: {said.check.status}{conclusion}: {said.check.title}\n\n{said.check.summary}\n\n"
        f"commit status: {said.status.state}: {said.status.description} -> {said.status.target_url}\n\n"
        f"comment:\n\n{said.comment}\n"
    )
    path = GOLDEN / f"{state}.md"
    if updates_goldens:
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize(
    ("state", "check", "conclusion", "commit_status"),
    [
        ("queued", CheckStatus.QUEUED, None, State.PENDING),
        ("provisioning", CheckStatus.IN_PROGRESS, None, State.PENDING),
        ("updating", CheckStatus.IN_PROGRESS, None, State.PENDING),
        ("ready", CheckStatus.COMPLETED, Conclusion.SUCCESS, State.SUCCESS),
        ("failed-image-not-found", CheckStatus.COMPLETED, Conclusion.FAILURE, State.FAILURE),
        ("waiting", CheckStatus.COMPLETED, Conclusion.ACTION_REQUIRED, State.PENDING),
        ("draft", CheckStatus.COMPLETED, Conclusion.NEUTRAL, State.SUCCESS),
        ("destroyed", CheckStatus.COMPLETED, Conclusion.NEUTRAL, State.SUCCESS),
    ],
)
def test_check_run_and_commit_status_of_each_state(
    state: str, check: CheckStatus, conclusion: Conclusion | None, commit_status: State
) -> None:
    said = report(STATES[state], NOW)
    assert said.check is not None
    assert said.status is not None
    assert (said.check.status, said.check.conclusion, said.status.state) == (check, conclusion, commit_status)


def test_nothing_is_said_before_anything_is_decided() -> None:
    assert report(environment(desired=None, desired_generation=0, commit_sha=None), NOW) == Report()


def test_a_closed_pull_request_that_never_had_an_environment_is_left_alone() -> None:
    assert report(removed(published=NEVER), NOW) == Report()


def test_a_draft_gets_a_check_run_but_no_comment() -> None:
    said = report(STATES["draft"], NOW)
    assert said.check is not None
    assert said.comment is None


def test_every_comment_begins_with_its_marker() -> None:
    for row in STATES.values():
        comment = report(row, NOW).comment
        assert comment is None or comment.startswith(marker(row.id) + "\n")


def test_limits_of_github_are_kept_in_bytes() -> None:
    endless = Problem(Cause.CRASH, "Pod/" + "é" * 5000, "é" * 100_000)
    said = report(environment(health=health(web(ready=False, problem=endless))), NOW)
    assert said.check is not None
    assert said.status is not None
    assert said.comment is not None
    assert len(said.check.summary.encode()) <= MAX_SUMMARY
    assert len(said.comment) <= MAX_COMMENT
    assert len(said.status.description) <= MAX_DESCRIPTION


@pytest.mark.parametrize(
    "hostile", ["@everyone ![x](http://evil)", "```\n# big\n@acme/team", "<!-- ephemera:env=1 -->"]
)
def test_words_of_the_cluster_stay_inside_code(hostile: str) -> None:
    said = report(environment(health=health(web(ready=False, problem=Problem(Cause.CRASH, hostile, hostile)))), NOW)
    assert said.comment is not None
    outside = _outside_code(said.comment.removeprefix(marker(5)))
    assert "@" not in outside
    assert "http://evil" not in outside
    assert "<!--" not in outside


@pytest.mark.parametrize(
    "hostile", ["</details>\n@everyone", "```\n</details>\n# big\n@acme/team\n```", "~~~\n<img src=x>"]
)
def test_log_stays_inside_its_fold_and_its_code(hostile: str) -> None:
    row = environment(health=health(web(ready=False, problem=CRASH)), failure_log=FailureLog(hostile, hostile))
    said = report(row, NOW)
    assert said.comment is not None
    outside = _outside_code(said.comment.removeprefix(marker(5)))
    assert outside.count("<details>") == outside.count("</details>") == 1
    assert "@" not in outside
    assert "<img" not in outside


def test_log_is_shown_only_beside_a_problem_that_it_is_of() -> None:
    without = report(environment(health=health(web(ready=False, problem=PULL)), failure_log=LOG), NOW)
    ready = report(environment(health=health(web()), failure_log=LOG), NOW)
    assert "carts" not in f"{without.comment}{ready.comment}"


def test_longest_log_is_shown_to_its_end() -> None:
    log = FailureLog("Pod/web", "é" * 4090 + " end")
    said = report(environment(health=health(web(ready=False, problem=CRASH)), failure_log=log), NOW)
    assert said.comment is not None
    assert " end\n```" in said.comment


@pytest.mark.parametrize(
    ("sync", "waits"),
    [
        (BEHIND, True),
        (replace(BEHIND, applied=None, tried=None), True),
        (replace(BEHIND, tried=OURS), False),
        (replace(BEHIND, is_exact=False), False),
        (None, False),
    ],
)
def test_commit_that_the_syncer_has_not_turned_to_waits_for_it(sync: Sync | None, waits: bool) -> None:
    said = report(environment(health=Health(Phase.ACTIVE, sync=sync)), NOW)
    assert said.comment is not None
    assert ("waits for Flux" in said.comment) is waits


def test_only_some_of_many_changes_by_hand_are_named() -> None:
    many = replace(SYNCED, drift=tuple(f"ConfigMap/c{number}" for number in range(8)))
    said = report(environment(health=Health(Phase.ACTIVE, (web(),), sync=many)), NOW)
    assert said.comment is not None
    assert "`ConfigMap/c4` and 3 more. Argo CD puts them back." in said.comment


def test_same_row_has_the_same_fingerprint_and_another_state_another() -> None:
    fingerprints = {digest(report(row, NOW)) for row in STATES.values()}
    assert len(fingerprints) == len(STATES)
    assert digest(report(environment(), NOW)) == digest(report(environment(), NOW + timedelta(seconds=30)))


def test_superseded_check_run_ends() -> None:
    ended = superseded(SHA, "5", "b" * 40)
    assert (ended.head_sha, ended.status, ended.conclusion) == (SHA, CheckStatus.COMPLETED, Conclusion.CANCELLED)


def _outside_code(markdown: str) -> str:
    """What GitHub would interpret: everything but fenced blocks and code spans, whose fences may be of any length."""
    outside: list[str] = []
    fence = ""
    for line in markdown.splitlines():
        run = line[: len(line) - len(line.lstrip("`"))]
        if fence:
            fence = "" if line == fence else fence
        elif len(run) >= 3 and run == line:
            fence = run
        else:
            outside.append(_outside_spans(line))
    return "\n".join(outside)


def _outside_spans(line: str) -> str:
    kept = ""
    while (start := line.find("`")) >= 0:
        run = len(line[start:]) - len(line[start:].lstrip("`"))
        end = line.find("`" * run, start + run)
        if end < 0:
            break
        kept, line = kept + line[:start], line[end + run :]
    return kept + line
