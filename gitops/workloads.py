"""Which objects an environment's manifests hold, and which of them have to run before the environment is ready."""

from collections.abc import Mapping, Sequence

from gitops.parse import parse_object

KINDS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Job"})


def objects_of(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """`Deployment/web`, `Service/web` ..., sorted, of rendered manifests that `check` has passed."""
    manifests = [parse_object(content) for content in files.values()]
    return tuple(sorted(f"{each['kind']}/{each['metadata']['name']}" for each in manifests))


def workloads_of(objects: Sequence[str]) -> tuple[str, ...]:
    """Those of them that run something."""
    return tuple(name for name in objects if name.partition("/")[0] in KINDS)
