"""Which commit a Flux Kustomization and its GitRepository say is applied, and what they say is wrong."""

import pytest

from app.cluster.kustomizations import SeenKustomization, joined
from app.cluster.objects import Objects
from app.cluster.seen import Foreign
from app.domain.health import Holding, Sync
from tests.cluster.raw import NAMESPACE, Json, condition
from tests.cluster.reading import KUSTOMIZATIONS, SOURCES, read
from tests.cluster.synced import NEW, OLD, READY, failed, kustomization, source

SINCE = "2031-01-01T00:00:05Z"
TRYING = condition("Ready", "Unknown", "Progressing", "Reconciliation in progress")


def sync_of(raw: Json, its_source: Json | None = None) -> Sync:
    seen = read(KUSTOMIZATIONS, raw)
    assert isinstance(seen, SeenKustomization)
    return joined(seen, read(SOURCES, its_source) if its_source else None)


@pytest.mark.parametrize(
    ("raw", "applied", "tried"),
    [
        (kustomization(), None, None),
        (kustomization(TRYING), None, None),
        (kustomization(TRYING, tried=NEW), None, NEW),
        (kustomization(READY, applied=NEW, tried=NEW), NEW, NEW),
        (kustomization(READY, applied=NEW, tried=NEW, observed=1), None, NEW),
        (kustomization(READY, applied=OLD, tried=NEW), None, NEW),
        (kustomization(TRYING, applied=NEW, tried=NEW), NEW, NEW),
        (kustomization(TRYING, applied=OLD, tried=NEW), None, NEW),
        (kustomization(failed("ReconciliationFailed"), applied=OLD, tried=NEW), None, NEW),
        (kustomization(failed("ReconciliationFailed"), applied=NEW, tried=NEW), NEW, NEW),
    ],
    ids=[
        "just made",
        "begins",
        "first try",
        "applied",
        "applied as it was told before",
        "ready before the commit is written",
        "looked at again",
        "the next one is tried",
        "the next one failed",
        "the same failed later",
    ],
)
def test_commit_is_applied_when_its_last_try_ended_well(raw: Json, applied: str | None, tried: str | None) -> None:
    found = sync_of(raw)
    assert (found.name, found.applied, found.tried) == (f"Kustomization/{NAMESPACE}", applied, tried)


@pytest.mark.parametrize("revision", [f"main@sha1:{NEW}", f"refs/heads/x@sha1:{NEW}", f"sha1:{NEW}"])
def test_commit_is_read_from_every_form_of_a_revision(revision: str) -> None:
    raw = kustomization(READY)
    raw["status"] |= {"lastAppliedRevision": revision, "lastAttemptedRevision": revision}
    assert sync_of(raw).applied == NEW


@pytest.mark.parametrize("revision", ["", "main", f"main/{NEW}", "sha256:", "latest@oci:abc"])
def test_revision_without_a_commit_is_none(revision: str) -> None:
    raw = kustomization(READY)
    raw["status"] |= {"lastAppliedRevision": revision, "lastAttemptedRevision": revision}
    assert sync_of(raw).applied is None


@pytest.mark.parametrize(
    ("conditions", "error", "tried"),
    [
        ([READY], None, NEW),
        ([TRYING], None, NEW),
        ([failed("BuildFailed", "accumulating resources: bad YAML")], "accumulating resources: bad YAML", NEW),
        ([failed("ReconciliationFailed", "Deployment/web dry-run failed")], "Deployment/web dry-run failed", NEW),
        ([failed("HealthCheckFailed", "health check failed after 5.01s: x")], "health check failed in time: x", NEW),
        ([failed("DependencyNotReady", "dependency not ready")], None, NEW),
        ([failed("HealthCheckCanceled", "New reconciliation triggered")], None, NEW),
        ([failed("ArtifactFailed", "Source artifact not found, retrying in 30s")], None, NEW),
        ([failed("ArtifactFailed", 'gitrepositories.source.toolkit.fluxcd.io "pr-7-shop" not found')], None, NEW),
        ([failed("ReconciliationFailed", 'GitRepository.source.toolkit.fluxcd.io "pr-7-shop" not found')], None, NEW),
        (
            [failed("ArtifactFailed", "kustomization path not found: stat a")],
            "kustomization path not found: stat a",
            None,
        ),
        ([condition("Stalled", "True", "AccessDenied", "blocked"), failed("AccessDenied", "blocked")], "blocked", None),
    ],
)
def test_error_is_what_failed_last_with_the_commit_where_it_is_known(
    conditions: list[Json], error: str | None, tried: str | None
) -> None:
    found = sync_of(kustomization(*conditions, tried=NEW))
    assert (found.error, found.tried) == (error, tried)


