"""Which commit an Argo CD Application says it has applied, and what it says is wrong."""

import pytest

from app.cluster.applications import SeenApplication
from app.cluster.objects import Objects
from app.cluster.seen import Foreign
from app.domain.health import Holding, Sync
from tests.cluster.raw import NAMESPACE, Json
from tests.cluster.reading import APPLICATIONS, read
from tests.cluster.synced import EARLY, NEW, OLD, application, compared, operation

LATE = "2031-01-01T00:00:09Z"
FAILURE = 'one or more objects failed to apply, reason: Deployment.apps "web" is invalid'


def sync_of(raw: Json) -> Sync:
    seen = read(APPLICATIONS, raw)
    assert isinstance(seen, SeenApplication)
    return seen.sync


@pytest.mark.parametrize(
    ("status", "applied", "tried"),
    [
        ({}, None, None),
        ({"sync": compared("OutOfSync")}, None, None),
        ({"sync": compared("Synced")}, NEW, NEW),
        ({"sync": compared("Synced"), "operationState": operation("Succeeded")}, NEW, NEW),
        ({"sync": compared("Synced"), "operationState": operation("Succeeded", OLD)}, NEW, NEW),
        ({"sync": compared("OutOfSync"), "operationState": operation("Succeeded", OLD)}, OLD, OLD),
        ({"sync": compared("OutOfSync"), "operationState": operation("Succeeded")}, NEW, NEW),
        ({"sync": compared("Unknown", ""), "operationState": operation("Succeeded")}, NEW, NEW),
        ({"sync": compared("OutOfSync"), "operationState": operation("Running", finished=None)}, None, NEW),
        ({"sync": compared("Synced"), "operationState": operation("Running", finished=None)}, None, NEW),
        (
            {
                "sync": compared("Unknown", ""),
                "operationState": operation("Succeeded", OLD),
                "conditions": [{"type": "ComparisonError", "message": "no such ref"}],
            },
            OLD,
            None,
        ),
        ({"sync": compared("OutOfSync"), "operationState": operation("Failed")}, None, NEW),
        ({"sync": compared("Synced"), "operationState": operation("Failed")}, None, NEW),
        ({"sync": compared("Synced"), "operationState": operation("Failed", OLD)}, NEW, OLD),
    ],
    ids=[
        "just made",
        "never synced",
        "nothing to do",
        "synced",
        "a commit that changes nothing here",
        "a newer commit is seen and not begun",
        "changed by hand since",
        "cannot be compared at present",
        "runs",
        "runs, and all objects look alike",
        "the next one cannot be read",
        "failed",
        "a hook failed",
        "failed before, and taken back since",
    ],
)
def test_commit_is_applied_when_a_sync_or_a_comparison_proves_it(
    status: Json, applied: str | None, tried: str | None
) -> None:
    found = sync_of(application(**status))
    assert (found.name, found.applied, found.tried) == (f"Application/{NAMESPACE}", applied, tried)


def test_requested_operation_is_under_way_before_it_begins() -> None:
    raw = application(sync=compared("OutOfSync"))
    raw["operation"] = {"sync": {"revision": NEW}}
    assert sync_of(raw) == Sync(f"Application/{NAMESPACE}", None, NEW, is_exact=True)


@pytest.mark.parametrize(
    ("ref", "is_exact"),
    [
        (f"refs/environments/{NAMESPACE}", True),
        (f"refs/heads/environments/{NAMESPACE}", True),
        ("refs/environments/pr-8-shop", False),
        ("refs/heads/main", False),
        ("main", False),
        (NAMESPACE, False),
        ("", False),
    ],
)
def test_only_the_environments_own_ref_names_its_commits_alone(ref: str, is_exact: bool) -> None:
    raw = application()
    raw["spec"]["source"]["targetRevision"] = ref
    assert sync_of(raw).is_exact is is_exact


@pytest.mark.parametrize(
    ("path", "destination"),
    [
        (f"environments/main/acme/shop/{NAMESPACE}", "default"),
        (f"apps/{NAMESPACE}", NAMESPACE),
        ("environments/main/acme/shop/pr-8-shop", NAMESPACE),
        ("", NAMESPACE),
    ],
)
def test_application_of_anything_but_an_environments_folder_is_foreign(path: str, destination: str) -> None:
    raw = application(7)
    raw["spec"] = {"source": {"path": path}, "destination": {"namespace": destination}}
    assert read(APPLICATIONS, raw) == Foreign(NAMESPACE, 7, f"argocd/{NAMESPACE}")


