"""What the containers of a pod wrote, as far as anything here can have written."""

from collections.abc import Mapping

from app.demo.kubernetes.apiserver.errors import bad_request
from app.demo.kubernetes.apiserver.kinds import Json
from app.demo.kubernetes.apiserver.store import Record


def pod_log(pod: Record, query: Mapping[str, str]) -> str:
    """The log of the container that the query names, or the only one. 400 when it has none yet, or which is unclear.

    Source: k8s.io/kubernetes/pkg/registry/core/pod/strategy.go, LogLocation, and the kubelet's words.
    """
    container = _container(pod, query.get("container", ""))
    statuses: list[Json] = pod.body["status"].get("containerStatuses", [])
    status: Json = next((item for item in statuses if item["name"] == container), {})
    state = (status.get("lastState") if query.get("previous") == "true" else status.get("state")) or {}
    if waiting := state.get("waiting"):
        why = f"is waiting to start: {waiting.get('message') or waiting['reason']}"
        raise bad_request(f'container "{container}" in pod "{pod.name}" {why}')
    if query.get("previous") == "true" and not state:
        raise bad_request(f'previous terminated container "{container}" in pod "{pod.name}" not found')
    lines = _lines(state)
    if tail := query.get("tailLines"):
        lines = lines[-int(tail) :] if int(tail) else []
    text = "".join(f"{line}\n" for line in lines)
    return text[: int(query["limitBytes"])] if "limitBytes" in query else text


def _container(pod: Record, name: str) -> str:
    names = [item["name"] for item in pod.body["spec"]["containers"]]
    known = [*names, *(item["name"] for item in pod.body["spec"].get("initContainers", ()))]
    if name and name not in known:
        raise bad_request(f"container {name} is not valid for pod {pod.name}")
    if not name and len(known) > 1:
        raise bad_request(f"a container name must be specified for pod {pod.name}, choose one of: [{' '.join(names)}]")
    return name or names[0]


def _lines(state: Json) -> list[str]:
    ended = state.get("terminated")
    if ended is None:
        return ["starting", "listening on :8080"] if state else []
    return ["starting", *([f"ended with status {ended['exitCode']}"] if ended["exitCode"] else [])]
