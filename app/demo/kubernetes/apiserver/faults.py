"""What goes wrong with single requests, on demand."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Literal, get_args

from app.demo.kubernetes.apiserver.calls import Call
from app.demo.kubernetes.apiserver.errors import bad_request

FaultKind = Literal["status", "stall", "half-body", "lost-answer"]
"""`status` answers with a code instead; `stall` waits first; `half-body` breaks the connection in the middle of the
answer; `lost-answer` does what was asked and breaks the connection without a word."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule; it is used up after `times` requests that match, or never when that is None."""

    kind: FaultKind
    method: str = "*"
    path: str = "*"
    """A shell pattern for the path, such as `/api/v1/pods*`."""
    times: int | None = 1
    code: int = 503
    seconds: float = 5.0
    retry_after: int | None = None


class Faults:
    """The rules in force; the first that matches a request is taken."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Puts a rule in force."""
        with self._lock:
            self._rules.append(fault)

    def clear(self) -> None:
        """Ends all rules."""
        with self._lock:
            self._rules.clear()

    def take(self, call: Call) -> Fault | None:
        """The rule for this request, used up by one; None when all is well."""
        with self._lock:
            for index, rule in enumerate(self._rules):
                if rule.method in {"*", call.method} and fnmatchcase(call.path, rule.path):
                    self._use(index, rule)
                    return rule
        return None

    def _use(self, index: int, rule: Fault) -> None:
        if rule.times is None:
            return
        if rule.times <= 1:
            del self._rules[index]
        else:
            self._rules[index] = replace(rule, times=rule.times - 1)


def parse_fault(value: Mapping[str, object]) -> Fault:
    """A rule from JSON. 400 when a field is unknown or its kind is none."""
    try:
        fault = Fault(**value)  # type: ignore[arg-type]
    except TypeError as error:
        raise bad_request(f"fault: {error}") from error
    if fault.kind not in get_args(FaultKind):
        raise bad_request(f"fault kind {fault.kind!r}: must be one of {', '.join(get_args(FaultKind))}")
    return fault
