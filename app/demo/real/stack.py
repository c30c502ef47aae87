"""A whole cluster on this machine, of the real programs: start it, use it, let its parts die, stop it.

Everything listens on loopback (but see `argocd`) and lies below one folder. When this process ends, in whatever way,
the guard of `app.demo.children` ends them all. What died by itself is started again, as Kubernetes would; what `kill`
or `stop` took down stays down until `start`.
"""

import os
import secrets
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from app.demo.ports import wait_until
from app.demo.processes import Processes
from app.demo.real import argocd, etcd, flux, kwok
from app.demo.real.certificates import Certificates
from app.demo.real.component import Component
from app.demo.real.cpu import cpu_seconds
from app.demo.real.kube_api import KubeApi
from app.demo.real.kubernetes import kubernetes
from app.demo.real.layout import Layout
from app.demo.real.manifests import Json, namespace
from app.demo.real.signing_in import write_kubeconfig, write_tokens
from app.demo.real.tools import Tools
from app.demo.valkey import Valkey

Syncer = Literal["argocd", "flux"]

REDIS = "redis"
SYNCER_COMPONENTS: Mapping[Syncer, tuple[str, ...]] = {
    "argocd": (*argocd.COMPONENTS, REDIS),
    "flux": flux.COMPONENTS,
}
"""{syncer: names of its processes}."""

_START_SECONDS = 120.0
_ENOUGH_STARTS = 5


class StackFailed(RuntimeError):
    """A part did not become ready; the message ends with the last that it wrote."""


@dataclass(slots=True)
class Stack:
    """The running cluster."""

    layout: Layout
    certificates: Certificates
    api: KubeApi
    """As an administrator."""
    syncers: frozenset[Syncer]
    _components: Mapping[str, Component]
    _processes: Processes
    _redis: Valkey | None
    _running: ExitStack

    @classmethod
    def start(
        cls,
        directory: Path,
        tools: Tools,
        syncers: Iterable[Syncer] = (),
        argocd_settings: Mapping[str, str] | None = None,
    ) -> Self:
        """Start everything in a new or empty folder; all of it is ready on return. Raises StackFailed.

        `argocd_settings` are added to `argocd-cm`.
        """
        layout = Layout.make(directory)
        certificates, token = Certificates.make(layout.secrets), secrets.token_urlsafe(24)
        write_tokens(layout.secrets / "tokens.csv", token)
        write_kubeconfig(layout, certificates, token)
        wanted = frozenset(syncers)
        with ExitStack() as running:
            running.callback(layout.clear_temporary)
            redis = _start_redis(layout, running) if "argocd" in wanted else None
            components = _components(tools, layout, certificates, wanted, redis)
            commands = {name: component.command for name, component in components.items()}
            # Nothing that they keep outlives the folder: asked to end and killed in the same moment.
            processes = Processes(
                commands, _environment(layout, redis, argocd_settings or {}), layout.logs, grace_seconds=0.0
            )
            running.callback(processes.stop)
            api = KubeApi(layout.api_url, certificates.authority, token)
            stack = cls(layout, certificates, api, wanted, components, processes, redis, running)
            stack._bring_up(tools, argocd_settings or {})
            stack._running = running.pop_all()
            return stack

    def stop_all(self) -> None:
        """End everything. May be called twice."""
        self._running.close()

    @property
    def kubeconfig(self) -> Path:
        """For kubectl, as an administrator; readable by its owner alone."""
        return self.layout.kubeconfig

    @property
    def argocd_url(self) -> str:
        """Where Argo CD's own API and UI answer, to anybody."""
        return self.layout.url("argocd-server")

    @property
    def applicationset_webhook_url(self) -> str:
        """Where Argo CD's ApplicationSet controller takes webhooks of a Git host."""
        return self.layout.url("argocd-applicationset-controller-webhook", "/api/webhook")

    def names(self) -> tuple[str, ...]:
        """The parts, in the order in which they started."""
        return (*self._components, *((REDIS,) if self._redis else ()))

    def start_part(self, name: str) -> None:
        """Start a part that was stopped or killed; it is ready on return."""
        if name == REDIS and self._redis:
            self._redis.restart()
        else:
            self._start(name)
            self._await_ready(name)

    def stop_part(self, name: str) -> None:
        """Ask a part to end; it stays down until `start_part`."""
        if name == REDIS and self._redis:
            self._redis.stop()
        else:
            self._processes.stop(name)

    def kill_part(self, name: str) -> None:
        """End a part as a crash would (kill -9); it stays down until `start_part`."""
        if name == REDIS and self._redis:
            self._redis.kill()
        else:
            self._processes.crash(name)

    def log(self, name: str) -> str:
        """What a part wrote so far, all its starts."""
        if name == REDIS and self._redis:
            return (self._redis.directory / "server.log").read_text(errors="replace")
        return self._processes.log(name)

    def cpu_seconds(self, names: Iterable[str]) -> float:
        """Processor time used by these parts and what they started, since their last start."""
        return sum(cpu_seconds(self._pid(name)) for name in names)

    def compact_etcd(self) -> int:
        """Forget the history up to the present revision, which is returned."""
        return etcd.compact(self.layout)

    def _pid(self, name: str) -> int:
        return self._redis.pid if name == REDIS and self._redis else self._processes.pid(name)

    def _bring_up(self, tools: Tools, argocd_settings: Mapping[str, str]) -> None:
        for name in ("etcd", "kube-apiserver"):
            self.start_part(name)
        self._start("kube-controller-manager", "kube-scheduler")
        definitions = self._define(tools)
        for node in kwok.nodes():
            self.api.create(node)
        self.api.apply([kwok.storage_class(tools)])
        if "argocd" in self.syncers:
            self.api.apply(argocd.configuration(tools, argocd_settings))
        if "flux" in self.syncers:
            self.api.apply([namespace(flux.NAMESPACE)])
        for definition in definitions:
            self._await_served(definition)
        self._start(*self._components)
        for name in self._components:
            self._await_ready(name)
        for name in kwok.NODES:
            self.api.wait("v1", "Node", (None, name), _is_schedulable, int(_START_SECONDS))

    def _define(self, tools: Tools) -> list[Json]:
        definitions = kwok.definitions(tools)
        if "argocd" in self.syncers:
            definitions += argocd.definitions(tools)
        if "flux" in self.syncers:
            definitions += flux.definitions(tools)
        self.api.apply(definitions)
        return definitions

    def _await_served(self, definition: Json) -> None:
        """Controllers that start before their kinds are served end with an error."""
        place = (None, definition["metadata"]["name"])
        self.api.wait(definition["apiVersion"], definition["kind"], place, _is_established, int(_START_SECONDS))

    def _start(self, *names: str) -> None:
        self._processes.start(*names)

    def _await_ready(self, name: str) -> None:
        component, authority = self._components[name], self.certificates.authority
        try:
            wait_until(lambda: component.is_ready(authority) or self._is_failing(name), _START_SECONDS, name)
        except TimeoutError as error:
            raise StackFailed(f"starting {name}: {error}; it wrote:\n{self.log(name)[-3000:]}") from error
        if self._is_failing(name):
            raise StackFailed(f"starting {name}: it ends again and again; it wrote:\n{self.log(name)[-3000:]}")

    def _is_failing(self, name: str) -> bool:
        return self._processes.starts(name) > _ENOUGH_STARTS


