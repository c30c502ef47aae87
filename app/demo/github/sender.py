"""Sends webhooks from a pool of threads, once each, the way GitHub does.

Ten seconds to answer, never repeated by itself, every attempt recorded:
https://docs.github.com/webhooks/using-webhooks/handling-failed-webhook-deliveries
"""

import hashlib
import hmac
import itertools
import random
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import urllib3

from app.demo.github.clock import Clock
from app.demo.github.deliveries import Delivery, Message
from app.demo.github.options import Options

THREADS = 16
TIMEOUT_SECONDS = 10.0
# https://docs.github.com/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks
RETENTION = timedelta(days=3)
FIRST_DELIVERY_ID = 180_000_000_001
HOOK_ID = 453_221_007

Order = Literal["sent", "reversed", "shuffled"]


@dataclass(frozen=True, slots=True)
class Sending:
    """How messages leave. The default is GitHub on a good day."""

    is_suppressed: bool = False
    """The message is lost on GitHub's side: neither sent nor recorded."""
    is_held: bool = False
    """The message waits for `release`."""
    delay_seconds: float = 0.0
    copies: int = 1
    """How often the same delivery is sent."""


class Sender:
    """Owns the hook's address and secret, the threads and the record of attempts."""

    def __init__(self, options: Options, clock: Clock) -> None:
        self.url = options.webhook_url
        self.secret = options.webhook_secret
        self.sending = Sending()
        self._options = options
        self._clock = clock
        self._http = urllib3.PoolManager(retries=False, timeout=TIMEOUT_SECONDS)
        self._pool: ThreadPoolExecutor | None = None
        self._ids = itertools.count(FIRST_DELIVERY_ID)
        self._changed = threading.Condition()
        self._pending = 0
        self._held: list[Message] = []
        self._deliveries: dict[int, Delivery] = {}

    def reset(self) -> None:
        """Return to the registered hook and the default way of sending; what is held is lost."""
        self.url = self._options.webhook_url
        self.secret = self._options.webhook_secret
        self.sending = Sending()
        self.discard_held()

    def send(self, message: Message, sending: Sending | None = None) -> None:
        """Send soon, or as `sending` (else the present default) says."""
        how = sending or self.sending
        if how.is_suppressed:
            return
        for _ in range(how.copies):
            self._hold(message) if how.is_held else self._submit(message, how.delay_seconds)

    def release(self, order: Order = "sent", seed: int = 0) -> int:
        """Send what is held, one after another in that order; return how many."""
        with self._changed:
            messages, self._held = self._held, []
            self._pending += 1
        if order == "reversed":
            messages.reverse()
        elif order == "shuffled":
            random.Random(seed).shuffle(messages)
        self._threads().submit(self._deliver_all, messages)
        return len(messages)

    def discard_held(self) -> int:
        """Lose what is held; return how many."""
        with self._changed:
            count = len(self._held)
            self._held.clear()
            return count

    def redeliver(self, delivery: Delivery) -> None:
        """Send an old message again, soon, under its old GUID."""
        self._submit(delivery.message, 0.0, is_redelivery=True)

    def deliver(self, message: Message, *, is_redelivery: bool = False) -> Delivery:
        """Send now, in this thread, and return what came of it."""
        headers = self._headers(message)
        begun = time.monotonic()
        url = self.url
        status, code, response = self._post(url, message.body, headers)
        delivery = Delivery(
            id=next(self._ids),
            message=message,
            url=url,
            is_redelivery=is_redelivery,
            delivered_at=self._clock.now(),
            duration=round(time.monotonic() - begun, 2),
            status=status,
            status_code=code,
            request_headers=headers,
            response_headers=dict(response.headers) if response else {},
            response_body=response.data.decode("utf-8", "replace") if response else "",
        )
        with self._changed:
            self._deliveries[delivery.id] = delivery
        return delivery

    def deliveries(self) -> list[Delivery]:
        """Return every attempt ever made, newest first."""
        with self._changed:
            return sorted(self._deliveries.values(), key=lambda one: one.id, reverse=True)

    def known(self) -> list[Delivery]:
        """Return the attempts that GitHub still knows, newest first."""
        oldest = self._clock.now() - RETENTION
        return [one for one in self.deliveries() if one.delivered_at > oldest]

    def held(self) -> int:
        """Return how many messages wait for `release`."""
        with self._changed:
            return len(self._held)

    def wait(self, timeout_seconds: float) -> bool:
        """Wait until nothing but held messages is under way; False when the time was not enough."""
        with self._changed:
            return self._changed.wait_for(lambda: self._pending == 0, timeout_seconds)

    def _hold(self, message: Message) -> None:
        with self._changed:
            self._held.append(message)

    def _submit(self, message: Message, delay_seconds: float, *, is_redelivery: bool = False) -> None:
        with self._changed:
            self._pending += 1
        if delay_seconds:
            timer = threading.Timer(delay_seconds, self._deliver_all, [[message]])
            timer.daemon = True
            timer.start()
        else:
            self._threads().submit(self._deliver_all, [message], is_redelivery=is_redelivery)

    def _threads(self) -> ThreadPoolExecutor:
        with self._changed:  # made on first use: threads do not survive gunicorn's fork
            self._pool = self._pool or ThreadPoolExecutor(THREADS, "webhook")
            return self._pool

    def _deliver_all(self, messages: Sequence[Message], *, is_redelivery: bool = False) -> None:
        try:
            for message in messages:
                self.deliver(message, is_redelivery=is_redelivery)
        finally:
            with self._changed:
                self._pending -= 1
                self._changed.notify_all()

    def _post(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[str, int, urllib3.BaseHTTPResponse | None]:
        try:
            response = self._http.request("POST", url, body=body, headers=headers, redirect=False)
        except urllib3.exceptions.ReadTimeoutError:
            return "timed out", 504, None
        except urllib3.exceptions.HTTPError:
            return "failed to connect to host", 502, None
        status = "OK" if response.status < 400 else f"Invalid HTTP Response: {response.status}"
        return status, response.status, response

    def _headers(self, message: Message) -> dict[str, str]:
        headers = {
            "Accept": "*/*",
            "Connection": "close",
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/760256b",
            "X-GitHub-Delivery": message.guid,
            "X-GitHub-Event": message.event,
            "X-GitHub-Hook-ID": str(HOOK_ID),
            "X-GitHub-Hook-Installation-Target-ID": str(self._options.app_id),
            "X-GitHub-Hook-Installation-Target-Type": "integration",
        }
        return headers | self._signatures(message)

    def _signatures(self, message: Message) -> dict[str, str]:
        if message.signature is not None:
            return {"X-Hub-Signature-256": message.signature} if message.signature else {}
        key = self.secret.encode()
        return {
            "X-Hub-Signature": "sha1=" + hmac.new(key, message.body, hashlib.sha1).hexdigest(),
            "X-Hub-Signature-256": "sha256=" + hmac.new(key, message.body, hashlib.sha256).hexdigest(),
        }
