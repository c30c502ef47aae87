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
_REASON = "reason: "


class _Source(msgspec.Struct, rename="camel", gc=False):
    path: str = ""
    target_revision: str = ""


class _Destination(msgspec.Struct, gc=False):
    namespace: str = ""


class _Spec(msgspec.Struct, gc=False):
    source: _Source | None = None
    destination: _Destination | None = None


class _AtRevision(msgspec.Struct, gc=False):
    revision: str = ""
    status: str = ""


class _Operation(msgspec.Struct, gc=False):
    sync: _AtRevision | None = None


class _Refused(msgspec.Struct, gc=False):
    kind: str = ""
    name: str = ""
    status: str = ""
    message: str = ""


_REFUSED = msgspec.json.Decoder(list[_Refused] | None)


class _Result(msgspec.Struct, gc=False):
    revision: str = ""
    resources: msgspec.Raw = msgspec.Raw(b"null")
    """Of `_Refused`, read only where the operation's own message gives no reason."""


class _OperationState(msgspec.Struct, rename="camel", gc=False):
    phase: str = ""
    message: str = ""
    finished_at: str | None = None
    operation: _Operation | None = None
    sync_result: _Result | None = None

    @property
    def words(self) -> str:
        """Why it failed. What a dry run finds stands only with the objects that it found it at."""
        if self.sync_result is None or _REASON in self.message:
            return self.message
        refused = [each for each in _REFUSED.decode(self.sync_result.resources) or () if each.status == "SyncFailed"]
        return "; ".join(sorted(f"{each.kind}/{each.name}: {each.message}" for each in refused)) or self.message

    @property
    def revision(self) -> str:
        result = self.sync_result.revision if self.sync_result else ""
        asked = self.operation.sync.revision if self.operation and self.operation.sync else ""
        return result or asked


class _Resource(msgspec.Struct, gc=False):
    kind: str = ""
    name: str = ""
    status: str = ""


_RESOURCES = msgspec.json.Decoder(list[_Resource] | None)


class _Status(msgspec.Struct, rename="camel", gc=False):
    sync: _AtRevision | None = None
    operation_state: _OperationState | None = None
    conditions: list[Condition] | None = None
    resources: msgspec.Raw = msgspec.Raw(b"null")
    """Of `_Resource`, read only where something differs: there are many, and they seldom do."""
    reconciled_at: str | None = None


class Application(msgspec.Struct, gc=False):
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
    compared: str = ""
    """The commit of the last comparison, where that found something to do."""
    differing: tuple[str, ...] = ()
    """What it found."""
    finished_at: str = ""
    is_settled: bool = False
    """The last comparison was made after the last operation: what differs now has been changed since."""

    def after(self, known: "SeenApplication") -> "SeenApplication":
        """This version with what only the one before knew.

        While a commit is tried again, that it failed or was applied. Later, that it was applied without an operation,
        because there was nothing to do: once somebody changes an object by hand, nothing else says so.
        """
        before, now = known.sync, self.sync
        if self.is_under_way:
            if now.tried is None:
                # With `retry.refresh`, a further try does not say which commit it is about before it is over.
                sync = replace(now, tried=before.tried, applied=before.applied, error=now.error or before.error)
                return replace(self, sync=sync)
            if before.tried != now.tried:
                return self
            applied = now.tried if before.applied == now.tried else now.applied
            return replace(self, sync=replace(now, applied=applied, error=now.error or before.error))
        if not self.compared or known.finished_at != self.finished_at:
            return self
        is_settled = self.is_settled or known.is_settled
        applied = self.compared if before.applied == self.compared and now.error is None else now.applied
        drift = self.differing if is_settled and applied == self.compared else ()
        tried = applied if now.error is None else now.tried
        return replace(self, sync=replace(now, applied=applied, tried=tried, drift=drift), is_settled=is_settled)


def read_application(raw: Application) -> SeenApplication | Foreign:
    """The Application, where it is an environment's: its name, its destination's namespace and its folder's are one.

    No label is asked for: one that an ApplicationSet of another version made would be missed.
    """
    metadata, spec = raw.metadata, raw.spec or _Spec()
    name, key, revision = metadata.name, f"{metadata.namespace}/{metadata.name}", int(metadata.resource_version)
    source, destination = spec.source or _Source(), spec.destination or _Destination()
    if destination.namespace != name or not is_folder_of(source.path, name):
        return Foreign(name, revision, key)
    status = raw.status or _Status()
    state = status.operation_state or _OperationState()
    is_exact = is_own_ref(source.target_revision, name)
    if raw.operation is not None or state.phase in _UNDER_WAY:
        sync = _under_way(f"Application/{name}", raw.operation, state, is_exact=is_exact)
        return SeenApplication(name, revision, key, sync, _holding(metadata), is_under_way=True)
    return _at_rest(raw, status, state, key, is_exact=is_exact)


def is_folder_of(path: str, name: str) -> bool:
    """Whether the path is that of the environment's folder, below `environments/`."""
    parts = path.removeprefix("./").strip("/").split("/")
    return len(parts) > 1 and parts[0] == FOLDER_ROOT and parts[-1] == name


def is_own_ref(ref: str, name: str) -> bool:
    """Whether the ref is the environment's own: no commit of another environment is ever found there."""
    return ref.startswith("refs/") and ref.rpartition("/")[2] == name


def _at_rest(raw: Application, status: _Status, state: _OperationState, key: str, *, is_exact: bool) -> SeenApplication:
    """What the last comparison and the last operation say, when none is under way."""
    name, compared, finished_at = raw.metadata.name, status.sync or _AtRevision(), state.finished_at or ""
    # Both are in whole seconds: of the same second nobody knows which came first.
    is_settled = compared.status == "Synced" or (status.reconciled_at or "") > finished_at
    is_asked = compared.status == "OutOfSync" and raw.metadata.deletion_timestamp is None
    differing = _differing(status.resources) if is_asked else ()
    applied = _applied(state, compared)
    error, tried = _error(status, state, compared, is_settled=is_settled)
    drift = differing if is_settled and applied == compared.revision else ()
    sync = Sync(f"Application/{name}", applied, applied if error is None else tried, error, is_exact, drift)
    return SeenApplication(
        name,
        int(raw.metadata.resource_version),
        key,
        sync,
        _holding(raw.metadata),
        compared=compared.revision if is_asked else "",
        differing=differing,
        finished_at=finished_at,
        is_settled=is_settled,
    )


def _holding(metadata: Metadata) -> Holding | None:
    return holding_of(f"Application/{metadata.name}", metadata)


def _under_way(called: str, asked: _Operation | None, state: _OperationState, *, is_exact: bool) -> Sync:
    """An operation that runs tries its commit and has not applied it; one that waits for its next try has failed."""
    is_begun = state.phase in _UNDER_WAY
    tried = state.revision if is_begun else (asked.sync.revision if asked and asked.sync else "")
    has_failed = is_begun and state.finished_at is not None and state.message
    return Sync(called, None, tried or None, told(state.words) if has_failed else None, is_exact)


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
        return told(state.words or state.phase), state.revision or None
    if is_settled and (words := _words(status, _NOT_DONE)):
        return words, compared.revision or None
    return None, None


def _words(status: _Status, kinds: frozenset[str]) -> str | None:
    conditions = (condition for condition in status.conditions or () if condition.type in kinds)
    return next((told(condition.message or condition.type) for condition in conditions), None)


def _differing(resources: msgspec.Raw) -> tuple[str, ...]:
    found = _RESOURCES.decode(resources) or ()
    return tuple(sorted({f"{each.kind}/{each.name}" for each in found if each.status == "OutOfSync"}))
