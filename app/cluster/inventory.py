"""What is left of environments, by complete lists made now: the only proof that something is gone."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from app.cluster.connection import Api, Ask
from app.cluster.failures import NotServed
from app.cluster.listing import complete_list
from app.cluster.resources import NAMESPACES, VOLUMES, Resource
from app.cluster.shapes import Named
from app.cluster.volumes import Volume, claimed_by
from app.errors import Transient

_NAMES_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
"""Metadata alone where the server can, whole objects where it cannot (API concepts, "metadata-only fetches")."""

_KINDS = {
    "applications": "Application",
    "kustomizations": "Kustomization",
    "gitrepositories": "GitRepository",
}

Shown = tuple[str, str]
"""The environment's name, and the object's: `pr-7-shop`, `Application/pr-7-shop`."""


class Inventory:
    """Looks through namespaces, volumes, and the syncer's own resources; whether labelled or not."""

    def __init__(self, api: Api, own: Sequence[Resource]) -> None:
        self._api = api
        self._own = own

    def remaining(self, names: Collection[str]) -> Mapping[str, frozenset[str]]:
        """What is shown of each: `{"pr-7-shop": {"Namespace/pr-7-shop"}}`. A request for each page of each list.

        Raises Transient or Stalled when one of the lists cannot be had whole, and when the cluster shows no namespace.
        """
        left: dict[str, set[str]] = {name: set() for name in names}
        for environment, name in self._shown():
            if environment in left:
                left[environment].add(name)
        return {name: frozenset(shown) for name, shown in left.items()}

    def _shown(self) -> Iterator[Shown]:
        """What makes others comes first: when it is gone, nothing of its making can come after the next list."""
        for resource in self._own:
            kind = _KINDS[resource.name.partition(".")[0]]
            yield from self._list(resource, _named(kind), Named, _NAMES_ONLY)
        namespaces = self._list(NAMESPACES, _named("Namespace"), Named, _NAMES_ONLY)
        if not namespaces:
            # No cluster is without `default` and `kube-system`: this is not the list that was asked for.
            raise Transient("listing namespaces: the list is empty, which no cluster's is")
        yield from namespaces
        yield from self._volumes()

    def _volumes(self) -> Sequence[Shown]:
        try:
            return self._list(VOLUMES, _volume, Volume)
        except NotServed:
            return ()  # a cluster that does not serve a resource has none of it

    def _list(
        self, resource: Resource, read: Callable[[Any], Shown], shape: Any, accept: str = "application/json"
    ) -> Sequence[Shown]:
        return complete_list(
            self._api, Ask(f"listing {resource.name}", resource.path, accept=accept), read, shape
        ).items


def _named(kind: str) -> Callable[[Named], Shown]:
    return lambda raw: (raw.metadata.name, f"{kind}/{raw.metadata.name}")


def _volume(raw: Volume) -> Shown:
    return claimed_by(raw), f"PersistentVolume/{raw.metadata.name}"
