"""Which workloads an environment's manifests hold: what has to run before the environment is ready."""

from collections.abc import Mapping

from gitops.parse import parse_object

KINDS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Job"})


def workloads_of(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """`Deployment/web` ..., sorted, of rendered manifests that `check` has passed."""
    manifests = [parse_object(content) for content in files.values()]
    return tuple(sorted(f"{each['kind']}/{each['metadata']['name']}" for each in manifests if each["kind"] in KINDS))
