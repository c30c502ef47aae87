"""How an object ends: preconditions, the mark of deletion, and what still holds it.

Source: k8s.io/apiserver/pkg/registry/{generic/registry/store.go,rest/delete.go}.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from app.demo.kubernetes.apiserver.errors import precondition_failed
from app.demo.kubernetes.apiserver.kinds import NAMESPACE, POD, Json, Kind
from app.demo.kubernetes.apiserver.metadata import timestamp
from app.demo.kubernetes.apiserver.store import Record


@dataclass(frozen=True, slots=True)
class Deletion:
    """What a caller says about a delete: `DeleteOptions`."""

    uid: str = ""
    revision: str = ""
    is_foreground: bool = False
    grace_seconds: int | None = None


PLAIN = Deletion()
"""A delete about which nothing is said."""


def check_deletion(old: Record, deletion: Deletion) -> None:
    """Raises 409 when the object is not the one that the caller means."""
    uid = old.body["metadata"]["uid"]
    if deletion.uid and deletion.uid != uid:
        why = f"the UID in the precondition ({deletion.uid}) does not match the UID in record ({uid})."
        raise precondition_failed(old.kind, old.name, f"{why} The object might have been deleted and then recreated")
    if deletion.revision and deletion.revision != str(old.revision):
        why = f"the ResourceVersion in the precondition ({deletion.revision}) does not match"
        why = f"{why} the ResourceVersion in record ({old.revision}). The object might have been modified"
        raise precondition_failed(old.kind, old.name, why)


def marked(old: Record, deletion: Deletion) -> Json:
    """The object, marked as being deleted."""
    body = old.copy()
    metadata = body["metadata"]
    if "deletionTimestamp" not in metadata:
        metadata["deletionTimestamp"] = timestamp()
        if "generation" in metadata:
            metadata["generation"] += 1
    metadata["deletionGracePeriodSeconds"] = _grace_seconds(old, deletion)
    if deletion.is_foreground and "foregroundDeletion" not in metadata.get("finalizers", []):
        metadata["finalizers"] = [*metadata.get("finalizers", []), "foregroundDeletion"]
    if old.kind is NAMESPACE:
        metadata.pop("deletionGracePeriodSeconds")
        body["status"]["phase"] = "Terminating"
    return body


def _grace_seconds(old: Record, deletion: Deletion) -> int:
    if old.kind is not POD:
        return 0
    if deletion.grace_seconds is not None:
        return deletion.grace_seconds
    seconds: int = old.body["spec"].get("terminationGracePeriodSeconds", 30)
    return seconds


def is_held(kind: Kind, body: Json, deletion: Deletion) -> bool:
    """Whether a marked object stays for now: finalizers hold it, or its containers still run."""
    if holders(kind, body):
        return True
    is_running = kind is POD and body["spec"].get("nodeName") and _phase(body) in {"Pending", "Running"}
    return bool(is_running) and deletion.grace_seconds != 0


def _phase(body: Json) -> str:
    phase: str = body.get("status", {}).get("phase", "Pending")
    return phase


def holders(kind: Kind, body: Json) -> list[str]:
    """The finalizers that keep an object; a namespace has a second list of them in its spec."""
    finalizers: Iterable[str] = body["metadata"].get("finalizers") or ()
    if kind is NAMESPACE:
        return [*finalizers, *body.get("spec", {}).get("finalizers", ())]
    return list(finalizers)
