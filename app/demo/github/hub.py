"""Everything one running simulator consists of."""

from dataclasses import dataclass, field

from app.demo.github.budget import Budget
from app.demo.github.clock import Clock
from app.demo.github.faults import Faults
from app.demo.github.git.requests import GitRequest
from app.demo.github.in_flight import InFlight
from app.demo.github.ledger import Ledger
from app.demo.github.options import Options
from app.demo.github.registry import Registry
from app.demo.github.sender import Sender
from app.demo.github.state import State


@dataclass(frozen=True, slots=True)
class Hub:
    """The parts, made once for each simulator."""

    options: Options
    clock: Clock
    state: State
    sender: Sender
    ledger: Ledger
    faults: Faults
    budget: Budget
    in_flight: InFlight
    apps: Registry
    git_requests: list[GitRequest] = field(default_factory=list)


def open_hub(options: Options) -> Hub:
    """Return an empty GitHub at which one App is registered."""
    clock = Clock()
    sender = Sender(options, clock)
    state = State(options.git_root)
    apps = Registry(options, clock.now())
    return Hub(options, clock, state, sender, Ledger(), Faults(), Budget(), InFlight(state), apps)
