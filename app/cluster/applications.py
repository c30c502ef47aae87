"""An Argo CD Application as the API tells it: which commit it has applied, and why not another.

Fields: argo-cd pkg/apis/application/v1alpha1/types.go. How they move: controller/appcontroller.go (an operation that is
tried again is Running, with its failure in the message and the end of the failed try in `finishedAt`; `autoSync` starts
one only where something is OutOfSync) and controller/state.go (a comparison that failed has no revision).
"""

from dataclasses import dataclass, field, replace

import msgspec

from app.cluster.seen import Foreign, holding_of
from app.cluster.shapes import Condition, Metadata
from app.cluster.why import told
from app.domain.health import Holding, Sync
from gitops.naming import FOLDER_ROOT

_UNDER_WAY = frozenset({"Running", "Terminating"})
_FAILED = frozenset({"Failed", "Error"})
_NOT_COMPARED = frozenset({"ComparisonError", "InvalidSpecError", "UnknownError"})
_NOT_DONE = frozenset({"SyncError", "DeletionError"})
_RETRYING = "Retrying operation"


class _Source(msgspec.Struct, rename="camel"):
    path: str = ""
    target_revision: str = ""


class _Destination(msgspec.Struct):
    namespace: str = ""


class _Spec(msgspec.Struct):
    source: _Source | None = None
    destination: _Destination | None = None


class _AtRevision(msgspec.Struct):
    revision: str = ""
    status: str = ""


class _Operation(msgspec.Struct):
    sync: _AtRevision | None = None


class _OperationState(msgspec.Struct, rename="camel"):
    phase: str = ""
    message: str = ""
    finished_at: str | None = None
    operation: _Operation | None = None
    sync_result: _AtRevision | None = None

    @property
    def revision(self) -> str:
        result = self.sync_result.revision if self.sync_result else ""
        asked = self.operation.sync.revision if self.operation and self.operation.sync else ""
        return result or asked


class _Resource(msgspec.Struct):
    kind: str = ""
    name: str = ""
    status: str = ""


_RESOURCES = msgspec.json.Decoder(list[_Resource] | None)


class _Status(msgspec.Struct, rename="camel"):
    sync: _AtRevision | None = None
    operation_state: _OperationState | None = None
    conditions: list[Condition] | None = None
    resources: msgspec.Raw = msgspec.Raw(b"null")
    """Of `_Resource`, read only where something differs: there are many, and they seldom do."""
    reconciled_at: str | None = None


class Application(msgspec.Struct):
    """What is read of one."""

    metadata: Metadata
    spec: _Spec | None = None
    status: _Status | None = None
    operation: _Operation | None = None
    """One that is asked for, until it is over."""


@dataclass(frozen=True, slots=True)
class SeenApplication:
    """An environment's Application."""

    namespace: str
    revision: int = field(compare=False)
    key: str
    sync: Sync
    holding: Holding | None = None
    is_under_way: bool = False
    is_silent: bool = False
    """It is being tried again and has nothing to say yet: what it said last still holds."""
    differing: tuple[str, ...] = ()
    """What was OutOfSync with the applied commit at the last comparison."""
    finished_at: str = ""
    is_settled: bool = False
    """The last comparison was made after the last operation: what differs now has been changed since."""

    def after(self, known: "SeenApplication") -> "SeenApplication":
        """This version with what it leaves out while a commit is tried again, and drift told from a late comparison."""
        if not self.is_under_way:
            is_late = not self.is_settled and known.is_settled and known.finished_at == self.finished_at
            return replace(self, sync=replace(self.sync, drift=self.differing), is_settled=True) if is_late else self
        before, tried = known.sync, self.sync.tried
        if before.tried != tried:
            return self
        applied = tried if before.applied == tried else self.sync.applied
        error = before.error if self.is_silent else self.sync.error
        return replace(self, sync=replace(self.sync, applied=applied, error=error))


