"""An environment in each state that reads differently: what the previews and the tests of the texts are made from."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain.answer import Answer
from app.domain.changes import Changes
from app.domain.desire import Place
from app.domain.desired import Absent, Present, Waiting
from app.domain.environment import Asked, Environment, Moment, Progress, Published, Stage, Status, Trouble
from app.domain.health import Cause, FailureLog, Health, Holding, LogSource, Phase, Problem, Sync, Workload
from app.domain.proposal import Proposal, ProposalState
from app.domain.pull_request import RepositoryRef
from app.domain.teardown import Teardown
from app.texts.answers import help_text
from gitops.spec import Spec

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
"""The moment of all samples."""
SHA, OLD_SHA = "0123456" + "a" * 33, "f" * 40
"""The pull request's head, and the commit before it."""

_OURS, _OLDER = "c" * 40, "d" * 40
_PLACE = Place("pr-42-shop", "environments/default/Acme/Shop/pr-42-shop", "pr-42-shop.preview.test", "default")
_PAGE = "https://argocd.test/applications/argocd/pr-42-shop"
_COMMITTED = NOW - timedelta(minutes=1)
_NEVER = Published(3, None, None, _COMMITTED)
_SOURCE = LogSource("web-5d9c-x", "web", is_previous=True)
_SYNCED = Sync("Application/pr-42-shop", applied=_OURS, tried=_OURS, is_exact=True)
_FORK = (
    f"The commits come from a fork. Commit {SHA[:12]} does not run before somebody who may write here has approved "
    "it, exactly as it is."
)


def samples() -> Mapping[str, Environment]:
    """The environments, each under the name of its state."""
    return {**_under_way(), **_ready(), **_failed(), **_waiting(), **_in_review(), **_going()}


def _under_way() -> Mapping[str, Environment]:
    behind = Sync("Kustomization/pr-42-shop", applied=_OLDER, tried=_OLDER, is_exact=True)
    syncing = replace(_progress(), synced_at=NOW - timedelta(seconds=40), moments=())
    probe = Problem(
        Cause.PROBE,
        "Pod/web-5d9c-x",
        "container web: Readiness probe failed: dial tcp :8080: connect: connection refused",
    )
    return {
        "queued": _environment(published=replace(_NEVER, generation=2)),
        "provisioning": _environment(),
        "updating": _environment(was_ready=True, progress=replace(syncing, ready_sha=OLD_SHA)),
        "waiting-for-syncer": _environment(health=Health(Phase.ACTIVE, (_web(sha=OLD_SHA),), sync=behind)),
        "not-ready-yet": _environment(
            health=Health(Phase.ACTIVE, (_web(is_ready=False),), problems=(probe,)), progress=syncing
        ),
        "unsure": _environment(
            notice="GitHub no longer shows this pull request. Nothing was removed: a person should look."
        ),
    }


def _ready() -> Mapping[str, Environment]:
    shop = Workload("StatefulSet/db", SHA, 0, is_ready=True)
    done = Workload("Job/migrate", SHA, 0, is_ready=True)
    ready = _environment(
        health=Health(Phase.ACTIVE, (_web(),)),
        page=_PAGE,
        was_ready=True,
        progress=_progress(),
        expires_at=NOW + timedelta(hours=72),
        changes=Changes(changed=("Deployment/web",)),
    )
    several = replace(
        ready,
        health=Health(Phase.ACTIVE, (_web(), done, shop)),
        published=replace(
            ready.published,
            workloads=("Deployment/web", "Job/migrate", "StatefulSet/db"),
            objects=("Deployment/web", "Ingress/web", "Job/migrate", "Service/web", "StatefulSet/db"),
        ),
        changes=Changes(("Job/migrate", "StatefulSet/db"), ("Deployment/web",), ("ConfigMap/old",)),
    )
    pinned = Present(replace(_spec(), head_sha=OLD_SHA))
    drift = replace(_SYNCED, drift=("Deployment/web", "Service/web"))
    return {
        "ready": ready,
        "ready-several-services": several,
        "ready-first-commit": replace(ready, changes=Changes(added=("Deployment/web", "Ingress/web", "Service/web"))),
        "ready-pinned": replace(
            ready,
            desired=pinned,
            pinned_sha=OLD_SHA,
            health=Health(Phase.ACTIVE, (_web(OLD_SHA),)),
            progress=replace(ready.progress, head_sha=OLD_SHA, ready_sha=OLD_SHA),
        ),
        "ready-fork": replace(
            ready, desired=Present(_spec(), approval=9), expires_at=NOW + timedelta(hours=23, minutes=30)
        ),
        "drift": replace(ready, health=Health(Phase.ACTIVE, (_web(),), sync=drift)),
        "answered": replace(ready, answer=_answer("extend 24h", "It stays until 28 November 2026 at 12:00 UTC.")),
        "answered-help": replace(ready, answer=_answer("help", help_text())),
        "refused": replace(
            ready,
            answer=_answer(
                "destroy", "You may not write to this repository, so you can only `explain` and `help`.", "eve"
            ),
        ),
    }


