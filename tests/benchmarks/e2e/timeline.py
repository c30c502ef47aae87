"""When things were seen in the cluster: watched by somebody who has nothing to do with Ephemera."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.demo.evidence import HEAD_SHA
from app.demo.real.kube_api import ApiError, KubeApi

_WATCH_SECONDS = "300"


@dataclass(slots=True)
class Timeline:
    """Follows all Deployments. Times are those of `time.time()`."""

    api: KubeApi
    applied: dict[tuple[str, str], float] = field(default_factory=dict)
    """(namespace, head SHA) -> when a Deployment's pod template first named that commit."""
    ready: dict[tuple[str, str], float] = field(default_factory=dict)
    """The same -> when it was first rolled out at that commit."""
    _stopped: threading.Event = field(default_factory=threading.Event)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def start(self) -> None:
        """Begin to watch."""
        threading.Thread(target=self._run, name="timeline", daemon=True).start()

    def stop(self) -> None:
        """Watch no more."""
        self._stopped.set()

    def await_ready(self, namespace: str, sha: str, seconds: float) -> float:
        """When it was ready. TimeoutError after `seconds`."""
        return self._await(lambda: self.ready.get((namespace, sha)), f"{namespace} to run {sha[:7]}", seconds)

    def await_applied(self, namespace: str, sha: str, seconds: float) -> float:
        """When it was applied. TimeoutError after `seconds`."""
        return self._await(lambda: self.applied.get((namespace, sha)), f"{namespace} to be at {sha[:7]}", seconds)

    def _await(self, look: Callable[[], float | None], what: str, seconds: float) -> float:
        with self._changed:
            self._changed.wait_for(lambda: look() is not None, seconds)
            if (found := look()) is not None:
                return found
        raise TimeoutError(f"waited {seconds:.0f} s for {what}")

    def _run(self) -> None:
        while not self._stopped.is_set():
            with suppress(ApiError, OSError):
                for event in self.api.watch("apps/v1", "Deployment", timeoutSeconds=_WATCH_SECONDS):
                    if event["type"] in ("ADDED", "MODIFIED"):
                        with self._changed:
                            self._see(event["object"])
                            self._changed.notify_all()

    def _see(self, deployment: dict[str, Any]) -> None:
        now = time.time()
        sha = deployment["spec"]["template"]["metadata"].get("annotations", {}).get(HEAD_SHA)
        if sha is None:
            return
        key = (deployment["metadata"]["namespace"], sha)
        self.applied.setdefault(key, now)
        status, wanted = deployment.get("status", {}), deployment["spec"]["replicas"]
        is_observed = status.get("observedGeneration") == deployment["metadata"]["generation"]
        if is_observed and status.get("updatedReplicas") == status.get("availableReplicas", 0) == wanted:
            self.ready.setdefault(key, now)


def pushed_at(repository: Path, ref: str) -> float:
    """When the Git server moved the ref: it writes one file for each."""
    return (repository / ref).stat().st_mtime
