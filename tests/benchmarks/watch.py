"""P13: 10,000 Argo CD Applications, listed and then watched through 20,000 events: how fast, and in how much memory.

`python -m tests.benchmarks P13` prints the table. Ours (the whole view, with somebody who asks for changes), the
informer of the Kubernetes client, and one who only cuts the stream into lines follow the same events from the same kind
of server, in turn, each in a process of its own.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import ProxyHandler, build_opener

from kubernetes.client import ApiClient, Configuration, CustomObjectsApi
from kubernetes.informer import ADDED, MODIFIED, SharedInformer

from app.cluster.access import ByToken
from app.cluster.connection import Api, Ask
from app.cluster.view import WatchedCluster
from app.domain.cluster import SyncerKind
from tests.benchmarks.goals import INFORMER, INFORMER_MEMORY, OUR_MEMORY
from tests.benchmarks.render import Entries
from tests.benchmarks.stream import APPLICATIONS, EVENTS, LAST_COMMIT

ROUNDS = 5
_PATIENCE_SECONDS = 600
_STEP = timedelta(seconds=1)
_PROJECT = Path(__file__).parents[2]

Figures = dict[str, float]
"""`per_second` events; `mebibytes` that the process grew by, at its greatest."""


def measure() -> Entries:
    """P13, in events a second; what both take in memory, in MiB, stands beside it."""
    found: dict[str, list[Figures]] = {name: [] for name in _FOLLOWERS}
    for _ in range(ROUNDS):
        for name, figures in found.items():
            figures.append(_run(name))
    rates = {name: median(each["per_second"] for each in figures) for name, figures in found.items()}
    memory = {name: median(each["mebibytes"] for each in figures) for name, figures in found.items()}
    return {
        "P13": {
            "ours": round(rates["ours"], 1),
            "limit": round(rates["lines"], 1),
            "peers": {
                INFORMER: round(rates["informer"], 1),
                INFORMER_MEMORY: round(memory["informer"], 1),
                OUR_MEMORY: round(memory["ours"], 1),
            },
            "ratio": round(rates["ours"] / rates["lines"], 3),
            "unit": "events/s",
        }
    }


def _run(name: str) -> Figures:
    """One follower on a server of its own."""
    with _server() as port:
        command = [sys.executable, "-m", "tests.benchmarks.watch", name, f"http://127.0.0.1:{port}"]
        done = subprocess.run(
            command, cwd=_PROJECT, check=True, capture_output=True, text=True, timeout=_PATIENCE_SECONDS
        )
    return json.loads(done.stdout)  # type: ignore[no-any-return]


@contextmanager
def _server() -> Iterator[int]:
    command = [sys.executable, "-m", "tests.benchmarks.stream"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=_PROJECT, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()
            process.wait(30)


def follow(name: str, url: str) -> Figures:
    """List, then time the events."""
    before = _memory("VmRSS")
    steps = _FOLLOWERS[name](url)
    next(steps)
    build_opener(ProxyHandler({})).open(f"{url}/go").read()
    started = time.perf_counter()
    next(steps)
    seconds = time.perf_counter() - started
    return {"per_second": EVENTS / seconds, "mebibytes": _memory("VmHWM") - before}


def _view(url: str) -> Iterator[None]:
    """Listed, and through."""
    with WatchedCluster(Api(ByToken(url)), SyncerKind.ARGOCD, resources=()) as view:
        told: set[str] = set()
        while len(told) < APPLICATIONS:
            told |= view.changes(_STEP).keys()
        yield
        while not any(health.sync and health.sync.applied == LAST_COMMIT for health in view.changes(_STEP).values()):
            pass
        yield


def _lines(url: str) -> Iterator[None]:
    """Listed, which takes nothing, and through."""
    with Api(ByToken(url)).stream(Ask("watching", "/", {"watch": "true"}), _PATIENCE_SECONDS) as stream:
        yield
        for number, _ in enumerate(stream.lines(), start=1):
            if number == EVENTS:
                break
        yield


def _informer(url: str) -> Iterator[None]:
    """Listed, and through."""
    counter = _Counter()
    informer: Any = SharedInformer(_as_the_informer_wants(CustomObjectsApi(ApiClient(Configuration(host=url)))))  # type: ignore[no-untyped-call]
    for kind in (ADDED, MODIFIED):
        informer.add_event_handler(kind, counter.count)
    informer.start()
    for number in (APPLICATIONS, APPLICATIONS + EVENTS):
        counter.wait_for(number)
        yield


class _Counter:
    """Counts events in one thread, and is waited for in another."""

    def __init__(self) -> None:
        self._seen = 0
        self._awaited = 0
        self._reached = threading.Event()

    def count(self, _: object) -> None:
        self._seen += 1
        if self._seen == self._awaited:
            self._reached.set()

    def wait_for(self, number: int) -> None:
        self._reached.clear()
        self._awaited = number
        if self._seen < number and not self._reached.wait(_PATIENCE_SECONDS):
            raise TimeoutError(f"{self._seen} of {number} events after {_PATIENCE_SECONDS} s")


def _as_the_informer_wants(api: CustomObjectsApi) -> Callable[..., object]:
    """Its list with attributes: custom objects come as a dict, whose `items` is a method."""

    def list_applications(**query: Any) -> object:
        answer = api.list_cluster_custom_object("argoproj.io", "v1alpha1", "applications", **query)
        return _List(answer) if isinstance(answer, dict) else answer

    return list_applications


class _List:
    def __init__(self, answer: dict[str, Any]) -> None:
        self.items = answer["items"]
        self.metadata = _ListMetadata(answer["metadata"]["resourceVersion"])


@dataclass(frozen=True, slots=True)
class _ListMetadata:
    resource_version: str


def _memory(field: str) -> float:
    """MiB of the process, now (`VmRSS`) or at the most so far (`VmHWM`); see proc(5)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{field}:"))


_FOLLOWERS: Mapping[str, Callable[[str], Iterator[None]]] = {"ours": _view, "informer": _informer, "lines": _lines}

if __name__ == "__main__":
    print(json.dumps(follow(*sys.argv[1:])), flush=True)
