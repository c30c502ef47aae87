"""What should exist for a pull request, and the JSON that keeps it in the row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from gitops.spec import Spec


@dataclass(frozen=True, slots=True)
class Present:
    """An environment built from `spec` should run."""

    spec: Spec
    approval: int | None = None
    """The id of the approval by which a fork's commit runs; None for the repository's own."""


@dataclass(frozen=True, slots=True)
class Absent:
    """Nothing should run; `reason` is what the author reads."""

    reason: str
    is_closed: bool = False
    """The pull request is over, so there is nobody left to tell why there is no environment."""
    is_expired: bool = False
    """Its time ran out; whoever does something about it has it back."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing new may be published before somebody acts."""

    reason: str
    sha: str | None = None
    """The commit that somebody has to approve; None where it waits for something else."""
    kept: tuple[str, ...] | None = None
    """What runs already is left alone if it is one of these commits, and removed if not; None leaves it alone."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Nothing is certain, so nothing changes; a person should look at `reason`."""

    reason: str


Desired = Present | Absent | Waiting
Decision = Present | Absent | Waiting | Keep


def to_json(desired: Desired) -> dict[str, Any]:
    """The row's form: `{"kind": "present", "spec": {...}}`, or a kind with its reason."""
    match desired:
        case Present(spec, approval):
            return {"kind": "present", "spec": spec.to_mapping()} | _if_any("approval", approval)
        case Absent(reason, is_closed, is_expired):
            held = {"kind": "absent", "reason": reason, "is_closed": is_closed}
            return held | _if_any("is_expired", is_expired or None)
        case Waiting(reason, sha, kept):
            held = {"kind": "waiting", "reason": reason}
            return held | _if_any("sha", sha) | _if_any("kept", None if kept is None else list(kept))
        case _:
            assert_never(desired)


def from_json(value: Mapping[str, Any]) -> Desired:
    """The value that `to_json` wrote. Raises KeyError or gitops' SpecError when it is something else."""
    match value["kind"]:
        case "present":
            return Present(Spec.from_mapping(value["spec"]), value.get("approval"))
        case "absent":
            return Absent(value["reason"], value["is_closed"], value.get("is_expired", False))
        case "waiting":
            kept = value.get("kept")
            return Waiting(value["reason"], value.get("sha"), None if kept is None else tuple(kept))
        case other:
            raise KeyError(f"no such kind of desired state: {other!r}")


def _if_any(name: str, value: Any) -> dict[str, Any]:
    """Left out when there is none: what older rows hold then still says the same."""
    return {} if value is None else {name: value}
