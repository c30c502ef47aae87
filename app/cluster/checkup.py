"""Whether the cluster lets Ephemera do its work: facts for `ephemera check`, found by doing what it will do."""

from collections.abc import Callable

from app.cluster.connection import Api, Ask, Limits
from app.cluster.failures import NotFound
from app.cluster.pokes import Target
from app.cluster.resources import SELECTOR, WATCHED, Resource
from app.cluster.syncer import KnownSyncer
from app.domain.finding import Finding
from app.errors import Stalled, Transient

_LIMITS = Limits(connect_seconds=5, read_seconds=10)
_REACH = "Check EPHEMERA_CLUSTER_URL and EPHEMERA_CLUSTER_TOKEN, or EPHEMERA_KUBECONFIG, and the network."


def check_cluster(api: Api, syncer: KnownSyncer) -> list[Finding]:
    """One finding per fact: the server answers, each resource may be listed and watched, the syncer can be poked.

    Changes nothing in the cluster. When the server cannot be reached, that is the only finding.
    """
    reachable = _finding("cluster: reachable", lambda: _version(api), _REACH)
    if not reachable.is_ok:
        return [reachable]
    reading = [_reading(api, resource) for resource in WATCHED]
    return [reachable, *reading, *(_poking(api, target) for target in syncer.needs())]


def _finding(what: str, look: Callable[[], str], advice: str) -> Finding:
    try:
        return Finding.good(what, look())
    except (Transient, Stalled) as error:
        return Finding.bad(what, str(error), advice)


def _version(api: Api) -> str:
    return f"Kubernetes {api.get(Ask('reading the version', '/version', limits=_LIMITS)).get('gitVersion', 'unknown')}"


def _reading(api: Api, resource: Resource) -> Finding:
    advice = f"Let Ephemera's account list and watch {resource.name} in all namespaces (a ClusterRole)."
    return _finding(f"cluster: list and watch {resource.name}", lambda: _read(api, resource), advice)


def _read(api: Api, resource: Resource) -> str:
    query = {"labelSelector": SELECTOR, "limit": "1"}
    page = api.get(Ask(f"listing {resource.name}", resource.path, query, limits=_LIMITS))
    query = {
        "labelSelector": SELECTOR,
        "watch": "true",
        "resourceVersion": str((page.get("metadata") or {}).get("resourceVersion", "")),
        "timeoutSeconds": "1",
    }
    with api.stream(Ask(f"watching {resource.name}", resource.path, query, limits=_LIMITS), silence_seconds=1):
        return "allowed"


def _poking(api: Api, target: Target) -> Finding:
    name = target.path.rpartition("/")[2]
    what = f"syncer: patch {target.resource}" + ("" if target.is_optional else f" {name}")
    advice = f"Install it, or name it in the settings; let Ephemera's account patch {target.resource} there."
    return _finding(what, lambda: _patch_nothing(api, target), advice)


def _patch_nothing(api: Api, target: Target) -> str:
    """A dry run of an empty patch: passes admission and permissions, and changes nothing."""
    query = {"dryRun": "All", "fieldManager": "ephemera"}
    try:
        api.merge_patch(Ask(f"patching {target.resource}", target.path, query, limits=_LIMITS), {})
    except NotFound:
        if not target.is_optional:
            raise
        return "allowed"
    return "found"
