"""A client that hides nothing: every answer with its code, its body and its headers."""

import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.contract.kubernetes.target import Target

Json = dict[str, Any]
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
_ANSWER_SECONDS = 30.0
_SILENCE_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    code: int
    text: str
    headers: Mapping[str, str]

    @property
    def body(self) -> Json:
        """The JSON object that it is."""
        body: Json = json.loads(self.text)
        return body


@dataclass(frozen=True, slots=True)
class Api:
    """The API of a target, as somebody. For one thread."""

    target: Target
    token: str
    _session: requests.Session = field(init=False, repr=False, default_factory=requests.Session)

    def __post_init__(self) -> None:
        """Leave what surrounds the tests, proxies above all, out of it."""
        self._session.trust_env = False
        self._session.verify = self.target.authority or True

    def signed_in(self, token: str) -> "Api":
        """Return the same API as somebody else; as nobody with an empty token."""
        return Api(self.target, token)

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Return the answer, whatever it is."""
        answer = self._session.request(
            method,
            self.target.url + path,
            params=query,
            data=None if body is None else json.dumps(body),
            headers={"Content-Type": "application/json", **self._credentials(), **(headers or {})},
            timeout=_ANSWER_SECONDS,
        )
        return Answer(answer.status_code, answer.text, answer.headers)

    def get(self, path: str, **query: str) -> Json:
        """Return the object or list at a path, which is to be there."""
        return _good(self.ask("GET", path, query=query))

    def find(self, path: str) -> Json | None:
        """Return the object at a path, or None when there is none."""
        answer = self.ask("GET", path)
        return None if answer.code == 404 else _good(answer)

    def create(self, path: str, body: Json, **query: str) -> Json:
        """Return the object as it was created."""
        return _good(self.ask("POST", path, body, query=query))

    def patch(self, path: str, body: Json, **query: str) -> Json:
        """Return the object after a JSON merge patch."""
        return _good(self.ask("PATCH", path, body, query=query, headers={"Content-Type": MERGE_PATCH}))

    def apply(self, path: str, body: Json, manager: str, *, force: bool = False) -> Answer:
        """Return the answer to a server-side apply."""
        query = {"fieldManager": manager, **({"force": "true"} if force else {})}
        return self.ask("PATCH", path, body, query=query, headers={"Content-Type": APPLY_PATCH})

    def delete(self, path: str, **options: object) -> Json:
        """Return what a delete answers."""
        return _good(self.ask("DELETE", path, options or None))

    def watch(self, path: str, **query: str) -> Generator[Json]:
        """Yield the events of a watch until it ends, `{type, object}` each."""
        with self._session.get(
            self.target.url + path,
            params={"watch": "1", **query},
            headers=self._credentials(),
            stream=True,
            timeout=(_ANSWER_SECONDS, _SILENCE_SECONDS),
        ) as answer:
            assert answer.status_code == 200, answer.text
            for line in answer.iter_lines(chunk_size=None):
                yield json.loads(line)

    def wait(self, path: str, is_so: Callable[[Json | None], bool], seconds: int = 60) -> Json | None:
        """Return the object at a path, None for absent, once it is as described. Raises TimeoutError."""
        collection, _, name = path.rpartition("/")
        selector = {"fieldSelector": f"metadata.name={name}"}
        listed = self.get(collection, **selector)
        current: Json | None = next(iter(listed["items"]), None)
        if is_so(current):
            return current
        since = {"resourceVersion": listed["metadata"]["resourceVersion"], "timeoutSeconds": str(seconds)}
        for event in self.watch(collection, **selector, **since):
            current = None if event["type"] == "DELETED" else event["object"]
            if is_so(current):
                return current
        raise TimeoutError(f"waited {seconds} s for {path}; it is {json.dumps(current)[:3000]}")

    def wait_gone(self, path: str, seconds: int = 60) -> None:
        """Return once there is no object at a path. Raises TimeoutError."""
        self.wait(path, lambda item: item is None, seconds)

    def wait_for(self, path: str, is_so: Callable[[Json], bool], seconds: int = 60) -> Json:
        """Return the object at a path once it is there and as described. Raises TimeoutError."""
        found = self.wait(path, lambda item: item is not None and is_so(item), seconds)
        assert found is not None
        return found

    def _credentials(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


def _good(answer: Answer) -> Json:
    assert answer.code < 400, f"{answer.code}: {answer.text[:2000]}"
    return answer.body
