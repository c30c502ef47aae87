"""What should exist for a pull request, and the JSON that keeps it in the row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from gitops.spec import Spec


@dataclass(frozen=True, slots=True)
class Present:
    """An environment built from `spec` should run."""

    spec: Spec


@dataclass(frozen=True, slots=True)
class Absent:
    """Nothing should run; `reason` is what the author reads."""

    reason: str
    is_closed: bool = False
    """The pull request is over, so there is nobody left to tell why there is no environment."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing new may be published before somebody acts; what runs already is left alone."""

    reason: str


@dataclass(frozen=True, slots=True)
class Keep:
    """Nothing is certain, so nothing changes; a person should look at `reason`."""

    reason: str


Desired = Present | Absent | Waiting
Decision = Present | Absent | Waiting | Keep


def to_json(desired: Desired) -> dict[str, Any]:
    """The row's form: `{"kind": "present", "spec": {...}}`, or a kind with its reason."""
    match desired:
        case Present(spec):
            return {"kind": "present", "spec": spec.to_mapping()}
        case Absent(reason, is_closed):
            return {"kind": "absent", "reason": reason, "is_closed": is_closed}
        case Waiting(reason):
            return {"kind": "waiting", "reason": reason}
        case _:
            assert_never(desired)


def from_json(value: Mapping[str, Any]) -> Desired:
    """The value that `to_json` wrote. Raises KeyError or gitops' SpecError when it is something else."""
    match value["kind"]:
        case "present":
            return Present(Spec.from_mapping(value["spec"]))
        case "absent":
            return Absent(value["reason"], value["is_closed"])
        case "waiting":
            return Waiting(value["reason"])
        case other:
            raise KeyError(f"no such kind of desired state: {other!r}")