FETCH_FAILED = condition("FetchFailed", "True", "GitOperationFailed", "failed to checkout: couldn't find remote ref")


def test_source_that_cannot_be_fetched_is_the_error_of_a_commit_nobody_knows() -> None:
    found = sync_of(kustomization(READY, applied=OLD, tried=OLD), source(FETCH_FAILED))
    assert found == Sync(
        f"Kustomization/{NAMESPACE}", OLD, None, "failed to checkout: couldn't find remote ref", is_exact=True
    )


def test_source_that_was_fetched_again_says_nothing() -> None:
    over = condition("FetchFailed", "False", "GitOperationFailed", "old words")
    assert sync_of(kustomization(READY, applied=NEW, tried=NEW), source(over)).error is None


def test_only_a_source_of_its_own_at_its_own_ref_is_exact() -> None:
    ready = kustomization(READY, applied=NEW, tried=NEW)
    shared = kustomization(READY, applied=NEW, tried=NEW, sourceRef={"name": "ephemera"})
    assert sync_of(ready, source()).is_exact
    assert not sync_of(ready, source(ref="refs/heads/main")).is_exact
    assert not sync_of(ready).is_exact
    assert not sync_of(shared, source()).is_exact


@pytest.mark.parametrize("path", ["", "./", "./environments/main", "./apps/pr-7-shop", "./environments/x/pr-8-shop"])
def test_kustomization_of_anything_but_an_environments_folder_is_foreign(path: str) -> None:
    assert read(KUSTOMIZATIONS, kustomization(path=path)) == Foreign(NAMESPACE, 1, f"flux-system/{NAMESPACE}")


def test_source_that_is_not_called_like_an_environment_is_foreign() -> None:
    assert isinstance(read(SOURCES, source(name="flux-system")), Foreign)


def told(*versions: Json) -> list[Sync]:
    """What is known after each version of the Kustomization."""
    objects, known = Objects(), []
    for revision, raw in enumerate(versions, start=1):
        raw["metadata"]["resourceVersion"] = str(revision)
        objects.put(read(KUSTOMIZATIONS, raw))
        known += [seen.sync for seen in objects.of(NAMESPACE) if isinstance(seen, SeenKustomization)]
    return known


def test_failure_stays_told_while_the_same_commit_is_tried_again() -> None:
    found = told(
        kustomization(failed("BuildFailed"), tried=OLD),
        kustomization(TRYING, tried=OLD),
        kustomization(failed("BuildFailed"), tried=OLD),
        kustomization(TRYING, tried=NEW),
        kustomization(READY, applied=NEW, tried=NEW),
    )
    assert [sync.error for sync in found] == ["it failed", "it failed", "it failed", None, None]


def test_missing_folder_stays_told_while_it_is_looked_for_again() -> None:
    missing = failed("ArtifactFailed", "kustomization path not found: stat a")
    found = told(kustomization(missing, applied=OLD, tried=OLD), kustomization(TRYING, applied=OLD, tried=OLD))
    assert [(sync.error, sync.tried) for sync in found] == [("kustomization path not found: stat a", None)] * 2


def test_objects_that_cannot_go_say_what_holds_them() -> None:
    for resource, raw, kind in (
        (KUSTOMIZATIONS, kustomization(), "Kustomization"),
        (SOURCES, source(), "GitRepository"),
    ):
        raw["metadata"] |= {"deletionTimestamp": SINCE, "finalizers": ["finalizers.fluxcd.io"]}
        assert read(resource, raw).holding == Holding(f"{kind}/{NAMESPACE}", ("finalizers.fluxcd.io",), SINCE)
