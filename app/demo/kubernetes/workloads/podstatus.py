"""The status of a pod at each stage of its life, in the shapes the kubelet and containerd give it."""

from typing import Literal

from app.demo.kubernetes.apiserver.kinds import Json
from app.demo.kubernetes.apiserver.metadata import timestamp
from app.demo.kubernetes.apiserver.store import Record
from app.demo.kubernetes.workloads.failures import Failure
from app.demo.kubernetes.workloads.objects import condition, with_conditions

Stage = Literal["creating", "started", "ready", "succeeded", "failed", "unschedulable", "waiting", "backing-off"]

_NODE_ADDRESS = "172.18.0.2"
_NO_NODE = (
    "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found"
    " for incoming pod."
)


def pod_status(pod: Record, stage: Stage, failure: Failure | None, restarts: int) -> Json:
    """The status that a pod has at a stage, with the times of the stage before kept."""
    old = pod.body.get("status", {})
    status: Json = {"phase": _phase(stage, failure), "qosClass": old.get("qosClass", "Burstable")}
    status["conditions"] = with_conditions(old.get("conditions", ()), _conditions(pod, stage))
    if stage == "unschedulable":
        return status
    status |= {"hostIP": _NODE_ADDRESS, "hostIPs": [{"ip": _NODE_ADDRESS}]}
    status["startTime"] = old.get("startTime") or timestamp()
    if stage != "creating":
        status |= {"podIP": _address(pod), "podIPs": [{"ip": _address(pod)}]}
    spec = pod.body["spec"]
    if spec.get("initContainers"):
        status["initContainerStatuses"] = [_initialized(item) for item in spec["initContainers"]]
    status["containerStatuses"] = [
        _container_status(pod, container, stage, failure, restarts) for container in spec["containers"]
    ]
    return status


def pull_error(image: str, failure: Failure) -> str:
    """containerd's words for an image that is not there."""
    why = failure.message or f"{image}: not found"
    return (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{image}":'
        f' failed to resolve reference "{image}": {why}'
    )


def back_off(pod: Record, container: str, restarts: int) -> str:
    """The kubelet's words for a container that it will start again later: 10 s, doubling to 5 minutes."""
    seconds = min(300, 10 * 2 ** max(0, restarts - 1))
    span = f"{seconds // 60}m{seconds % 60}s" if seconds >= 60 else f"{seconds}s"
    uid = pod.body["metadata"]["uid"]
    return f"back-off {span} restarting failed container={container} pod={pod.name}_{pod.namespace}({uid})"


def unschedulable_message(failure: Failure | None) -> str:
    """The scheduler's words."""
    return failure.message if failure and failure.message else _NO_NODE


def _phase(stage: Stage, failure: Failure | None) -> str:
    if stage in {"succeeded", "failed"}:
        return stage.capitalize()
    if stage in {"creating", "unschedulable"}:
        return "Pending"
    is_stuck_before_start = failure is not None and failure.kind in {"image-pull", "missing-config"}
    return "Pending" if is_stuck_before_start and stage in {"waiting", "backing-off"} else "Running"


def _conditions(pod: Record, stage: Stage) -> list[Json]:
    if stage == "unschedulable":
        return [condition("PodScheduled", "False", "Unschedulable", _NO_NODE)]
    scheduled = condition("PodScheduled", "True")
    sandbox = condition("PodReadyToStartContainers", "False" if stage == "creating" else "True")
    if stage == "ready":
        states = [condition("Initialized", "True"), condition("Ready", "True"), condition("ContainersReady", "True")]
        return [sandbox, *states, scheduled]
    if stage == "succeeded":
        done = [condition(kind, "False", "PodCompleted") for kind in ("Ready", "ContainersReady")]
        return [sandbox, condition("Initialized", "True", "PodCompleted"), *done, scheduled]
    names = " ".join(container["name"] for container in pod.body["spec"]["containers"])
    message = f"containers with unready status: [{names}]"
    unready = [condition(kind, "False", "ContainersNotReady", message) for kind in ("Ready", "ContainersReady")]
    return [sandbox, condition("Initialized", "True"), *unready, scheduled]


def _container_status(pod: Record, container: Json, stage: Stage, failure: Failure | None, restarts: int) -> Json:
    name, image = container["name"], container.get("image", "")
    old: Json = next(
        (item for item in pod.body.get("status", {}).get("containerStatuses", ()) if item["name"] == name), {}
    )
    state = _state(pod, container, stage, failure, restarts)
    if "running" in state:
        state = {"running": old.get("state", {}).get("running") or state["running"]}
    is_running = "running" in state
    status: Json = {"name": name, "state": state, "lastState": {}, "ready": stage == "ready"}
    status |= {"restartCount": restarts, "image": image, "imageID": "", "started": is_running}
    if is_running or "terminated" in state:
        status |= {
            "imageID": f"{image.partition('@')[0]}@sha256:{'0' * 64}",
            "containerID": _container_id(pod, restarts),
        }
    if restarts and failure is not None:
        status["lastState"] = old.get("lastState") or {"terminated": _terminated(pod, failure, restarts - 1)}
    return status


def _state(pod: Record, container: Json, stage: Stage, failure: Failure | None, restarts: int) -> Json:
    match stage:
        case "creating":
            return {"waiting": {"reason": "ContainerCreating"}}
        case "succeeded":
            return {"terminated": _ended(pod, "Completed", 0, restarts)}
        case "failed":
            return {"terminated": _terminated(pod, failure or Failure("crash-loop"), restarts)}
        case "waiting" | "backing-off" if failure is not None:
            return _trouble(pod, container, stage, failure, restarts)
        case _:
            return {"running": {"startedAt": timestamp()}}


def _trouble(pod: Record, container: Json, stage: Stage, failure: Failure, restarts: int) -> Json:
    image = container.get("image", "")
    if failure.kind == "image-pull":
        error = pull_error(image, failure)
        if stage == "waiting":
            return {"waiting": {"reason": "ErrImagePull", "message": error}}
        message = f'Back-off pulling image "{image}": ErrImagePull: {error}'
        return {"waiting": {"reason": "ImagePullBackOff", "message": message}}
    if failure.kind == "missing-config":
        message = failure.message or 'secret "app" not found'
        return {"waiting": {"reason": "CreateContainerConfigError", "message": message}}
    if stage == "waiting":
        return {"terminated": _terminated(pod, failure, restarts)}
    message = back_off(pod, container["name"], restarts)
    return {"waiting": {"reason": "CrashLoopBackOff", "message": message}}


def _terminated(pod: Record, failure: Failure, restarts: int) -> Json:
    if failure.kind == "out-of-memory":
        return _ended(pod, "OOMKilled", 137, restarts)
    return _ended(pod, "Error", failure.exit_code, restarts)


def _ended(pod: Record, reason: str, exit_code: int, restarts: int) -> Json:
    now = timestamp()
    times = {"startedAt": now, "finishedAt": now}
    return {"exitCode": exit_code, "reason": reason, **times, "containerID": _container_id(pod, restarts)}


def _initialized(container: Json) -> Json:
    now = timestamp()
    ended = {"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now}
    image = container.get("image", "")
    status = {"name": container["name"], "state": {"terminated": ended}, "lastState": {}, "ready": True}
    return status | {"restartCount": 0, "image": image, "imageID": image, "started": False}


def _container_id(pod: Record, restarts: int) -> str:
    return f"containerd://{pod.body['metadata']['uid'].replace('-', '')}{restarts:032x}"


def _address(pod: Record) -> str:
    number = int(pod.body["metadata"]["uid"][:4], 16)
    return f"10.244.{number // 256}.{number % 256}"
