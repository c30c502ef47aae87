"""What the demo and the tests use to look into a simulated cluster and to make things go wrong in it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any, Literal, cast
from urllib.parse import urlencode

import urllib3

from app.demo.kubernetes.apiserver.faults import Fault
from app.demo.kubernetes.apiserver.kinds import (
    APPLICATION,
    DEPLOYMENT,
    NAMESPACE,
    POD,
    Json,
    Kind,
)
from app.demo.kubernetes.apiserver.ledger import Entry
from app.demo.kubernetes.workloads.failures import Failure, FailureKind

WatchAction = Literal["close", "expire", "silence", "scramble", "restore"]


class SimulatorError(Exception):
    """The cluster answered with a failure; carries the code and the Status."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}: {text[:500]}")
        self.code = code
        self.text = text

    @property
    def status(self) -> Json:
        """The Status object of the answer."""
        return cast(Json, json.loads(self.text))


class SimulatedKubernetes:
    """A client of one simulated cluster; may be shared by threads."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.accept = "application/json"
        """The Accept header of every request."""
        self._token = token
        self._http = urllib3.PoolManager(maxsize=16, retries=False)

    def request(self, method: str, path: str, body: object = None, content_type: str = "application/json") -> Json:
        """The JSON that a request is answered with. `SimulatorError` for codes from 400 on."""
        response = self._http.request(
            method,
            self.url + path,
            body=None if body is None else json.dumps(body),
            headers={**self._headers(), "Content-Type": content_type},
            timeout=30.0,
        )
        if response.status >= 400:
            raise SimulatorError(response.status, response.data.decode(errors="replace"))
        return cast(Json, json.loads(response.data))

    # -- reading

    def objects(self, kind: Kind, namespace: str = "", **query: str) -> list[Json]:
        """The objects of a kind, of one namespace or of all; `labelSelector=` and the like narrow it."""
        items: list[Json] = self.request("GET", f"{_path(kind, namespace)}?{urlencode(query)}")["items"]
        return items

    def find(self, kind: Kind, namespace: str, name: str) -> Json | None:
        """An object, or None when it does not exist."""
        try:
            return self.request("GET", _path(kind, namespace, name))
        except SimulatorError as error:
            if error.code == 404:
                return None
            raise

    def namespaces(self) -> list[str]:
        """The names of all namespaces."""
        return [item["metadata"]["name"] for item in self.objects(NAMESPACE)]

    def deployment(self, namespace: str, name: str) -> Json | None:
        """A Deployment, or None."""
        return self.find(DEPLOYMENT, namespace, name)

    def application(self, name: str) -> Json | None:
        """An Argo CD Application, or None."""
        return self.find(APPLICATION, "argocd", name)

    def pods(self, namespace: str) -> list[Json]:
        """The pods of a namespace."""
        return self.objects(POD, namespace)

    def watch(self, kind: Kind, namespace: str = "", **query: str) -> Iterator[Json]:
        """The events of a watch, until it ends; closing the iterator closes the connection."""
        path = f"{_path(kind, namespace)}?{urlencode({'watch': '1', **query})}"
        response = self._http.request(
            "GET",
            self.url + path,
            headers=self._headers(),
            preload_content=False,
            timeout=urllib3.Timeout(connect=10, read=90),
        )
        try:
            rest = b""
            for chunk in response.stream():
                *lines, rest = (rest + chunk).split(b"\n")
                yield from (json.loads(line) for line in lines)
        finally:
            response.close()

    def await_object(
        self, kind: Kind, namespace: str, name: str, is_so: Callable[[Json], bool], seconds: int = 20
    ) -> Json:
        """The object, as soon as it is as described. `TimeoutError` when it does not become so in time."""
        query = {"fieldSelector": f"metadata.name={name}", "timeoutSeconds": str(seconds)}
        last: Json = {}
        for event in self.watch(kind, namespace, **query):
            last = event["object"]
            if event["type"] in {"ADDED", "MODIFIED"} and is_so(last):
                return last
        raise TimeoutError(f"{kind.kind} {namespace}/{name} is not as awaited: {json.dumps(last)[:3000]}")

    def await_gone(self, kind: Kind, namespace: str, name: str, seconds: int = 20) -> None:
        """Returns as soon as the object does not exist. `TimeoutError` when it stays."""
        listed = self.request("GET", f"{_path(kind, namespace)}?fieldSelector=metadata.name%3D{name}")
        if not listed["items"]:
            return
        revision = listed["metadata"]["resourceVersion"]
        query = {"fieldSelector": f"metadata.name={name}", "timeoutSeconds": str(seconds)}
        for event in self.watch(kind, namespace, resourceVersion=revision, **query):
            if event["type"] == "DELETED":
                return
        raise TimeoutError(f"{kind.kind} {namespace}/{name} still exists")

    # -- writing

    def create(self, kind: Kind, namespace: str, body: Json) -> Json:
        """Creates an object; the answer is what was kept."""
        return self.request("POST", _path(kind, namespace), body)

    def patch(self, kind: Kind, namespace: str, name: str, patch: Json) -> Json:
        """Applies a merge patch."""
        return self.request("PATCH", _path(kind, namespace, name), patch, "application/merge-patch+json")

    def delete(self, kind: Kind, namespace: str, name: str) -> Json:
        """Deletes an object."""
        return self.request("DELETE", _path(kind, namespace, name))

    # -- making things go wrong

    def fail(self, namespace: str, kind: FailureKind, **details: Any) -> None:
        """Lets the workloads of a namespace (a shell pattern) fail; `details` are fields of `Failure`."""
        self.request("POST", "/_sim/failures", asdict(Failure(kind, namespace, **details)))

    def heal(self, namespace: str = "") -> None:
        """Ends the failures of a namespace pattern, or all."""
        self.request("DELETE", f"/_sim/failures?{urlencode({'namespace': namespace} if namespace else {})}")

    def add_fault(self, fault: Fault) -> None:
        """Lets requests fail."""
        self.request("POST", "/_sim/faults", asdict(fault))

    def clear_faults(self) -> None:
        """Ends all faults of requests, and allows again what was forbidden."""
        self.request("DELETE", "/_sim/faults")
        self.request("DELETE", "/_sim/forbidden")

    def forbid(self, resource: str, verb: str = "*") -> None:
        """Answers 403 for a resource such as `pods` or `deployments.apps`."""
        self.request("POST", "/_sim/forbidden", {"resource": resource, "verb": verb})

    def disturb_watches(self, action: WatchAction) -> None:
        """Closes, expires, silences or scrambles the watches; `restore` ends the last two."""
        self.request("POST", "/_sim/watches", {"action": action})

    def compact(self) -> None:
        """Forgets the history, so that whoever resumes from the past is answered with 410."""
        self.request("POST", "/_sim/compact")

    def pause_syncer(self) -> None:
        """Lets the syncer stand still."""
        self.request("PUT", "/_sim/syncer", {"is_paused": True})

    def resume_syncer(self) -> None:
        """Lets the syncer go on."""
        self.request("PUT", "/_sim/syncer", {"is_paused": False})

    def set_pace(self, **seconds: float) -> None:
        """Changes `rollout_seconds` or `termination_seconds`."""
        self.request("PUT", "/_sim/pace", seconds)

    def ledger(self) -> list[Entry]:
        """The requests that others and this client made, without those to the control plane."""
        return [Entry(**entry) for entry in cast(list[Json], self.request("GET", "/_sim/ledger"))]

    def clear_ledger(self) -> None:
        """Starts the ledger anew."""
        self.request("DELETE", "/_sim/ledger")

    def _headers(self) -> dict[str, str]:
        agent = {"User-Agent": "simulator-client", "Accept": self.accept}
        return {"Authorization": f"Bearer {self._token}", **agent}


def _path(kind: Kind, namespace: str = "", name: str = "") -> str:
    root = f"/apis/{kind.api_version}" if kind.group else f"/api/{kind.version}"
    place = f"/namespaces/{namespace}" if namespace else ""
    return f"{root}{place}/{kind.plural}" + (f"/{name}" if name else "")
