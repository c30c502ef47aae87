"""The few values that are kept of each object, and what all objects have in common.

A resourceVersion is read as a number: Kubernetes promises since 1.35 that those of one resource compare as such
(https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions), and did so in fact long before. It
tells which version is newer, and nothing else: two versions that differ in it alone are equal, and no news.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.cluster.shapes import Metadata, shaped
from app.domain.health import Holding, LogSource, Problem, Workload
from gitops.labels import GENERATION, HEAD_SHA

_MESSAGE_LIMIT = 500
_ENVIRONMENT = re.compile(r"pr-[0-9]+-[a-z0-9]")


class Seen(Protocol):
    """A version of an object."""

    @property
    def namespace(self) -> str:
        """The environment's namespace, which for an object of the syncer or a volume is not the object's own."""

    @property
    def revision(self) -> int:
        """Its resourceVersion."""

    @property
    def key(self) -> str:
        """What tells it apart from others of its resource in that namespace."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """An object that belongs to no environment, or does not any more."""

    namespace: str
    revision: int
    key: str


@dataclass(frozen=True, slots=True)
class SeenNamespace:
    """A namespace; a terminating one says what it waits for."""

    namespace: str
    revision: int = field(compare=False)
    is_terminating: bool
    notes: tuple[str, ...] = ()
    holding: Holding | None = None

    @property
    def key(self) -> str:
        """What tells it apart from others of its kind in its namespace."""
        return self.namespace


@dataclass(frozen=True, slots=True)
class SeenWorkload:
    """A workload as its own object tells it, before its pods have been asked."""

    namespace: str
    revision: int = field(compare=False)
    workload: Workload
    holding: Holding | None = None
    changed_at: str = field(default="", compare=False)
    """When its spec was last written, in whole seconds of RFC 3339; empty where that is not told."""

    @property
    def key(self) -> str:
        """`Deployment/web`."""
        return self.workload.name


@dataclass(frozen=True, slots=True)
class SeenPod:
    """A pod: whose it is, which commit it runs, and what is wrong with it."""

    namespace: str
    revision: int = field(compare=False)
    name: str
    owner: str
    """`Deployment/web`; empty when no controller owns it."""
    head_sha: str | None
    generation: int
    problem: Problem | None = None
    ending: str = ""
    """How a container of it ended that failed, without repetition being needed: why a Job failed."""
    holding: Holding | None = None
    ending_log: LogSource | None = None
    """That container's."""
    is_creating: bool = False
    """None of its containers was ever started: it waits for a volume, its network or an image."""
    unready: tuple[str, ...] = ()
    """Containers that were started and are not ready, sorted."""

    @property
    def key(self) -> str:
        """Its name."""
        return self.name


def is_environment(name: str) -> bool:
    """Whether a namespace of that name can be an environment's: `gitops.naming` calls them all `pr-{number}-...`."""
    return _ENVIRONMENT.match(name) is not None


def revision_of(raw: Mapping[str, Any]) -> int:
    """The object's resourceVersion. ValueError or KeyError when it has none."""
    return int(raw["metadata"]["resourceVersion"])


def commit_of(metadata: Mapping[str, Any]) -> tuple[str | None, int]:
    """The head SHA and generation that annotations name; None and 0 where they do not."""
    annotations = metadata.get("annotations") or {}
    generation = str(annotations.get(GENERATION, ""))
    return annotations.get(HEAD_SHA), int(generation) if generation.isdecimal() else 0


def holding_of(name: str, metadata: Metadata, *, more: tuple[str, ...] = ()) -> Holding | None:
    """What keeps an object called `Deployment/web` that is being deleted; None where nothing does.

    `more` are finalizers that lie elsewhere than in the metadata, as a namespace's do.
    """
    finalizers = (*(metadata.finalizers or ()), *more)
    if metadata.deletion_timestamp is None or not finalizers:
        return None
    return Holding(name, finalizers, metadata.deletion_timestamp)


def raw_holding(kind: str, raw: Mapping[str, Any]) -> Holding | None:
    """The same of a plain object."""
    metadata = raw["metadata"]
    return holding_of(f"{kind}/{metadata['name']}", shaped(Metadata, metadata))


def cut(text: str) -> str:
    """The text on one line, without control characters, at most 500 characters of it."""
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return line if len(line) <= _MESSAGE_LIMIT else line[: _MESSAGE_LIMIT - 1] + "…"


def conditions_of(raw: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The status conditions by type."""
    return {condition["type"]: condition for condition in (raw.get("status") or {}).get("conditions") or ()}
