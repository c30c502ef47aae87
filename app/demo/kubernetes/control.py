"""The control plane of the simulation, below `/_sim/`: what the demo and the tests make go wrong, and what they count.

    POST, DELETE  /_sim/failures     workloads fail (`failures.Failure` as JSON); DELETE takes ?namespace=
    POST, DELETE  /_sim/faults       requests fail (`faults.Fault` as JSON)
    POST, DELETE  /_sim/forbidden    {"resource": "pods", "verb": "*"}: 403
    POST          /_sim/watches      {"action": "close" | "expire" | "silence" | "scramble" | "restore"}
    POST          /_sim/compact      the history is forgotten: 410 for whoever is behind
    PUT           /_sim/syncer       {"is_paused": true}
    PUT           /_sim/pace         {"rollout_seconds": 0.3, "termination_seconds": 0.3}
    GET, DELETE   /_sim/ledger       the requests that were made

These paths need the cluster's token, are not in the ledger and never meet a fault.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from app.demo.kubernetes.apiserver.access import Access
from app.demo.kubernetes.apiserver.calls import Call, Reply, reply_json
from app.demo.kubernetes.apiserver.errors import ApiError, bad_request, method_not_allowed
from app.demo.kubernetes.apiserver.faults import parse_fault
from app.demo.kubernetes.apiserver.kinds import Json
from app.demo.kubernetes.apiserver.site import CONTROL_PREFIX, Site
from app.demo.kubernetes.apiserver.store import Store
from app.demo.kubernetes.apiserver.watching import WatchWeather
from app.demo.kubernetes.syncers.settings import Switch
from app.demo.kubernetes.workloads.failures import FAILURE_KINDS, Failure, Failures, Pace
from app.demo.kubernetes.workloads.loop import Loop


@dataclass(frozen=True, slots=True)
class Levers:
    """The parts of the cluster that can be influenced while it runs."""

    store: Store
    site: Site
    access: Access
    weather: WatchWeather
    failures: Failures
    pace: Pace
    switch: Switch
    loops: tuple[Loop, ...]


class Control:
    """Answers calls below `/_sim/`."""

    def __init__(self, levers: Levers) -> None:
        self._levers = levers
        self._routes: dict[tuple[str, str], Callable[[Call], object]] = {
            ("POST", "failures"): self._fail,
            ("DELETE", "failures"): self._heal,
            ("POST", "faults"): lambda call: levers.site.faults.add(parse_fault(call.json())),
            ("DELETE", "faults"): lambda _: levers.site.faults.clear(),
            ("POST", "forbidden"): lambda call: levers.access.forbid(**call.json()),
            ("DELETE", "forbidden"): lambda _: levers.access.allow_all(),
            ("POST", "watches"): self._disturb_watches,
            ("POST", "compact"): lambda _: levers.store.compact(),
            ("PUT", "syncer"): self._hold_syncer,
            ("PUT", "pace"): self._set_pace,
            ("GET", "ledger"): lambda _: [asdict(entry) for entry in levers.site.ledger.entries()],
            ("DELETE", "ledger"): lambda _: levers.site.ledger.clear(),
        }

    def answer(self, call: Call) -> Reply:
        """Does what the call asks for. Raises `ApiError`: 400 for what it does not understand, 405 for no such path."""
        route = self._routes.get((call.method, call.path.removeprefix(CONTROL_PREFIX)))
        if route is None:
            raise method_not_allowed()
        try:
            result = route(call)
        except (TypeError, KeyError) as error:
            raise bad_request(f"{call.path}: {error}") from error
        return reply_json({} if result is None else result)

    def _fail(self, call: Call) -> None:
        failure = Failure(**call.json())
        if failure.kind not in FAILURE_KINDS:
            raise bad_request(f"failure kind {failure.kind!r}: must be one of {', '.join(FAILURE_KINDS)}")
        self._levers.failures.add(failure)
        self._ask_all()

    def _heal(self, call: Call) -> None:
        self._levers.failures.clear(call.query.get("namespace"))
        self._ask_all()

    def _disturb_watches(self, call: Call) -> None:
        weather, action = self._levers.weather, call.json()["action"]
        match action:
            case "close":
                weather.closings += 1
            case "expire":
                weather.expiries += 1
            case "silence":
                weather.is_silent = True
            case "scramble":
                weather.is_scrambled = True
            case "restore":
                weather.is_silent = weather.is_scrambled = False
            case _:
                raise _unknown(action)
        self._levers.store.wake()

    def _hold_syncer(self, call: Call) -> None:
        self._levers.switch.is_paused = bool(call.json()["is_paused"])
        self._ask_all()

    def _set_pace(self, call: Call) -> None:
        values: Json = call.json()
        pace = self._levers.pace
        pace.rollout_seconds = float(values.get("rollout_seconds", pace.rollout_seconds))
        pace.termination_seconds = float(values.get("termination_seconds", pace.termination_seconds))

    def _ask_all(self) -> None:
        for loop in self._levers.loops:
            loop.ask_all()


def _unknown(action: object) -> ApiError:
    return bad_request(f"action {action!r}: must be close, expire, silence, scramble or restore")
