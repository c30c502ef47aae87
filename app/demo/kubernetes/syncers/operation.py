"""A sync of one Application: wave after wave, each waiting until the one before is healthy.

A running operation is not interrupted by a newer commit. One that fails is tried again as its `retry` says, and then
not again for the same commit. Both as Argo CD's automated sync does it: controller/appcontroller.go.
"""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby

from app.demo.kubernetes.apiserver.errors import ApiError
from app.demo.kubernetes.apiserver.kinds import Json, kind_of
from app.demo.kubernetes.apiserver.metadata import timestamp
from app.demo.kubernetes.apiserver.store import Record, Store
from app.demo.kubernetes.apiserver.validation import check_decodes
from app.demo.kubernetes.apiserver.verbs import Target
from app.demo.kubernetes.syncers.apply import Applier, Marks
from app.demo.kubernetes.syncers.health import health_of
from app.demo.kubernetes.syncers.intervals import parse_interval
from app.demo.kubernetes.syncers.manifests import Manifest

_RETRIES = 5
"""Where an Application says nothing."""
_UNSUCCESSFUL = "one or more synchronization tasks completed unsuccessfully"
_UNREADABLE = "one or more objects failed to apply (dry run)"
_TRACKING = "argocd.argoproj.io/tracking-id"


@dataclass(slots=True)
class Operation:
    """One run, changed as it goes on."""

    revision: str
    tree: str
    waves: list[list[Manifest]]
    started_at: str = field(default_factory=timestamp)
    finished_at: str = ""
    phase: str = "Running"
    message: str = ""
    next_wave: int = 0
    retries: int = 0
    """How often it was, or is being, tried again."""
    retry_at: float | None = None
    """When the next try begins, on the monotonic clock; None while none is waited for."""
    results: list[Json] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        """Whether it has ended, well or not."""
        return self.phase != "Running"

    def end(self, phase: str, message: str) -> None:
        """Ends it."""
        self.phase, self.message, self.finished_at = phase, message, timestamp()

    def fail(self, message: str, retry: Json) -> None:
        """Ends it badly, unless it may be tried again: then it waits, and says so."""
        if 0 <= retry.get("limit", _RETRIES) <= self.retries:
            self.end("Failed", message + (f" (retried {self.retries} times)." if self.retries else ""))
            return
        backoff = retry.get("backoff") or {}
        seconds = parse_interval(backoff.get("duration", "5s")) * backoff.get("factor", 2) ** self.retries
        seconds = min(seconds, parse_interval(backoff.get("maxDuration", "3m")))
        self.retries += 1
        self.retry_at, self.finished_at = time.monotonic() + seconds, timestamp()
        moment = timestamp(datetime.now(UTC) + timedelta(seconds=seconds))
        self.message = f"{message}. Retrying attempt #{self.retries} at {moment}."

    def is_waiting(self) -> bool:
        """Whether it waits for its next try, which begins when the time has come."""
        if self.retry_at is None:
            return False
        if time.monotonic() < self.retry_at:
            return True
        self.retry_at, self.finished_at, self.next_wave, self.results = None, "", 0, []
        self.message = f"Retrying operation. Attempt #{self.retries}"
        return False


def plan(revision: str, tree: str, manifests: list[Manifest]) -> Operation:
    """An operation over the manifests, which are in order."""
    waves = [list(wave) for _, wave in groupby(manifests, key=lambda manifest: manifest.wave)]
    return Operation(revision, tree, waves)


def advance(operation: Operation, application: Record, applier: Applier, store: Store) -> None:
    """Takes the operation as far as it goes now."""
    while not operation.is_over and not operation.is_waiting():
        if operation.next_wave and not _is_settled(operation, application, applier, store):
            return
        if operation.next_wave == len(operation.waves):
            operation.end("Succeeded", "successfully synced (all tasks run)")
            return
        if operation.next_wave == 0 and (unreadable := _unreadable(operation, application)):
            operation.results = unreadable
            operation.fail(_UNREADABLE, retry_of(application))
        elif _apply_wave(operation, application, applier):
            operation.next_wave += 1


def _is_settled(operation: Operation, application: Record, applier: Applier, store: Store) -> bool:
    """Whether the wave before is healthy; nothing waits for the last one."""
    if operation.next_wave == len(operation.waves):
        return True
    for manifest in operation.waves[operation.next_wave - 1]:
        target = applier.target(manifest.body, destination(application))
        record = store.find(target.kind, target.namespace, target.name)
        health = health_of(record) if record else ("Missing", "")
        if health is None or health[0] == "Healthy":
            continue
        if health[0] == "Degraded":
            operation.fail(_UNSUCCESSFUL, retry_of(application))
            return False
        name = f"{target.kind.group}/{target.kind.kind}/{target.name}".lstrip("/")
        operation.message = f"waiting for healthy state of {name}"
        return False
    return True


def _unreadable(operation: Operation, application: Record) -> list[Json]:
    """What the dry run at the beginning finds, which asks the API server nothing: objects that cannot be decoded."""
    found: list[Json] = []
    for manifest in (manifest for wave in operation.waves for manifest in wave):
        try:
            if kind := kind_of(manifest.body):
                check_decodes(kind, manifest.body)
        except ApiError as error:
            found.append(_result(manifest, application, "SyncFailed", error.message))
    return found


def _apply_wave(operation: Operation, application: Record, applier: Applier) -> bool:
    failures: list[str] = []
    for manifest in operation.waves[operation.next_wave]:
        try:
            target = applier.target(manifest.body, destination(application))
            outcome = applier.apply(manifest.body, target, marks(application, target))
        except ApiError as error:
            failures.append(error.message)
            operation.results.append(_result(manifest, application, "SyncFailed", error.message))
            continue
        kind = f"{target.kind.kind.lower()}.{target.kind.group}".rstrip(".")
        message = f"{kind}/{target.name} {outcome}"
        operation.results.append(_result(manifest, application, "Synced", message))
    if failures:
        operation.fail(f"{_UNSUCCESSFUL}, reason: {','.join(failures)}", retry_of(application))
    return not failures


def retry_of(application: Record) -> Json:
    """How an Application's failed operations are tried again."""
    retry: Json = (application.body["spec"].get("syncPolicy") or {}).get("retry") or {}
    return retry


def destination(application: Record) -> str:
    """The namespace an Application deploys to."""
    namespace: str = application.body["spec"]["destination"]["namespace"]
    return namespace


def tracked_by(record: Record) -> str:
    """The name of the Application that applied an object; empty when none did."""
    tracking: str = (record.body["metadata"].get("annotations") or {}).get(_TRACKING, "")
    return tracking.partition(":")[0]


def marks(application: Record, target: Target) -> Marks:
    """By what an object is known as the Application's."""
    path = f"{target.kind.group}/{target.kind.kind}:{target.namespace or destination(application)}/{target.name}"
    return Marks(annotations=((_TRACKING, f"{application.name}:{path}"),))


def _result(manifest: Manifest, application: Record, status: str, message: str) -> Json:
    body = manifest.body
    group, _, version = str(body["apiVersion"]).rpartition("/")
    metadata = body.get("metadata") or {}
    return {
        "group": group,
        "version": version,
        "kind": body["kind"],
        "namespace": metadata.get("namespace") or destination(application),
        "name": str(metadata.get("name", "")),
        "status": status,
        "message": message,
        "hookPhase": "Running" if status == "Synced" else "Failed",
        "syncPhase": "Sync",
    }
