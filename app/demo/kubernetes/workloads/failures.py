"""What is to go wrong with the workloads of a namespace."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal, get_args

FailureKind = Literal[
    "image-pull",
    "crash-loop",
    "out-of-memory",
    "missing-config",
    "never-ready",
    "unschedulable",
    "quota",
    "refused-manifest",
]
FAILURE_KINDS: tuple[str, ...] = get_args(FailureKind)


@dataclass(frozen=True, slots=True)
class Failure:
    """One rule: what fails, where, and for which images."""

    kind: FailureKind
    namespace: str = "*"
    """A shell pattern."""
    image: str = "*"
    """A shell pattern; any one container's image makes the rule apply."""
    exit_code: int = 1
    message: str = ""
    """Said by the failure instead of its usual words, where a cluster would pass on words of others."""


class Failures:
    """The rules in force; the first that fits is taken."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: tuple[Failure, ...] = ()

    def add(self, failure: Failure) -> None:
        """Puts a rule in force, before those that are."""
        with self._lock:
            self._rules = (failure, *self._rules)

    def clear(self, namespace: str | None = None) -> None:
        """Ends the rules for one namespace pattern, or all."""
        with self._lock:
            self._rules = tuple(rule for rule in self._rules if namespace is not None and rule.namespace != namespace)

    def find(self, namespace: str, images: Iterable[str], kinds: Iterable[str]) -> Failure | None:
        """The rule of one of these kinds for a workload with these images, or None."""
        wanted, known = tuple(kinds), tuple(images)
        for rule in self._rules:
            if rule.kind not in wanted or not fnmatchcase(namespace, rule.namespace):
                continue
            if rule.image == "*" or any(fnmatchcase(image, rule.image) for image in known):
                return rule
        return None


@dataclass(slots=True)
class Pace:
    """How long things take; changed while the cluster runs."""

    rollout_seconds: float = 0.3
    """From a pod's creation until it is ready."""
    termination_seconds: float = 0.3
    """How long a namespace spends on each step of its end."""
