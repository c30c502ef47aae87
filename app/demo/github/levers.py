"""The client's levers: webhooks by hand, faults, the clock, the limits and the ledger."""

import base64
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from app.demo.github.faults import Fault
from app.demo.github.git.requests import GitRequest
from app.demo.github.ledger import LedgerEntry, Tally
from app.demo.github.readings import SentDelivery, delivery_of, entry_of, git_request_of, tally_of
from app.demo.github.sender import Order, Sending
from app.demo.github.wire import Wire


class Levers(Wire):
    """What a test sets and reads that is no person's doing."""

    def set_hook(self, **fields: str) -> None:
        """Change the App's webhook: any of url, secret."""
        self.call("PUT", "/hook", fields)

    def set_sending(self, sending: Sending) -> None:
        """Change how webhooks leave from now on; `Sending()` is the default again."""
        self.call("PUT", "/sending", asdict(sending))

    def release(self, order: Order = "sent", seed: int = 0) -> int:
        """Send what was held, in that order; return how many."""
        return int(self.call("POST", "/sending/release", {"order": order, "seed": seed})["released"])

    def discard_held(self) -> int:
        """Lose what was held; return how many."""
        return int(self.call("POST", "/sending/release", {"discard": True})["discarded"])

    def deliver(self, event: str, payload: Mapping[str, Any] | bytes, **fields: str) -> SentDelivery:
        """Send a payload (bytes as they are) and return what the receiver answered.

        `fields` are any of delivery_id, and signature: a wrong one, or empty for none.
        """
        raw = payload if isinstance(payload, bytes) else None
        content = {"payload": payload} if raw is None else {"body_base64": base64.b64encode(raw).decode()}
        return delivery_of(self.call("POST", "/deliveries", {"event": event, **content, **fields}))

    def deliveries(self) -> list[SentDelivery]:
        """Return every attempt, oldest first."""
        return [delivery_of(one) for one in self.call("GET", "/deliveries")]

    def wait_deliveries(self, timeout_seconds: float = 10) -> None:
        """Wait until no webhook is under way, held ones aside. Raises TimeoutError."""
        if not self.call("GET", f"/deliveries/wait?timeout={timeout_seconds}")["idle"]:
            raise TimeoutError(f"webhooks are still under way after {timeout_seconds} s")

    def reset_conditions(self) -> None:
        """Return hook, sending, faults, clock and limits to the start; people, repositories and ledger stay."""
        self.call("POST", "/reset")

    def fault(self, fault: Fault) -> None:
        """Arm a fault for the next matching requests."""
        self.call("POST", "/faults", asdict(fault))

    def clear_faults(self) -> None:
        """Disarm all faults; stalled requests go on at once."""
        self.call("DELETE", "/faults")

    def shift_clock(self, seconds: float) -> None:
        """Set the simulator's clock that far off wall time."""
        self.call("PUT", "/clock", {"shift_seconds": seconds})

    def set_limits(self, **fields: Any) -> None:
        """Change the rate limits: any of limit (None for GitHub's own), secondary (whether it is enforced),
        secondary_status (403 or 429), strict_spacing (writes have to be a second apart), reset (begin new hours)."""
        self.call("PUT", "/limits", fields)

    def conceal_forbidden(self, *, on: bool = True) -> None:
        """Answer 404 where a token lacks the permission to read, as some of GitHub's operations do, instead of 403."""
        self.call("PUT", "/concealing", {"on": on})

    def ledger(self) -> list[LedgerEntry]:
        """Return every request to the API since the last reset."""
        return [entry_of(one) for one in self.call("GET", "/ledger")]

    def git_requests(self) -> list[GitRequest]:
        """Return every request of Git's protocol so far; they are in no ledger and count for no limit."""
        return [git_request_of(one) for one in self.call("GET", "/git-requests")]

    def tallies(self) -> list[Tally]:
        """Return what each principal sent since the last reset, added up; cheap after thousands of requests."""
        return [tally_of(one) for one in self.call("GET", "/ledger/tally")]

    def keep_bodies(self, *, on: bool) -> None:
        """Keep the bodies of requests in the ledger from now on, or save the memory."""
        self.call("PUT", "/ledger", {"keeps_bodies": on})

    def keep_answers(self, *, on: bool) -> None:
        """Keep the bodies of answers in the ledger from now on, to hold them against GitHub's description."""
        self.call("PUT", "/ledger", {"keeps_answers": on})

    def reset_ledger(self) -> None:
        """Forget the requests so far."""
        self.call("DELETE", "/ledger")
