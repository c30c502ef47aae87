"""KWOK: nodes and pods that behave, without containers; and the stages by which some of them do not.

Which pods fail, and how, is told in `stages/`. Containers' logs are a file of ours (`container.log`), for every pod
that has no object of `container_log` to itself.
"""

from pathlib import Path

import yaml

from app.demo.real.certificates import Certificates
from app.demo.real.component import Component
from app.demo.real.layout import Layout
from app.demo.real.manifests import Json, read_folder
from app.demo.real.tools import Tools

NODES = ("node-1", "node-2", "node-3")
_HERE = Path(__file__).parent
_STAGES = ("node/fast", "node/heartbeat-with-lease", "pod/fast", "volume/fast")
# KWOK's own default has no ephemeral storage, without which no pod that requests some can be placed.
_ROOM = {"cpu": "128", "memory": "512Gi", "ephemeral-storage": "512Gi", "pods": "2000"}


def kwok(tools: Tools, layout: Layout, certificates: Certificates) -> Component:
    """The process; writes its configuration, the module's stages and ours."""
    configuration = layout.data / "kwok.yaml"
    configuration.write_text(yaml.safe_dump_all([*stages(tools), _logs()]))
    arguments = (
        f"--kubeconfig={layout.kubeconfig}",
        f"--config={configuration}",
        "--manage-all-nodes",
        # Without leases the node turns NotReady after 50 s, and its pods never recover.
        "--node-lease-duration-seconds=40",
        "--node-ip=127.0.0.1",
        f"--node-port={layout.ports['kwok']}",
        "--cidr=10.244.0.0/16",
        f"--server-address={layout.address('kwok')}",
        f"--tls-cert-file={certificates.certificate}",
        f"--tls-private-key-file={certificates.key}",
        "--enable-crds=Logs",
    )
    return Component("kwok", tools.binaries["kwok"], arguments, layout.url("kwok", "/healthz"))


def stages(tools: Tools) -> list[Json]:
    """How nodes, pods and volumes go on from one state to the next."""
    folder = tools.files["kwok"] / "kustomize" / "stage"
    theirs = [document for part in _STAGES for document in read_folder(folder / part)]
    return [stage for stage in [*theirs, *read_folder(_HERE / "stages")] if stage["kind"] == "Stage"]


def definitions(tools: Tools) -> list[Json]:
    """The CustomResourceDefinition of `Logs`."""
    documents = read_folder(tools.files["kwok"] / "kustomize" / "crd" / "bases")
    return [document for document in documents if document["spec"]["names"]["kind"] == "Logs"]


def storage_class(tools: Tools) -> Json:
    """The default StorageClass, whose volumes the stages bind and delete."""
    documents = read_folder(tools.files["kwok"] / "kustomize" / "stage" / "volume" / "fast")
    return next(document for document in documents if document["kind"] == "StorageClass")


def nodes() -> list[Json]:
    """The nodes, to be created with their status as a kubelet does."""
    return [_node(name) for name in NODES]


def container_log(namespace: str, pod: str, file: Path) -> Json:
    """The object that has a pod's containers answer with the lines of `file`, in the format of `container.log`."""
    logs = {"logsFile": str(file), "previousLogsFile": str(file)}
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Logs",
        "metadata": {"name": pod, "namespace": namespace},
        "spec": {"logs": [logs]},
    }


def _node(name: str) -> Json:
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "status": {"capacity": _ROOM, "allocatable": _ROOM},
    }


def _logs() -> Json:
    file = str(_HERE / "container.log")
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "ClusterLogs",
        "metadata": {"name": "everywhere"},
        "spec": {"logs": [{"logsFile": file, "previousLogsFile": file, "follow": False}]},
    }
