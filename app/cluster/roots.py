"""Which of a syncer's objects follow the environments repository: found by its URL, whatever they are called."""

import threading
import time
from dataclasses import dataclass
from typing import Any

from app.cluster.connection import Api, Ask, Limits
from app.cluster.listing import complete_list
from app.errors import EphemeraError
from gitops.labels import ENVIRONMENT

_LIMITS = Limits(connect_seconds=2, read_seconds=3)
_REMEMBERED_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Root:
    """An object's place in the cluster."""

    namespace: str
    name: str


class Roots:
    """Objects that name the repository anywhere in their spec, in the namespace of `usual`; looked for once a minute.

    `usual` stands in where none is found or the resource may not be listed. Safe to share between threads.
    """

    def __init__(self, api: Api, group_path: str, resource: str, repository: str | None, usual: Root) -> None:
        self._api = api
        self._resource = resource
        # In one namespace, so that a Role in it is enough.
        self._path = f"{group_path}/namespaces/{usual.namespace}/{resource}"
        self._repository = repository
        self._usual = usual
        self._found: tuple[Root, ...] = ()
        self._until = 0.0
        self._lock = threading.Lock()

    def find(self) -> tuple[Root, ...]:
        """Where to poke; at least one place. Never raises: who pokes there is told what is wrong."""
        if self._repository is None:
            return (self._usual,)
        with self._lock:
            if time.monotonic() >= self._until:
                self._found = self._look(self._repository)
                self._until = time.monotonic() + (_REMEMBERED_SECONDS if self._found else 0)
        return self._found or (self._usual,)

    def _look(self, repository: str) -> tuple[Root, ...]:
        ask = Ask(f"listing {self._resource}", self._path, limits=_LIMITS)
        try:
            listing = complete_list(self._api, ask, lambda raw: _root(raw, _plain(repository)))
        except EphemeraError:
            return ()
        return tuple(root for root in listing.items if root is not None)


def _root(raw: dict[str, Any], repository: str) -> Root | None:
    metadata = raw.get("metadata") or {}
    if ENVIRONMENT in (metadata.get("labels") or {}):
        return None  # an environment's own source, which follows its own ref
    if not _mentions(raw.get("spec"), repository):
        return None
    return Root(str(metadata.get("namespace", "")), str(metadata.get("name", "")))


def _mentions(value: object, repository: str) -> bool:
    match value:
        case str():
            return _plain(value) == repository
        case dict():
            return any(_mentions(held, repository) for held in value.values())
        case list():
            return any(_mentions(held, repository) for held in value)
        case _:
            return False


def _plain(url: str) -> str:
    """The URL without what Git hosts take or leave: a slash and `.git` at the end."""
    return url.strip().rstrip("/").removesuffix(".git")
