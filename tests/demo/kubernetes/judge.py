"""Claims about objects, as the tests wait for them."""

from typing import Any


def has_rolled_out(deployment: dict[str, Any], sha: str = "") -> bool:
    """Tell whether the Deployment runs what its spec says, at the commit if one is named."""
    status, wanted = deployment["status"], deployment["spec"]["replicas"]
    annotations = deployment["spec"]["template"]["metadata"].get("annotations") or {}
    is_this = not sha or annotations.get("ephemera.dev/head-sha") == sha
    is_seen = status.get("observedGeneration") == deployment["metadata"]["generation"]
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")]
    return is_this and is_seen and counts == [wanted] * 3 and "unavailableReplicas" not in status


def condition(item: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return a condition of an object; empty when it has none of that type."""
    found: list[dict[str, Any]] = [
        entry for entry in (item.get("status") or {}).get("conditions", ()) if entry["type"] == kind
    ]
    return found[0] if found else {}


def is_waiting_for(reason: str, pod: dict[str, Any]) -> bool:
    """Tell whether a container of the pod waits for this reason."""
    states = [entry["state"] for entry in pod["status"].get("containerStatuses", ())]
    return any(state.get("waiting", {}).get("reason") == reason for state in states)
