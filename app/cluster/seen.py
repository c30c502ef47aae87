"""The few values that are kept of each object, and what all objects have in common.

A resourceVersion is read as a number: Kubernetes promises since 1.35 that those of one resource compare as such
(https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions), and did so in fact long before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.health import Problem, Workload
from gitops.labels import GENERATION, HEAD_SHA

_MESSAGE_LIMIT = 500


@dataclass(frozen=True, slots=True)
class SeenNamespace:
    """A namespace; a terminating one says what it waits for."""

    namespace: str
    revision: int
    is_terminating: bool
    notes: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What tells it apart from others of its kind in its namespace."""
        return self.namespace


@dataclass(frozen=True, slots=True)
class SeenWorkload:
    """A workload as its own object tells it, before its pods have been asked."""

    namespace: str
    revision: int
    workload: Workload

    @property
    def key(self) -> str:
        """`Deployment/web`."""
        return self.workload.name


@dataclass(frozen=True, slots=True)
class SeenPod:
    """A pod: whose it is, which commit it runs, and what is wrong with it."""

    namespace: str
    revision: int
    name: str
    owner: str
    """`Deployment/web`; empty when no controller owns it."""
    head_sha: str | None
    generation: int
    problem: Problem | None = None
    ending: str = ""
    """How a container of it ended that failed, without repetition being needed: why a Job failed."""

    @property
    def key(self) -> str:
        """Its name."""
        return self.name


Seen = SeenNamespace | SeenWorkload | SeenPod


def revision_of(raw: Mapping[str, Any]) -> int:
    """The object's resourceVersion. ValueError or KeyError when it has none."""
    return int(raw["metadata"]["resourceVersion"])


def commit_of(metadata: Mapping[str, Any]) -> tuple[str | None, int]:
    """The head SHA and generation that annotations name; None and 0 where they do not."""
    annotations = metadata.get("annotations") or {}
    generation = str(annotations.get(GENERATION, ""))
    return annotations.get(HEAD_SHA), int(generation) if generation.isdecimal() else 0


def cut(text: str) -> str:
    """The text on one line, without control characters, at most 500 characters of it."""
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return line if len(line) <= _MESSAGE_LIMIT else line[: _MESSAGE_LIMIT - 1] + "…"


def conditions_of(raw: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The status conditions by type."""
    return {condition["type"]: condition for condition in (raw.get("status") or {}).get("conditions") or ()}
