"""Raw objects read as a watch reads them: from JSON, through the resource's shape."""

import json
from typing import Any

from app.cluster.assemble import health_of
from app.cluster.resources import NAMESPACES, VOLUMES, Resource, synced_by
from app.cluster.seen import Foreign, Seen, SeenNamespace
from app.cluster.shapes import decode, event_decoder
from app.domain.cluster import SyncerKind
from app.domain.health import Health
from tests.cluster.raw import Json, namespace

(APPLICATIONS,) = synced_by(SyncerKind.ARGOCD)
KUSTOMIZATIONS, SOURCES = synced_by(SyncerKind.FLUX)


def read(resource: Resource, raw: Json) -> Any:
    """The object, or `Foreign`."""
    line = json.dumps({"type": "ADDED", "object": raw}).encode()
    seen: Seen | Foreign = resource.read(decode("reading", event_decoder(resource.shape), line).object)
    return seen


def seen_namespace(*arguments: Any, **options: Any) -> SeenNamespace:
    """The namespace that `raw.namespace` makes of the arguments."""
    seen = read(NAMESPACES, namespace(*arguments, **options))
    assert isinstance(seen, SeenNamespace)
    return seen


def health(*seen: object) -> Health:
    """What they make together, which must be something."""
    found = health_of(seen)
    assert found is not None
    return found


def volume(name: str, claimed_by: str | None, revision: int = 1, **metadata: Any) -> Any:
    """A volume, claimed from that namespace."""
    claim = (
        {"claimRef": {"kind": "PersistentVolumeClaim", "namespace": claimed_by, "name": "data"}} if claimed_by else {}
    )
    return read(VOLUMES, {"metadata": {"name": name, "resourceVersion": str(revision)} | metadata, "spec": claim})
