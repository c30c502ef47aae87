"""Events, as `kubectl get events` shows them: what the controllers say about an object."""

from app.demo.kubernetes.apiserver.errors import ApiError
from app.demo.kubernetes.apiserver.kinds import EVENT, Json
from app.demo.kubernetes.apiserver.metadata import random_suffix, timestamp
from app.demo.kubernetes.apiserver.store import Record
from app.demo.kubernetes.apiserver.verbs import Target, Verbs


def record_event(verbs: Verbs, about: Record, component: str, reason: str, message: str) -> None:
    """Keeps an Event about the object; in a namespace that is going away nothing is kept.

    Events whose reason speaks of trouble are Warnings.
    """
    try:
        verbs.create(Target(EVENT, about.namespace), _event(about, component, reason, message))
    except ApiError as error:
        if error.code not in {403, 404}:
            raise


def _event(about: Record, component: str, reason: str, message: str) -> Json:
    now = timestamp()
    is_trouble = reason.startswith(("Failed", "BackOff", "Unhealthy"))
    return {
        "metadata": {"name": f"{about.name[:200]}.{random_suffix()}{random_suffix()}", "namespace": about.namespace},
        "involvedObject": {
            "kind": about.kind.kind,
            "namespace": about.namespace,
            "name": about.name,
            "uid": about.body["metadata"]["uid"],
            "apiVersion": about.kind.api_version,
            "resourceVersion": str(about.revision),
        },
        "reason": reason,
        "message": message,
        "source": {"component": component},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
        "type": "Warning" if is_trouble else "Normal",
        "eventTime": None,
        "reportingComponent": component,
        "reportingInstance": "",
    }