@pytest.mark.parametrize("spec", [{}, {"sources": [{"path": "x"}]}, {"source": None, "destination": None}])
def test_application_without_one_source_is_foreign(spec: Json) -> None:
    raw = application() | {"spec": spec}
    assert isinstance(read(APPLICATIONS, raw), Foreign)


RETRIED = f"{FAILURE}. Retrying attempt #2 at 2031-01-01T00:01:00Z."


def refused_by_dry_run(revision: str) -> Json:
    """As Argo CD 3.6.1 writes it: the reason stands with the object alone."""
    state = operation("Failed", revision, "one or more objects failed to apply (dry run)")
    objects = [
        {"kind": "Service", "name": "web", "status": "Synced", "message": "service/web created (dry run)"},
        {"kind": "Deployment", "name": "web", "status": "SyncFailed", "message": 'Deployment.apps "web" is invalid'},
    ]
    return {**state, "syncResult": {**state.get("syncResult", {}), "revision": revision, "resources": objects}}


@pytest.mark.parametrize(
    ("status", "error", "tried"),
    [
        ({"operationState": operation("Failed", NEW, f"{FAILURE} (retried 5 times).")}, FAILURE, NEW),
        ({"operationState": operation("Error", NEW, "")}, "Error", NEW),
        ({"operationState": refused_by_dry_run(NEW)}, 'Deployment/web: Deployment.apps "web" is invalid', NEW),
        ({"operationState": operation("Running", NEW, RETRIED, retryCount=2)}, FAILURE, NEW),
        ({"operationState": operation("Running", NEW, "waiting for healthy state of Job/migrate", None)}, None, NEW),
        (
            {
                "sync": compared("Unknown", OLD),
                "operationState": operation("Failed", OLD, FAILURE),
                "conditions": [{"type": "ComparisonError", "message": "Failed to load target state: no such ref"}],
            },
            "Failed to load target state: no such ref",
            None,
        ),
        (
            {
                "sync": compared("OutOfSync"),
                "reconciledAt": LATE,
                "operationState": operation("Succeeded", OLD),
                "conditions": [{"type": "SyncError", "message": "auto-sync will wipe out all resources"}],
            },
            "auto-sync will wipe out all resources",
            NEW,
        ),
        (
            {
                "sync": compared("OutOfSync"),
                "reconciledAt": EARLY,
                "operationState": operation("Succeeded"),
                "conditions": [{"type": "SyncError", "message": "of the try before"}],
            },
            None,
            NEW,
        ),
        ({"sync": compared("Synced"), "conditions": [{"type": "OrphanedResourceWarning", "message": "x"}]}, None, NEW),
    ],
    ids=[
        "failed",
        "no words",
        "dry run",
        "waits to retry",
        "waits",
        "not compared",
        "not begun",
        "over",
        "a mere warning",
    ],
)
def test_error_is_what_failed_last_with_the_commit_where_it_is_known(
    status: Json, error: str | None, tried: str | None
) -> None:
    found = sync_of(application(**status))
    assert (found.error, found.tried) == (error, tried)


def told(*versions: Json) -> list[Sync]:
    """What is known after each version of the Application."""
    objects, known = Objects(), []
    for revision, raw in enumerate(versions, start=1):
        raw["metadata"]["resourceVersion"] = str(revision)
        objects.put(read(APPLICATIONS, raw))
        known += [seen.sync for seen in objects.of(NAMESPACE) if isinstance(seen, SeenApplication)]
    return known


def test_failure_stays_told_while_the_same_commit_is_tried_again() -> None:
    waits = application(operationState=operation("Running", NEW, RETRIED))
    begins = application(operationState=operation("Running", NEW, "Retrying operation. Attempt #2", None))
    silent = application(operationState=operation("Running", NEW, "", None))
    goes_on = application(operationState=operation("Running", NEW, "waiting for healthy state of Job/migrate", None))
    succeeded = application(sync=compared("Synced"), operationState=operation("Succeeded"))
    found = told(waits, begins, silent, goes_on, succeeded)
    assert [sync.error for sync in found] == [FAILURE, FAILURE, FAILURE, FAILURE, None]


