"""P13: 10,000 Argo CD Applications, listed and then watched through 20,000 events: how fast, and in how much memory.

`python -m tests.benchmarks P13` prints the table. Ours (the whole view, with somebody who asks for changes) and the
informer of the Kubernetes client follow the same stream from the same kind of server, each in a process of its own.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import ProxyHandler, build_opener

from app.cluster.access import ByToken
from app.cluster.connection import Api
from app.cluster.view import WatchedCluster
from app.domain.cluster import SyncerKind
from tests.benchmarks.render import Entries
from tests.benchmarks.stream import APPLICATIONS, EVENTS, LAST_COMMIT

ROUNDS = 3
OURS, PEER = "ours", "kubernetes informer"
_PATIENCE_SECONDS = 600
_STEP = timedelta(seconds=1)
_PROJECT = Path(__file__).parents[2]


def measure() -> Entries:
    """P13, in events a second; the memory of both is in `peers`, in MiB."""
    found: dict[str, list[dict[str, float]]] = {OURS: [], PEER: []}
    for _ in range(ROUNDS):
        for name, figures in found.items():
            figures.append(_run(name))
    rates = {name: median(each["per_second"] for each in figures) for name, figures in found.items()}
    memory = {name: median(each["mebibytes"] for each in figures) for name, figures in found.items()}
    return {
        "P13": {
            "ours": {"events/s": round(rates[OURS], 1), "MiB": round(memory[OURS], 1)},
            "limit": None,
            "peers": {PEER: {"events/s": round(rates[PEER], 1), "MiB": round(memory[PEER], 1)}},
            "ratio": {"events/s": round(rates[OURS] / rates[PEER], 1), "MiB": round(memory[OURS] / memory[PEER], 4)},
            "unit": "events/s, MiB",
        }
    }


def _run(name: str) -> dict[str, float]:
    """One follower on a server of its own."""
    with _server() as port:
        command = [sys.executable, "-m", "tests.benchmarks.watch", name, str(port)]
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


def follow(name: str, port: int) -> dict[str, float]:
    """List, then time the events; the memory is what the process grew by, at its greatest."""
    before = _resident()
    begin: Callable[[str], Iterator[None]] = {OURS: _view, PEER: _informer}[name]
    steps = begin(f"http://127.0.0.1:{port}")
    next(steps)
    build_opener(ProxyHandler({})).open(f"http://127.0.0.1:{port}/go").read()
    started = time.perf_counter()
    next(steps)
    seconds = time.perf_counter() - started
    return {"per_second": EVENTS / seconds, "mebibytes": _greatest() - before, "left": _resident() - before}


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


def _informer(url: str) -> Iterator[None]:
    """Listed, and through."""
    from kubernetes.client import ApiClient, Configuration, CustomObjectsApi
    from kubernetes.informer import ADDED, MODIFIED, SharedInformer

    api = CustomObjectsApi(ApiClient(Configuration(host=url)))
    counted, waited = {ADDED: 0, MODIFIED: 0}, threading.Condition()

    def count(kind: str) -> Callable[[Any], None]:
        def handle(_: Any) -> None:
            with waited:
                counted[kind] += 1
                if counted[kind] in (APPLICATIONS, EVENTS):
                    waited.notify_all()

        return handle

    def list_applications(**query: Any) -> object:
        """As the informer wants a list: with attributes, where custom objects come as a dict."""
        answer = api.list_cluster_custom_object("argoproj.io", "v1alpha1", "applications", **query)
        return _AsList(answer) if isinstance(answer, dict) else answer

    informer = SharedInformer(list_applications)
    for kind in counted:
        informer.add_event_handler(kind, count(kind))
    informer.start()
    for kind, number in ((ADDED, APPLICATIONS), (MODIFIED, EVENTS)):
        with waited:
            waited.wait_for(lambda: counted[kind] >= number, _PATIENCE_SECONDS)  # noqa: B023
        yield


class _AsList:
    def __init__(self, answer: dict[str, Any]) -> None:
        self.items = answer["items"]
        self.metadata = type("Metadata", (), {"resource_version": answer["metadata"]["resourceVersion"]})


def _resident() -> float:
    """MiB in memory now (proc(5), VmRSS)."""
    return _memory("VmRSS")


def _greatest() -> float:
    """MiB in memory at the most so far."""
    return _memory("VmHWM")


def _memory(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{field}:"))


if __name__ == "__main__":
    print(json.dumps(follow(sys.argv[1], int(sys.argv[2]))), flush=True)
