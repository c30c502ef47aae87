"""What an earlier commit of the environments repository was made of, so that it can be run again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from gitops.spec import Spec


@dataclass(frozen=True, slots=True)
class Recorded:
    """A commit of the environments repository, and the spec that was recorded of it."""

    commit: str
    spec: Spec

    @property
    def head_sha(self) -> str:
        """The pull request's commit that it ran."""
        return self.spec.head_sha

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The value that `to_json` wrote. Raises KeyError or gitops' SpecError when it is something else."""
        return cls(value["commit"], Spec.from_mapping(value["spec"]))

    def to_json(self) -> dict[str, Any]:
        """The row's form: `{"commit": ..., "head_sha": ..., "spec": {...}}`."""
        return {"commit": self.commit, "head_sha": self.head_sha, "spec": self.spec.to_mapping()}