def read_application(raw: Application) -> SeenApplication | Foreign:
    """The Application, where it is an environment's: its name, its destination's namespace and its folder's are one.

    No label is asked for: one that an ApplicationSet of another version made would be missed.
    """
    metadata, spec = raw.metadata, raw.spec or _Spec()
    name, key, revision = metadata.name, f"{metadata.namespace}/{metadata.name}", int(metadata.resource_version)
    source = spec.source or _Source()
    destination = spec.destination.namespace if spec.destination else ""
    if destination != name or not is_folder_of(source.path, name):
        return Foreign(name, revision, key)
    called = f"Application/{name}"
    is_exact = is_own_ref(source.target_revision, name)
    status = raw.status or _Status()
    state = status.operation_state or _OperationState()
    holding = holding_of(called, metadata)
    if raw.operation is not None or state.phase in _UNDER_WAY:
        sync, is_silent = _under_way(called, raw.operation, state, is_exact=is_exact)
        return SeenApplication(name, revision, key, sync, holding, is_under_way=True, is_silent=is_silent)
    compared, finished_at = status.sync or _AtRevision(), state.finished_at or ""
    # Both are in whole seconds: of the same second nobody knows which came first.
    is_settled = compared.status == "Synced" or (status.reconciled_at or "") > finished_at
    applied = _applied(state, compared)
    differing = _differing(status.resources) if compared.status != "Synced" and compared.revision == applied else ()
    error, tried = _error(status, state, compared, is_settled=is_settled)
    sync = Sync(called, applied, tried or applied, error, is_exact, differing if is_settled else ())
    return SeenApplication(
        name,
        revision,
        key,
        sync,
        holding,
        differing=differing,
        finished_at=finished_at,
        is_settled=is_settled,
    )


def is_folder_of(path: str, name: str) -> bool:
    """Whether the path is that of the environment's folder, below `environments/`."""
    parts = path.removeprefix("./").strip("/").split("/")
    return len(parts) > 1 and parts[0] == FOLDER_ROOT and parts[-1] == name


def is_own_ref(ref: str, name: str) -> bool:
    """Whether the ref is the environment's own: no commit of another environment is ever found there."""
    return ref.startswith("refs/") and ref.rpartition("/")[2] == name


def _under_way(called: str, asked: _Operation | None, state: _OperationState, *, is_exact: bool) -> tuple[Sync, bool]:
    """An operation that runs tries its commit and has not applied it; one that waits for its next try has failed.

    Also whether it has nothing to say: not begun, or just begun again.
    """
    is_begun = state.phase in _UNDER_WAY
    tried = state.revision if is_begun else (asked.sync.revision if asked and asked.sync else "")
    has_failed = is_begun and state.finished_at is not None and state.message
    is_silent = not is_begun or not state.message or state.message.startswith(_RETRYING)
    return Sync(called, None, tried or None, told(state.message) if has_failed else None, is_exact), is_silent


def _applied(state: _OperationState, compared: _AtRevision) -> str | None:
    """The commit that all objects are as of.

    A comparison proves it that found nothing to do, also where there was no operation at that commit: not every commit
    changes every environment. So does an operation that succeeded, for as long as no other is begun. A failed one
    leaves it open, even where all objects look alike: a hook may have failed.
    """
    if compared.status == "Synced" and not (state.phase in _FAILED and state.revision == compared.revision):
        return compared.revision or None
    return state.revision or None if state.phase == "Succeeded" else None


def _error(
    status: _Status, state: _OperationState, compared: _AtRevision, *, is_settled: bool
) -> tuple[str | None, str | None]:
    """What is wrong, and with which commit, where that is known: of one that cannot be read it is not."""
    if words := _words(status, _NOT_COMPARED):
        return words, None
    if state.phase in _FAILED:
        return told(state.message or state.phase), state.revision or None
    if is_settled and (words := _words(status, _NOT_DONE)):
        return words, compared.revision or None
    return None, None


def _words(status: _Status, kinds: frozenset[str]) -> str | None:
    conditions = (condition for condition in status.conditions or () if condition.type in kinds)
    return next((told(condition.message or condition.type) for condition in conditions), None)


def _differing(resources: msgspec.Raw) -> tuple[str, ...]:
    found = _RESOURCES.decode(resources) or ()
    return tuple(sorted({f"{each.kind}/{each.name}" for each in found if each.status == "OutOfSync"}))
