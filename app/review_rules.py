"""The file of review rules that `EPHEMERA_REVIEW` names, read as a whole: every mistake at once, in words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from app.clusters import label
from app.domain.review import MergeMethod, Merger, Rule, Rules
from app.yaml_file import read_yaml

_QUANTITY = re.compile(r"(\d{1,18})(Ki|Mi|Gi|Ti|k|M|G|T)?")
# https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
_SUFFIXES: Mapping[str, int] = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12} | {
    f"{letter}i": 2 ** (10 * power) for power, letter in enumerate("KMGT", start=1)
}


class _Removals(StrEnum):
    DIRECT = "direct"
    REVIEW = "review"


class _Review(StrEnum):
    NEVER = "never"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Declared:
    """What the file says."""

    rules: Rules
    merge_method: MergeMethod
    """How Ephemera merges, where that is left to it."""


def read_rules(path: Path) -> Declared:
    """The rules that the YAML file declares, in its order. Raises ValueError with one line for each mistake."""
    declared = read_yaml(path, _File)
    rules = tuple(rule.rule() for rule in declared.rules)
    return Declared(Rules(rules, declared.removals is _Removals.REVIEW), declared.merge_method)


def quantity(value: object) -> int:
    """Bytes, from a whole number of them or a Kubernetes quantity such as `512Mi`. Raises ValueError."""
    is_number = isinstance(value, int | str) and not isinstance(value, bool)
    found = _QUANTITY.fullmatch(str(value)) if is_number else None
    if found is None:
        raise ValueError("make it a whole number with Ki, Mi or Gi, such as 512Mi, or of bytes")
    return int(found[1]) * _SUFFIXES[found[2] or ""]


def _name(value: str) -> str:
    if not value.isprintable() or not value.strip():
        raise ValueError("give it a name of one line")
    return value


def _pattern(value: str) -> str:
    if "/" not in value and "*" not in value:
        raise ValueError("make it owner/name, with * for any, such as acme/*")
    return value


_STRICT = ConfigDict(extra="forbid", frozen=True)


class _Conditions(BaseModel):
    model_config = _STRICT

    repositories: Annotated[tuple[Annotated[str, AfterValidator(_pattern)], ...] | None, Field(min_length=1)] = None
    clusters: Annotated[tuple[Annotated[str, AfterValidator(label)], ...] | None, Field(min_length=1)] = None
    forks: Annotated[bool | None, Field(strict=True)] = None
    replicas_above: Annotated[int | None, Field(strict=True, ge=0)] = None
    memory_above: Annotated[int, BeforeValidator(quantity)] | None = None


class _Rule(_Conditions):
    name: Annotated[str, Field(max_length=100), AfterValidator(_name)]
    review: _Review = _Review.ALWAYS
    merge_by: Merger = Merger.PEOPLE
    when: _Conditions = _Conditions()

    @model_validator(mode="after")
    def _said_once(self) -> Self:
        twice = [
            name for name in _Conditions.model_fields if None not in (getattr(self, name), getattr(self.when, name))
        ]
        if twice:
            raise ValueError(f"{', '.join(twice)} stands beside `when` and in it; keep one")
        return self

    def rule(self) -> Rule:
        given = {name: getattr(self.when, name) for name in _Conditions.model_fields}
        given |= {name: value for name in given if (value := getattr(self, name)) is not None}
        given |= {name: given[name] or () for name in ("repositories", "clusters")}
        return Rule(self.name, self.review is _Review.ALWAYS, self.merge_by, **given)


class _File(BaseModel):
    model_config = _STRICT

    removals: _Removals = _Removals.DIRECT
    merge_method: MergeMethod = "merge"
    rules: Annotated[tuple[_Rule, ...], Field(min_length=1)]

    @field_validator("rules")
    @classmethod
    def _distinct(cls, value: tuple[_Rule, ...]) -> tuple[_Rule, ...]:
        if len({rule.name for rule in value}) != len(value):
            raise ValueError("two of its rules have one name")
        return value
