"""Everything one running simulator consists of."""

from dataclasses import dataclass

from app.demo.github.budget import Budget
from app.demo.github.clock import Clock
from app.demo.github.faults import Faults
from app.demo.github.ledger import Ledger
from app.demo.github.options import Options
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


def open_hub(options: Options) -> Hub:
    """Return an empty GitHub at which one App is registered."""
    clock = Clock()
    sender = Sender(options, clock)
    return Hub(options, clock, State(), sender, Ledger(), Faults(), Budget())
