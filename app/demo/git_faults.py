"""What can be made to go wrong in the Git server, and the list of it that a running server holds."""

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal, Self

Service = Literal["git-receive-pack", "git-upload-pack"]
What = Literal["refuse", "hold_before", "hold_after", "drop_answer", "throttle"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What befalls the next `times` requests (None: all) of one service.

    - `refuse`: answered with `status`, nothing is done;
    - `hold_before`, `hold_after`: stopped before, or after, Git did its work, until the faults are lifted;
    - `drop_answer`: Git does its work, then the connection is cut after the head of the answer;
    - `throttle`: the request body is read at `bytes_per_second`.

    It meets the request that does the work (`POST .../git-receive-pack`), not the one that lists the refs
    before it, unless `discovery` says so.
    """

    what: What
    service: Service = "git-receive-pack"
    status: int = 503
    bytes_per_second: int = 65_536
    times: int | None = None
    discovery: bool = False

    @classmethod
    def from_json(cls, fields: Mapping[str, object]) -> Self:
        """Return the fault that `to_json` described; TypeError on an unknown field."""
        return cls(**fields)  # type: ignore[arg-type]

    def to_json(self) -> dict[str, object]:
        """Return the fields by name."""
        return asdict(self)


@dataclass(slots=True)
class Faults:
    """The faults in force; used by many threads at once."""

    _faults: list[Fault] = field(default_factory=list)
    _used: dict[int, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _lifted: threading.Event = field(default_factory=threading.Event)
    _held: int = 0

    def add(self, fault: Fault) -> None:
        """Put a fault in force."""
        with self._lock:
            self._faults.append(fault)

    def lift(self) -> None:
        """End all faults and let go of what is held."""
        with self._lock:
            self._faults.clear()
            self._used.clear()
            self._lifted.set()
            self._lifted = threading.Event()

    def take(self, service: str, *, discovery: bool) -> Fault | None:
        """Return the first fault that meets this request, counting it as used once more."""
        with self._lock:
            for place, fault in enumerate(self._faults):
                used = self._used.get(place, 0)
                fits = fault.service == service and fault.discovery == discovery
                if fits and (fault.times is None or used < fault.times):
                    self._used[place] = used + 1
                    return fault
        return None

    def hold(self) -> None:
        """Return when the faults are lifted."""
        with self._lock:
            lifted = self._lifted
            self._held += 1
        lifted.wait()
        with self._lock:
            self._held -= 1

    @property
    def held(self) -> int:
        """Return how many requests are held right now."""
        with self._lock:
            return self._held
