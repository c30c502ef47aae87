"""One call to the control plane."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Self

import requests

from app.demo.github.sender import Sending


class ControlError(RuntimeError):
    """The control plane refused; says which call and why."""


class Wire:
    """A connection to a running simulator."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()

    def close(self) -> None:
        """Close the connections; the simulator itself runs on."""
        self._session.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_exc: object) -> None:
        """Close the connections."""
        self.close()

    def call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, sending: Sending | None = None
    ) -> Any:
        """Call one operation and return its parsed answer. Raises ControlError."""
        payload = dict(body or {}) | ({"sending": asdict(sending)} if sending else {})
        response = self._session.request(method, f"{self.url}/_sim{path}", json=payload, timeout=60)
        if not response.ok:
            raise ControlError(f"{method} {path}: {response.status_code} {response.text[:200]}")
        return response.json()
