"""Whether the cluster lets Ephemera do its work: facts for `ephemera check`, found by doing what it will do."""

from collections.abc import Callable, Sequence

from app.cluster.connection import Api, Ask, Limits
from app.cluster.failures import NotFound, NotServed
from app.cluster.pokes import Target
from app.cluster.resources import WATCHED, Resource
from app.cluster.syncer import KnownSyncer
from app.domain.finding import Finding
from app.errors import Stalled, Transient

_LIMITS = Limits(connect_seconds=5, read_seconds=10)
_REACH = "Check EPHEMERA_CLUSTER_URL and EPHEMERA_CLUSTER_TOKEN, or EPHEMERA_KUBECONFIG, and the network."


def check_cluster(api: Api, syncer: KnownSyncer, own: Sequence[Resource] = ()) -> list[Finding]:
    """One finding per fact: the server answers, each resource may be listed and watched, the syncer can be poked.

    `own` is what is watched of the syncer (`resources.synced_by`). Changes nothing in the cluster. When the server
    cannot be reached, that is the only finding.
    """
    reachable = _finding("cluster: reachable", lambda: _version(api), _REACH)
    if not reachable.is_ok:
        return [reachable]
    by_name = {resource.name: resource for resource in reversed((*WATCHED, *own))}
    reading = [_reading(api, resource) for resource in reversed(by_name.values())]
    return [reachable, *reading, *(_poking(api, target) for target in syncer.needs())]


def _finding(what: str, look: Callable[[], str], advice: str) -> Finding:
    try:
        return Finding.good(what, look())
    except (Transient, Stalled) as error:
        return Finding.bad(what, str(error), advice)


def _version(api: Api) -> str:
    return f"Kubernetes {api.get(Ask('reading the version', '/version', limits=_LIMITS)).get('gitVersion', 'unknown')}"


def _reading(api: Api, resource: Resource) -> Finding:
    place = "all namespaces (a ClusterRole)" if "/namespaces/" not in resource.path else "the syncer's namespace"
    advice = f"Let Ephemera's account list and watch {resource.name} in {place}. {resource.without}".rstrip()
    return _finding(f"cluster: list and watch {resource.name}", lambda: _read(api, resource), advice)


def _read(api: Api, resource: Resource) -> str:
    try:
        page = api.get(_ask("listing", resource, {"limit": "1"}))
    except NotServed:
        if not resource.is_optional:
            raise
        return "not served, so there are none"
    revision = str((page.get("metadata") or {}).get("resourceVersion", ""))
    query = {"watch": "true", "resourceVersion": revision, "timeoutSeconds": "1"}
    with api.stream(_ask("watching", resource, query), silence_seconds=1):
        return "allowed"


def _ask(doing: str, resource: Resource, query: dict[str, str]) -> Ask:
    return Ask(f"{doing} {resource.name}", resource.path, {**dict(resource.selection), **query}, limits=_LIMITS)


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