def _failed() -> Mapping[str, Environment]:
    pull = Problem(Cause.IMAGE_NOT_FOUND, "Pod/web-5d9c-x", "container web: ghcr.io/acme/shop:0123456: not found")
    crash = Problem(Cause.CRASH, "Pod/web-5d9c-x", "container web ended with exit code 1 (Error)", _SOURCE)
    migration = Problem(
        Cause.JOB_FAILED,
        "Job/migrate",
        "Job has reached the specified backoff limit; Pod/migrate-x: container migrate ended with exit code 3 (Error)",
        LogSource("migrate-x", "migrate", is_previous=False),
    )
    refused = 'Deployment.apps "web" is invalid: spec.template.spec.containers[0].image: Required value'
    words = "rendering acme/shop#42: template web/deployment.yaml.j2: no such field"
    rolling = replace(_progress(Status.FAILED), ready_at=None, ready_sha=OLD_SHA)
    failed = _environment(was_ready=True, progress=rolling, expires_at=NOW + timedelta(hours=72))
    log = FailureLog(
        "Pod/web-5d9c-x, container web", "connecting to postgres://***:***/shop\nfatal: no such table: carts"
    )
    return {
        "failed-image-not-found": replace(failed, health=Health(Phase.ACTIVE, (_web(problem=pull),))),
        "failed-crash": replace(failed, health=Health(Phase.ACTIVE, (_web(problem=crash),)), failure_log=log),
        "failed-migration": replace(
            failed,
            health=Health(Phase.ACTIVE, (Workload("Job/migrate", SHA, 0, is_ready=False, problem=migration), _web())),
            published=replace(failed.published, workloads=("Deployment/web", "Job/migrate")),
            failure_log=FailureLog("Pod/migrate-x, container migrate", 'column "price" already exists'),
        ),
        "failed-sync": replace(
            failed,
            health=Health(Phase.ACTIVE, sync=replace(_SYNCED, applied=_OLDER, error=refused)),
            page=_PAGE,
            progress=replace(rolling, synced_at=None),
        ),
        "failed-overdue": replace(failed, published=replace(failed.published, at=NOW - timedelta(minutes=16))),
        "failed-template": replace(failed, troubles={Stage.PUBLISH: Trouble(words, 1, is_stalled=True)}),
    }


def _waiting() -> Mapping[str, Environment]:
    waiting = _environment(desired=Waiting(_FORK, SHA, ()), published=_NEVER)
    return {
        "waiting": waiting,
        "waiting-while-an-approved-commit-runs": replace(
            waiting,
            desired=Waiting(_FORK, SHA, (OLD_SHA,)),
            published=_environment().published,
            was_ready=True,
            progress=Progress(_OURS, OLD_SHA, _COMMITTED, _COMMITTED, OLD_SHA),
        ),
    }


def _in_review() -> Mapping[str, Environment]:
    first = _environment(published=replace(_NEVER, generation=2), proposal=_proposal())
    runs = replace(
        first,
        published=replace(_environment().published, generation=2, head_sha=OLD_SHA),
        was_ready=True,
        progress=Progress(_OLDER, OLD_SHA, _COMMITTED, _COMMITTED, OLD_SHA),
        expires_at=NOW + timedelta(hours=72),
    )
    words = "Not today: it needs <b>80</b> pods.\n\n# Ask [again](https://evil.test) tomorrow"
    refused = _proposal(
        state=ProposalState.REFUSED,
        decided_at=NOW - timedelta(seconds=30),
        decided_by="grace",
        decided_words=words,
    )
    closed = Absent("The pull request was closed.", is_closed=True)
    removal = _proposal(is_removal=True, head_sha=None, tree=None)
    going = replace(runs, desired=closed, proposal=removal)
    merged = _proposal(state=ProposalState.MERGED, decided_at=NOW - timedelta(seconds=5), decided_by="grace")
    trouble = "opening the proposal of Acme/Shop#42: GitHub answered 403: Resource not accessible by integration"
    unopened = _proposal(number=None, url=None)
    return {
        "review": first,
        "review-before-it-is-opened": replace(first, proposal=unopened),
        "review-by-approval": replace(runs, proposal=_proposal(merged_by_us=True)),
        "review-explained": replace(runs, answer=_answer("explain", "It waits for review.")),
        "review-that-could-not-be-asked-for": replace(first, proposal=replace(unopened, trouble=trouble)),
        "review-merged": replace(runs, proposal=merged),
        "review-refused": replace(runs, proposal=refused),
        "review-refused-without-words": replace(first, proposal=replace(refused, decided_words=None)),
        "review-of-removal": going,
        "review-of-removal-refused": replace(
            going, proposal=replace(refused, is_removal=True, head_sha=None, tree=None, decided_words="It is in use.")
        ),
    }


