"""The status of a Kustomization, in Flux's shape."""

from dataclasses import dataclass

from app.demo.kubernetes.apiserver.kinds import Json
from app.demo.kubernetes.apiserver.store import Record
from app.demo.kubernetes.apiserver.verbs import Target
from app.demo.kubernetes.syncers.apply import target_of
from app.demo.kubernetes.syncers.sources import handled
from app.demo.kubernetes.workloads.objects import condition, with_conditions

_SUCCEEDED = "ReconciliationSucceeded"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one run of a Kustomization ended, or how far it is."""

    revision: str
    reason: str
    message: str
    targets: tuple[Target, ...] = ()
    """What it applied; empty when it did not come to that."""

    @property
    def is_ready(self) -> bool:
        """Whether everything was done."""
        return self.reason == _SUCCEEDED


def kustomization_status(record: Record, outcome: Outcome) -> Json:
    """The status after a run; what was applied before stays when this run applied nothing."""
    old = record.body.get("status") or {}
    status: Json = {**handled(record), "conditions": _conditions(record, outcome)}
    if not outcome.is_ready:
        # What it could not do it has not observed: kustomization_controller.go, finalizeStatus.
        status["observedGeneration"] = old.get("observedGeneration", -1)
    status["lastAttemptedRevision"] = outcome.revision or old.get("lastAttemptedRevision", "")
    applied = outcome.revision if outcome.is_ready else old.get("lastAppliedRevision")
    if applied:
        status["lastAppliedRevision"] = applied
    if outcome.targets or outcome.is_ready:
        status["inventory"] = {"entries": [_entry(target) for target in outcome.targets]}
    elif "inventory" in old:
        status["inventory"] = old["inventory"]
    return status


def inventory_of(record: Record) -> list[Target]:
    """What the Kustomization has applied, newest kinds last."""
    entries = ((record.body.get("status") or {}).get("inventory") or {}).get("entries") or ()
    return [target for item in entries if (target := _target(item)) is not None]


def _conditions(record: Record, outcome: Outcome) -> list[Json]:
    if outcome.is_ready:
        conditions = [condition("Ready", "True", outcome.reason, outcome.message)]
        if record.body["spec"].get("wait"):
            conditions.append(condition("Healthy", "True", "Succeeded", "Health check passed"))
    elif outcome.reason == "Progressing":
        conditions = [
            condition("Reconciling", "True", "Progressing", outcome.message),
            condition("Ready", "Unknown", "Progressing", "Reconciliation in progress"),
        ]
    else:
        conditions = [
            condition("Reconciling", "True", "ProgressingWithRetry", outcome.message),
            condition("Ready", "False", outcome.reason, outcome.message),
        ]
    old = (record.body.get("status") or {}).get("conditions", ())
    generation = record.body["metadata"]["generation"]
    return [{**item, "observedGeneration": generation} for item in with_conditions(old, conditions)]


def _entry(target: Target) -> Json:
    kind = target.kind
    return {"id": f"{target.namespace}_{target.name}_{kind.group}_{kind.kind}", "v": kind.version}


def _target(entry: Json) -> Target | None:
    namespace, name, group, kind = entry["id"].split("_")
    return target_of(group, entry["v"], kind, namespace, name)
