"""`review`: whether a change needs review before it runs. An ordered table; the first rule that fits decides.

Every rule's result is kept with the change, so that an auditor reads what applied when it was made.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any, Literal

MergeMethod = Literal["merge", "squash", "rebase"]
"""How GitHub merges."""
BRANCHES = "ephemera/"
"""What the branches of proposals begin with; the environment's namespace follows."""


class Merger(StrEnum):
    """Who merges a proposal."""

    PEOPLE = "people"
    """A person, GitHub's auto-merge or a merge queue."""
    EPHEMERA = "ephemera"
    """Ephemera, as soon as GitHub's own rules allow it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One of an operator's rules; it fits where all of its conditions hold."""

    name: str
    is_review_required: bool = True
    merged_by: Merger = Merger.PEOPLE
    repositories: tuple[str, ...] = ()
    """Shell patterns of `owner/name`, any case; none: every repository."""
    clusters: tuple[str, ...] = ()
    """Names; none: every cluster."""
    forks: bool | None = None
    """Only what comes from forks, or only what does not; None: both."""
    replicas_above: int | None = None
    memory_above: int | None = None
    """Bytes, over all pods."""


@dataclass(frozen=True, slots=True)
class Rules:
    """All of them, in their order, and whether removals are reviewed too."""

    rules: tuple[Rule, ...] = ()
    reviews_removals: bool = False

    @property
    def digest(self) -> str:
        """Changes when anything about them does."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]


NEVER = Rules()
ALWAYS = Rules((Rule("always"),))


@dataclass(frozen=True, slots=True)
class Subject:
    """What the rules look at: one change of one environment."""

    repository: str
    """`owner/name`."""
    cluster: str
    is_from_fork: bool
    is_removal: bool = False
    replicas: int = 0
    memory: int = 0
    """Bytes that its pods may use together."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one rule says."""

    rule: str
    fits: bool
    why: str
    """In words: `3 replicas, not above 4`."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """Whether review is required, by which rule, and what every rule said."""

    is_required: bool
    merged_by: Merger
    rule: str | None
    """The one that decided; None: none fitted, or a removal needs none."""
    results: tuple[Result, ...]
    rules_digest: str

    def to_json(self) -> dict[str, Any]:
        """The row's form."""
        return {
            "is_required": self.is_required,
            "merged_by": self.merged_by.value,
            "rule": self.rule,
            "results": [{"rule": each.rule, "fits": each.fits, "why": each.why} for each in self.results],
            "rules_digest": self.rules_digest,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Requirement":
        """The value that `to_json` wrote."""
        results = tuple(Result(**each) for each in value["results"])
        return cls(value["is_required"], Merger(value["merged_by"]), value["rule"], results, value["rules_digest"])


def review(rules: Rules, subject: Subject) -> Requirement:
    """What the rules demand of the change. A removal is asked about without its size, which is nobody's worry."""
    results: list[Result] = []
    decisive: Rule | None = None
    if not subject.is_removal or rules.reviews_removals:
        for rule in rules.rules:
            failing = next((why for why, holds in _conditions(rule, subject) if not holds), None)
            holding = "; ".join(why for why, _ in _conditions(rule, subject)) or "it has no conditions"
            results.append(Result(rule.name, failing is None, failing or holding))
            if failing is None and decisive is None:
                decisive = rule
    is_required = decisive is not None and decisive.is_review_required
    merger = decisive.merged_by if decisive is not None else Merger.PEOPLE
    return Requirement(is_required, merger, decisive.name if decisive else None, tuple(results), rules.digest)


def _conditions(rule: Rule, subject: Subject) -> list[tuple[str, bool]]:
    """Each condition of the rule, in words, and whether it holds."""
    told: list[tuple[str, bool]] = []
    if rule.repositories:
        fits = any(fnmatchcase(subject.repository.lower(), pattern.lower()) for pattern in rule.repositories)
        told.append((f"{subject.repository} is {'' if fits else 'not '}one of {', '.join(rule.repositories)}", fits))
    if rule.clusters:
        fits = subject.cluster in rule.clusters
        told.append((f"cluster {subject.cluster} is {'' if fits else 'not '}one of {', '.join(rule.clusters)}", fits))
    if rule.forks is not None:
        told.append(
            (
                f"it comes from {'a fork' if subject.is_from_fork else 'the repository itself'}",
                rule.forks == subject.is_from_fork,
            )
        )
    if not subject.is_removal:
        told += _sizes(rule, subject)
    return told


def _sizes(rule: Rule, subject: Subject) -> list[tuple[str, bool]]:
    told: list[tuple[str, bool]] = []
    if rule.replicas_above is not None:
        fits = subject.replicas > rule.replicas_above
        told.append((f"{subject.replicas} replicas, {'' if fits else 'not '}above {rule.replicas_above}", fits))
    if rule.memory_above is not None:
        fits = subject.memory > rule.memory_above
        told.append(
            (f"{_mebibytes(subject.memory)}, {'' if fits else 'not '}above {_mebibytes(rule.memory_above)}", fits)
        )
    return told


def _mebibytes(size: int) -> str:
    return f"{-(-size // 2**20)} MiB"
