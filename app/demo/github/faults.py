"""Faults on demand: which requests get one, how often, and what it is."""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

FaultKind = Literal["status", "stall", "half_body", "lost_answer", "primary_limit", "secondary_limit"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to the next `times` requests that match."""

    kind: FaultKind
    method: str = ".*"
    path: str = ".*"
    """Regular expression that the whole path has to match; so has `method`."""
    times: int = 1
    status: int = 500
    """Of kinds `status`, `primary_limit` and `secondary_limit`."""
    seconds: float = 1.0
    """How long a `stall` holds the request; what `retry-after` says for the limits (a `secondary_limit` of 0 does not
    say it)."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Added to the answer of kind `status`."""
    skip: int = 0
    """How many matching requests pass before the first fault."""
    git: bool = False
    """Whether it is meant for Git's requests, to `/owner/name.git/...`, instead of the API's; of the kinds, those have
    `status`, `stall` and `lost_answer`."""

    def matches(self, method: str, path: str, *, git: bool = False) -> bool:
        """Tell whether the fault is meant for such a request."""
        return self.git == git and bool(re.fullmatch(self.method, method) and re.fullmatch(self.path, path))


class Faults:
    """The faults that are waiting for a request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []
        self._cleared = threading.Event()

    def add(self, fault: Fault) -> None:
        """Arm a fault. Raises re.error for a bad pattern."""
        re.compile(fault.method)
        re.compile(fault.path)
        with self._lock:
            self._waiting.append(fault)

    def take(self, method: str, path: str, *, git: bool = False) -> Fault | None:
        """Return the fault for this request, if any, and count it."""
        with self._lock:
            for index, fault in enumerate(self._waiting):
                if fault.matches(method, path, git=git):
                    return self._count(index, fault)
        return None

    def waiting(self) -> list[Fault]:
        """Return what has not happened yet."""
        with self._lock:
            return list(self._waiting)

    def clear(self) -> None:
        """Disarm all faults and let stalled requests go on."""
        with self._lock:
            self._waiting.clear()
            self._cleared.set()
            self._cleared = threading.Event()

    def stall(self, seconds: float) -> None:
        """Hold the calling thread until the time is over or the faults are cleared."""
        with self._lock:
            cleared = self._cleared
        cleared.wait(seconds)

    def _count(self, index: int, fault: Fault) -> Fault | None:
        if fault.skip:
            self._waiting[index] = replace(fault, skip=fault.skip - 1)
            return None
        if fault.times > 1:
            self._waiting[index] = replace(fault, times=fault.times - 1)
        else:
            del self._waiting[index]
        return fault
