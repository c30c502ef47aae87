"""The product's processes beside a real cluster."""

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.demo.real import tools
from app.demo.real.cluster import RealCluster, real
from app.demo.real.kube_api import KubeApi
from app.demo.real.manifests import Json
from app.demo.real.stack import Stack, Syncer
from tests.scenarios.world import World

_RBAC = "rbac.authorization.k8s.io/v1"


@dataclass(frozen=True, slots=True)
class Realm:
    """What runs."""

    world: World
    syncer: Syncer
    cluster: RealCluster

    @classmethod
    @contextmanager
    def running(
        cls,
        directory: Path,
        syncer: Syncer,
        argocd_settings: Mapping[str, str] | None = None,
        review: str | None = None,
    ) -> Iterator["Realm"]:
        """Start everything; at the end nothing is left. `argocd_settings` are added to `argocd-cm`; `review` says what
        needs review, on the simulated GitHub."""
        cluster_ = real(tools.find(), syncer, argocd_settings)
        with World.running(directory, durable=False, cluster=cluster_, review=review) as world:
            world.names = (f"acme/{syncer}-{number}" for number in itertools.count(1))
            cluster = world.outside.running_cluster
            assert isinstance(cluster, RealCluster)
            yield cls(world, syncer, cluster)

    @property
    def stack(self) -> Stack:
        """The programs that the cluster is made of."""
        return self.cluster.stack

    @property
    def api(self) -> KubeApi:
        """The API server, as an administrator."""
        return self.cluster.stack.api

    @contextmanager
    def without(self, *names: str) -> Iterator[None]:
        """These parts of the cluster crash, the last of them is started again first at the end."""
        for name in names:
            self.stack.kill_part(name)
        try:
            yield
        finally:
            for name in reversed(names):
                self.stack.start_part(name)

    @contextmanager
    def without_rights(self) -> Iterator[None]:
        """Ephemera may list nothing but what is the syncer's, until the end."""
        binding = self.api.get(_RBAC, "ClusterRoleBinding", "ephemera")
        assert binding is not None
        self.api.delete(_RBAC, "ClusterRoleBinding", "ephemera")
        try:
            yield
        finally:
            del binding["metadata"]["resourceVersion"], binding["metadata"]["uid"]
            self.api.create(binding)

    @contextmanager
    def holding(self, *objects: Json) -> Iterator[None]:
        """These objects are in the cluster, and at the end are not."""
        self.api.apply(objects)
        try:
            yield
        finally:
            for found in objects:
                metadata = found["metadata"]
                self.api.delete(found["apiVersion"], found["kind"], metadata["name"], metadata.get("namespace"))

    def addresses(self) -> str:
        """Where everything is, for a person."""
        outside = self.world.outside
        lines = [
            f"export KUBECONFIG={self.stack.kubeconfig}",
            f"Ephemera             {outside.web_url}",
            f"GitHub (simulated)   {outside.github.url}",
            f"environments         {outside.settings()['EPHEMERA_ENVIRONMENTS_REPOSITORY']}",
            f"logs                 {outside.directory}/logs and {self.stack.layout.logs}",
        ]
        if self.syncer == "argocd":
            lines.insert(2, f"Argo CD              {self.stack.argocd_url}")
        return "\n".join(lines)
