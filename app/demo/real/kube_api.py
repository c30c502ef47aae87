"""A client of a real API server for the tests: what kubectl does, in Python and without its cache on disk."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import requests

from app.demo.real.manifests import Json

_ANSWER_SECONDS = 30.0
_FIELD_MANAGER = "real-stack"
_PAGE = 500


class ApiError(Exception):
    """The API server refused; `code` is HTTP's, `status` its Status object or what else it said."""

    def __init__(self, what: str, answer: requests.Response) -> None:
        super().__init__(f"{what}: {answer.status_code} {answer.text[:1000]}")
        self.code = answer.status_code
        self.text = answer.text

    @property
    def status(self) -> Json:
        """The Status object of the answer."""
        return cast(Json, json.loads(self.text))


@dataclass(slots=True)
class KubeApi:
    """Speaks to `url` with a bearer token; kinds are named by apiVersion and kind, their plural is looked up."""

    url: str
    authority: Path
    token: str
    _session: requests.Session = field(init=False)
    _plurals: dict[tuple[str, str], str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = str(self.authority)
        self._session.headers["Authorization"] = f"Bearer {self.token}"

    def with_token(self, token: str) -> "KubeApi":
        """The same API, as somebody else."""
        return KubeApi(self.url, self.authority, token)

    def request(self, method: str, path: str, body: object = None, **options: Any) -> requests.Response:
        """The answer to a request; `options` are those of `requests`. Raises ApiError for codes from 400 on."""
        data = None if body is None else json.dumps(body)
        options.setdefault("timeout", _ANSWER_SECONDS)
        options["headers"] = {"Content-Type": "application/json", **options.get("headers", {})}
        answer = self._session.request(method, self.url + path, data=data, **options)
        if answer.status_code >= 400:
            raise ApiError(f"{method} {path}", answer)
        return answer

    def get(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> Json | None:
        """An object, or None where there is none of this name."""
        try:
            return cast(Json, self.request("GET", self._path(api_version, kind, namespace, name)).json())
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    def list(self, api_version: str, kind: str, namespace: str | None = None, **query: str) -> list[Json]:
        """All objects of a kind, page by page; `labelSelector=` and the like narrow it."""
        items: list[Json] = []
        parameters = {"limit": str(_PAGE), **query}
        while True:
            page = self.request("GET", self._path(api_version, kind, namespace), params=parameters).json()
            items += page["items"]
            if not (token := page["metadata"].get("continue")):
                return items
            parameters["continue"] = token

    def create(self, document: Json) -> Json:
        """Create an object."""
        return cast(Json, self.request("POST", self._collection(document), document).json())

    def apply(self, documents: Sequence[Json]) -> None:
        """Apply objects on the server's side, one after the other, taking over fields that others own."""
        query = {"fieldManager": _FIELD_MANAGER, "force": "true"}
        for document in documents:
            path = f"{self._collection(document)}/{document['metadata']['name']}"
            headers = {"Content-Type": "application/apply-patch+yaml"}
            self.request("PATCH", path, document, params=query, headers=headers)

    def patch(self, api_version: str, kind: str, name: str, patch: Json, namespace: str | None = None) -> Json:
        """Apply a JSON merge patch."""
        path = self._path(api_version, kind, namespace, name)
        headers = {"Content-Type": "application/merge-patch+json"}
        return cast(Json, self.request("PATCH", path, patch, headers=headers).json())

    def delete(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> None:
        """Delete an object, without waiting for its end; nothing happens where there is none."""
        try:
            self.request("DELETE", self._path(api_version, kind, namespace, name))
        except ApiError as error:
            if error.code != 404:
                raise

    def log(self, namespace: str, pod: str, **query: str) -> str:
        """What a pod's container wrote."""
        return self.request("GET", f"/api/v1/namespaces/{namespace}/pods/{pod}/log", params=query).text

    def token_of(self, namespace: str, service_account: str) -> str:
        """A new token of a ServiceAccount, valid for an hour."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{service_account}/token"
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
        return str(self.request("POST", path, body).json()["status"]["token"])

    def watch(self, api_version: str, kind: str, namespace: str | None = None, **query: str) -> Iterator[Json]:
        """The events of a watch until it ends, `{type, object}` each."""
        path = self._path(api_version, kind, namespace)
        with self.request("GET", path, params={"watch": "1", **query}, stream=True, timeout=(5, 90)) as answer:
            yield from map(json.loads, _lines(answer))

    def wait(
        self,
        api_version: str,
        kind: str,
        place: tuple[str | None, str],
        is_so: Callable[[Json | None], bool],
        seconds: int,
    ) -> Json | None:
        """The object at `place` (namespace, name), None where absent, once it is as described. Raises TimeoutError."""
        namespace, name = place
        selector = {"fieldSelector": f"metadata.name={name}"}
        path = self._path(api_version, kind, namespace)
        listed = self.request("GET", path, params=selector).json()
        current: Json | None = next(iter(listed["items"]), None)
        if is_so(current):
            return current
        since = {"resourceVersion": listed["metadata"]["resourceVersion"], "timeoutSeconds": str(seconds)}
        for event in self.watch(api_version, kind, namespace, **selector, **since):
            current = None if event["type"] == "DELETED" else event["object"]
            if is_so(current):
                return current
        raise TimeoutError(f"waited {seconds} s for {kind} {namespace}/{name}; it is {json.dumps(current)[:3000]}")

    def _collection(self, document: Json) -> str:
        return self._path(document["apiVersion"], document["kind"], document["metadata"].get("namespace"))

    def _path(self, api_version: str, kind: str, namespace: str | None, name: str = "") -> str:
        place = f"/namespaces/{namespace}" if namespace else ""
        return f"{_root(api_version)}{place}/{self._plural(api_version, kind)}" + (f"/{name}" if name else "")

    def _plural(self, api_version: str, kind: str) -> str:
        if (api_version, kind) not in self._plurals:
            for resource in self.request("GET", _root(api_version)).json()["resources"]:
                if "/" not in resource["name"]:
                    self._plurals[api_version, resource["kind"]] = resource["name"]
        return self._plurals[api_version, kind]


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _lines(answer: requests.Response) -> Iterator[bytes]:
    """Lines as they arrive; `iter_lines` waits for its chunk to fill, or goes through megabytes byte by byte."""
    parts: list[bytes] = []
    for chunk in answer.iter_content(chunk_size=None):
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            yield b"".join([*parts, line])
            parts = []
        parts.append(rest)
