"""One request to GitHub, and its answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked, and the words for what was being done if it fails."""

    doing: str
    """Begins every error message: `reading acme/shop#42`."""
    path: str
    """Below the API's address, with its query; or a whole URL that GitHub gave."""
    method: Method = "GET"
    body: Mapping[str, Any] | None = None
    repository: str | None = None
    """The repository that the path lies in, `owner/name`; None outside of one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole. Holds no credentials: what we sent has been cut out."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    text: str