def _going() -> Mapping[str, Environment]:
    closed = Absent("The pull request was closed.", is_closed=True)
    left = Teardown(
        removed_commit=_OLDER,
        removed_at=_COMMITTED,
        made_commit=_OURS,
        made_at=_COMMITTED - timedelta(hours=2),
        objects=("Deployment/web", "Namespace/pr-42-shop", "Service/web"),
    ).seen(("Namespace/pr-42-shop", "Application/pr-42-shop"), _COMMITTED)
    gone = left.seen((), NOW - timedelta(seconds=54))
    going = _environment(
        desired=closed,
        published=replace(_NEVER, commit=_OLDER),
        teardown=left,
        progress=replace(_progress(), ready_sha=None),
    )
    stuck = Health(
        Phase.TERMINATING,
        notes=("Some content in the namespace has finalizers remaining: acme.com/lock in 1 resource instances",),
        holding=(
            Holding("ConfigMap/lock", ("acme.com/lock",), "2026-11-24T11:48:01Z"),
            Holding("Namespace/pr-42-shop", ("kubernetes",), "2026-11-24T11:48:00Z"),
        ),
    )
    stopped = Absent("It was removed on request. A redeploy brings it back.")
    expired = Absent("It was not used for 72 hours. `/ephemera deploy` or a push brings it back.", is_expired=True)
    return {
        "draft": _environment(
            desired=Absent("The pull request is a draft. It gets an environment when it is ready for review."),
            published=_NEVER,
        ),
        "destroying": going,
        "stuck": replace(going, desired_at=NOW - timedelta(minutes=11), health=stuck, observed_at=NOW, page=_PAGE),
        "destroyed": replace(going, teardown=gone),
        "destroyed-on-request": replace(going, desired=stopped, teardown=gone),
        "expired": replace(going, desired=expired, teardown=gone),
    }


def _environment(**changes: Any) -> Environment:
    """Decided two minutes ago and committed a minute ago, with nothing seen yet."""
    ordinary = Environment(
        id=5,
        repository=RepositoryRef(7, "Acme/Shop", 70),
        number=42,
        place=_PLACE,
        asked=Asked(3, "ada", "pull_request.synchronize", "d-1"),
        decided_generation=3,
        desired=Present(_spec()),
        desired_generation=3,
        desired_at=NOW - timedelta(minutes=2),
        notice=None,
        commit_sha=SHA,
        was_ready=False,
        published=Published(3, "b" * 40, _OURS, _COMMITTED, ("Deployment/web",), head_sha=SHA),
        health=None,
        observed_at=None,
    )
    return replace(ordinary, **changes)


def _proposal(**changes: Any) -> Proposal:
    """Opened a minute and a half ago, and waiting for people."""
    ordinary = Proposal(
        id=3,
        state=ProposalState.OPEN,
        number=12,
        generation=3,
        is_wanted=True,
        is_removal=False,
        is_settled=False,
        merged_by_us=False,
        proposed_at=NOW - timedelta(seconds=90),
        head_sha=SHA,
        url="https://github.com/acme/environments/pull/12",
        tree="b" * 40,
    )
    return replace(ordinary, **changes)


def _spec() -> Spec:
    return Spec(
        cluster=_PLACE.cluster,
        namespace=_PLACE.namespace,
        folder=_PLACE.folder,
        owner="Acme",
        repository="Shop",
        number=42,
        head_sha=SHA,
        image=f"ghcr.io/acme/shop:{SHA}",
        port=8080,
        host=_PLACE.host,
    )


def _progress(ended: Status = Status.READY) -> Progress:
    moments = (Moment(_COMMITTED, Status.UPDATING), Moment(NOW - timedelta(seconds=5), ended))
    synced_at, ready_at = NOW - timedelta(seconds=40), NOW - timedelta(seconds=5)
    return Progress(_OURS, SHA, synced_at, ready_at, SHA, moments)


def _web(sha: str = SHA, *, is_ready: bool = True, problem: Problem | None = None) -> Workload:
    return Workload("Deployment/web", sha, 0, is_ready and problem is None, problem)


def _answer(command: str, text: str, by: str = "ada") -> Answer:
    return Answer(by, command, text, is_refusal=by == "eve", at=NOW - timedelta(seconds=10))
