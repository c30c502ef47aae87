"""A Flux Kustomization and the GitRepository that it takes its commits from, as the API tells them.

Fields: https://fluxcd.io/flux/components/kustomize/kustomizations/ and .../source/gitrepositories/; how they move:
kustomize-controller internal/controller/kustomization_controller.go (each try passes through Ready=Unknown, and
`lastAppliedRevision` is written when a try has ended well). Ready=True is no proof: it is written a moment before.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import msgspec

from app.cluster.applications import is_folder_of, is_own_ref
from app.cluster.seen import Foreign, holding_of, is_environment
from app.cluster.shapes import Condition, Metadata
from app.cluster.why import told
from app.domain.health import Holding, Sync

_COMMIT = re.compile(r"(?:sha1|sha256):([0-9a-f]+)$")
_WAITS = frozenset({"Progressing", "DependencyNotReady", "HealthCheckCanceled"})
_OF_A_COMMIT = frozenset({"BuildFailed", "ReconciliationFailed", "PruneFailed", "HealthCheckFailed"})
"""Only these come after `lastAttemptedRevision` was written; before, nobody knows which commit failed."""
_WITHOUT_SOURCE = "ArtifactFailed"
_ABOUT_THE_SOURCE = ("Source ", "gitrepositories.source.toolkit.fluxcd.io ")
"""How messages begin that say that there is nothing to fetch yet: an answer that the source has not given."""
_MISSING = re.compile(r'GitRepository\.source\.toolkit\.fluxcd\.io "[^"]+" not found')
"""The controller's cache does not hold the source yet, which came with the Kustomization. Seen in the real one under
load, whatever its reason."""


class _SourceRef(msgspec.Struct, gc=False):
    name: str = ""


class _Spec(msgspec.Struct, rename="camel", gc=False):
    path: str = ""
    source_ref: _SourceRef | None = None


class _Status(msgspec.Struct, rename="camel", gc=False):
    conditions: list[Condition] | None = None
    observed_generation: int = 0
    last_applied_revision: str = ""
    last_attempted_revision: str = ""


class Kustomization(msgspec.Struct, gc=False):
    """What is read of one."""

    metadata: Metadata
    spec: _Spec | None = None
    status: _Status | None = None


class _Ref(msgspec.Struct, gc=False):
    name: str = ""


class _SourceSpec(msgspec.Struct, gc=False):
    ref: _Ref | None = None


class _SourceStatus(msgspec.Struct, gc=False):
    conditions: list[Condition] | None = None


class GitRepository(msgspec.Struct, gc=False):
    """What is read of one."""

    metadata: Metadata
    spec: _SourceSpec | None = None
    status: _SourceStatus | None = None


@dataclass(frozen=True, slots=True)
class SeenKustomization:
    """An environment's Kustomization."""

    namespace: str
    revision: int = field(compare=False)
    key: str
    sync: Sync
    has_own_source: bool
    """It takes its commits from the GitRepository of its name."""
    holding: Holding | None = None
    attempted: str | None = None
    is_under_way: bool = False

    def after(self, known: "SeenKustomization") -> "SeenKustomization":
        """This version with what went wrong before, while the same commit is tried again."""
        if not self.is_under_way or known.attempted != self.attempted:
            return self
        return replace(self, sync=replace(self.sync, error=known.sync.error, tried=known.sync.tried))


@dataclass(frozen=True, slots=True)
class SeenSource:
    """An environment's GitRepository."""

    namespace: str
    revision: int = field(compare=False)
    key: str
    error: str | None = None
    is_exact: bool = False
    holding: Holding | None = None


def read_kustomization(raw: Kustomization) -> SeenKustomization | Foreign:
    """The Kustomization, where it is an environment's: its name is its folder's."""
    metadata, spec, status = raw.metadata, raw.spec or _Spec(), raw.status or _Status()
    name, key, revision = metadata.name, f"{metadata.namespace}/{metadata.name}", int(metadata.resource_version)
    if not is_folder_of(spec.path, name):
        return Foreign(name, revision, key)
    ready = _condition(status.conditions, "Ready")
    attempted = _commit(status.last_attempted_revision)
    error = _error(ready, status.conditions)
    is_observed = status.observed_generation == metadata.generation
    sync = Sync(
        f"Kustomization/{name}",
        applied=attempted if is_observed and status.last_applied_revision == status.last_attempted_revision else None,
        tried=None if error and ready.reason not in _OF_A_COMMIT else attempted,
        error=error,
    )
    has_own_source = spec.source_ref is not None and spec.source_ref.name == name
    holding = holding_of(f"Kustomization/{name}", metadata)
    is_under_way = ready.status == "Unknown"
    return SeenKustomization(name, revision, key, sync, has_own_source, holding, attempted, is_under_way)


def read_source(raw: GitRepository) -> SeenSource | Foreign:
    """The GitRepository, where it is one environment's own: it is called as environments are."""
    metadata = raw.metadata
    name, key, revision = metadata.name, f"{metadata.namespace}/{metadata.name}", int(metadata.resource_version)
    if not is_environment(name):
        return Foreign(name, revision, key)
    conditions = raw.status.conditions if raw.status else None
    failed = _condition(conditions, "FetchFailed")
    ref = raw.spec.ref.name if raw.spec and raw.spec.ref else ""
    error = told(failed.message or failed.reason) if failed.status == "True" else None
    holding = holding_of(f"GitRepository/{name}", metadata)
    return SeenSource(name, revision, key, error, is_own_ref(ref, name), holding)


def joined(kustomization: SeenKustomization, source: SeenSource | None) -> Sync:
    """What both say. Of a commit that cannot be fetched nobody knows which it is."""
    if source is None or not kustomization.has_own_source:
        return kustomization.sync
    sync = replace(kustomization.sync, is_exact=source.is_exact)
    return replace(sync, error=source.error, tried=None) if source.error else sync


def _error(ready: Condition, conditions: Sequence[Condition] | None) -> str | None:
    stalled = _condition(conditions, "Stalled")
    if stalled.status == "True":
        return told(stalled.message or stalled.reason)
    is_early = ready.reason == _WITHOUT_SOURCE and ready.message.startswith(_ABOUT_THE_SOURCE)
    is_early = is_early or _MISSING.fullmatch(ready.message) is not None
    if ready.status != "False" or ready.reason in _WAITS or is_early:
        return None
    return told(ready.message or ready.reason)


def _condition(conditions: Sequence[Condition] | None, kind: str) -> Condition:
    return next((each for each in conditions or () if each.type == kind), Condition())


def _commit(revision: str) -> str | None:
    """Of `main@sha1:...` or `refs/...@sha1:...` (fluxcd.io, "artifact revision")."""
    found = _COMMIT.search(revision)
    return found.group(1) if found else None