def _start_redis(layout: Layout, running: ExitStack) -> Valkey:
    redis = Valkey.start(layout.directory / REDIS)
    running.callback(redis.stop)
    return redis


def _components(
    tools: Tools, layout: Layout, certificates: Certificates, syncers: frozenset[Syncer], redis: Valkey | None
) -> dict[str, Component]:
    components = [
        etcd.etcd(tools, layout),
        *kubernetes(tools, layout, certificates),
        kwok.kwok(tools, layout, certificates),
    ]
    if redis is not None:
        components += argocd.argocd(tools, layout, redis.port)
    if "flux" in syncers:
        components += flux.flux(tools, layout)
    return {component.name: component for component in components}


def _environment(layout: Layout, redis: Valkey | None, argocd_settings: Mapping[str, str]) -> dict[str, str]:
    """Nothing of the surroundings but where programs are: no proxy, no credentials, no settings of Git."""
    own = {
        "PATH": f"{layout.bin}:{os.environ['PATH']}",
        "HOME": str(layout.home),
        "TMPDIR": str(layout.temporary),
        "KUBECONFIG": str(layout.kubeconfig),
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    return own | flux.ENVIRONMENT | (argocd.environment(layout, redis.password, argocd_settings) if redis else {})


def _is_established(definition: Json | None) -> bool:
    return definition is not None and _holds(definition, "Established")


def _is_schedulable(node: Json | None) -> bool:
    return node is not None and not node["spec"].get("taints") and _holds(node, "Ready")


def _holds(document: Json, condition_type: str) -> bool:
    """Conditions are null, not empty, before the first."""
    conditions = document.get("status", {}).get("conditions") or ()
    return any(condition["type"] == condition_type and condition["status"] == "True" for condition in conditions)
