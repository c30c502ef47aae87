"""Which objects an environment's manifests hold, and which of them have to run before the environment is ready."""

from collections.abc import Iterable, Mapping

from gitops.parse import parse_object
from gitops.tree import blob_id

KINDS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Job"})


def objects_of(files: Mapping[str, bytes]) -> Mapping[str, str]:
    """`{"Deployment/web": digest}`, sorted, of rendered manifests that `check` has passed. The digest is the manifest's
    Git blob id, shortened: it tells whether the object changed."""
    named = {}
    for content in files.values():
        manifest = parse_object(content)
        named[f"{manifest['kind']}/{manifest['metadata']['name']}"] = blob_id(content)[:12]
    return dict(sorted(named.items()))


def workloads_of(objects: Iterable[str]) -> tuple[str, ...]:
    """Those of them that run something."""
    return tuple(name for name in objects if name.partition("/")[0] in KINDS)