def test_failure_stays_told_while_a_further_try_does_not_say_its_commit() -> None:
    failed = application(operationState=operation("Running", NEW, RETRIED))
    looks = application(operationState=operation("Running", "", "Retrying operation. Attempt #2", None))
    newer = application(operationState=operation("Running", OLD, "", None))
    found = told(failed, looks, newer)
    assert [(sync.error, sync.tried) for sync in found] == [(FAILURE, NEW), (FAILURE, NEW), (None, OLD)]


def test_failure_of_another_commit_is_not_told_of_the_next_one() -> None:
    failed = application(operationState=operation("Failed", OLD, FAILURE))
    next_one = application(operationState=operation("Running", NEW, "", None))
    assert [sync.error for sync in told(failed, next_one)] == [FAILURE, None]


def test_commit_stays_applied_while_it_heals() -> None:
    synced = application(sync=compared("Synced"), operationState=operation("Succeeded"))
    heals = application(sync=compared("OutOfSync"), operationState=operation("Running", NEW, "", None))
    newer = application(sync=compared("OutOfSync", OLD), operationState=operation("Running", OLD, "", None))
    assert [sync.applied for sync in told(synced, heals, newer)] == [NEW, NEW, None]


DIFFERING = [
    {"kind": "Service", "name": "web", "status": "OutOfSync"},
    {"kind": "Deployment", "name": "web", "status": "OutOfSync", "group": "apps"},
    {"kind": "Ingress", "name": "web", "status": "Synced"},
]


def test_drift_is_what_differs_from_the_applied_commit() -> None:
    status: Json = {"sync": compared("OutOfSync"), "reconciledAt": LATE, "resources": DIFFERING}
    assert sync_of(application(**status, operationState=operation("Succeeded"))).drift == (
        "Deployment/web",
        "Service/web",
    )
    assert sync_of(application(**status, operationState=operation("Succeeded", OLD))).drift == ()
    assert sync_of(application(**status, operationState=operation("Running", finished=None))).drift == ()


def test_comparison_made_before_the_sync_ended_is_no_drift() -> None:
    stale = application(
        sync=compared("OutOfSync"), reconciledAt=EARLY, resources=DIFFERING, operationState=operation("Succeeded")
    )
    synced = application(sync=compared("Synced"), reconciledAt=EARLY, operationState=operation("Succeeded"))
    drifted = application(
        sync=compared("OutOfSync"), reconciledAt=EARLY, resources=DIFFERING, operationState=operation("Succeeded")
    )
    assert [bool(sync.drift) for sync in told(stale, synced, drifted)] == [False, False, True]


def test_commit_that_needed_no_sync_stays_applied_when_somebody_changes_an_object() -> None:
    synced_before = operation("Succeeded", OLD)
    nothing_to_do = application(sync=compared("Synced"), operationState=synced_before)
    drifted = application(sync=compared("OutOfSync"), resources=DIFFERING, operationState=synced_before)
    again = application(sync=compared("OutOfSync"), resources=DIFFERING[:1], operationState=synced_before)
    next_one = application(sync=compared("OutOfSync", "3" * 40), resources=DIFFERING, operationState=synced_before)
    found = told(nothing_to_do, drifted, again, next_one)
    assert [sync.applied for sync in found] == [NEW, NEW, NEW, OLD]
    assert [len(sync.drift) for sync in found] == [0, 2, 1, 0]


def test_nothing_drifts_while_it_is_being_removed() -> None:
    raw = application(
        sync=compared("OutOfSync"), reconciledAt=LATE, resources=DIFFERING, operationState=operation("Succeeded")
    )
    raw["metadata"]["deletionTimestamp"] = LATE
    assert sync_of(raw).drift == ()


def test_application_that_cannot_go_says_what_holds_it() -> None:
    raw = application()
    raw["metadata"] |= {"deletionTimestamp": EARLY, "finalizers": ["resources-finalizer.argocd.argoproj.io"]}
    seen = read(APPLICATIONS, raw)
    assert seen.holding == Holding(f"Application/{NAMESPACE}", ("resources-finalizer.argocd.argoproj.io",), EARLY)
