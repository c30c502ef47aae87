"""Argo CD, Flux, or nobody: telling what brings Git into the cluster to look now, instead of at its next poll.

A poke that fails fails nothing: the syncer polls as well. Callers log what is raised and go on.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from app.cluster.connection import Api
from app.cluster.pokes import Target, poke_all
from app.ports import Poke

_REFRESH_SET = "argocd.argoproj.io/application-set-refresh"
_REFRESH = "argocd.argoproj.io/refresh"
_REQUESTED_AT = "reconcile.fluxcd.io/requestedAt"


class NoSyncer:
    """Whatever syncs finds out by itself."""

    def poke(self, poke: Poke) -> None:
        """Does nothing."""

    def needs(self) -> Sequence[Target]:
        """Nothing."""
        return ()


class ArgoCD:
    """An ApplicationSet over the environments repository, each Application named after its environment.

    Annotations: https://argo-cd.readthedocs.io/en/latest/user-guide/annotations-and-labels/ and
    https://argo-cd.readthedocs.io/en/latest/operator-manual/applicationset/Generators-Git/.
    """

    def __init__(self, api: Api, namespace: str = "argocd", application_set: str = "ephemera") -> None:
        self._api = api
        self._base = f"/apis/argoproj.io/v1alpha1/namespaces/{namespace}"
        self._application_set = application_set

    def poke(self, poke: Poke) -> None:
        """Refresh the ApplicationSet and every changed Application. Raises Transient or Stalled with a summary.

        The ApplicationSet each time: its repository server keeps the branch's commit for three minutes, and only the
        refresh of an ApplicationSet makes it look again. An Application that is not there yet is no error.
        """
        poke_all(self._api, "Argo CD", (self._root(), *(self._application(name) for name in poke.changed)))

    def needs(self) -> Sequence[Target]:
        """What must be there, and may be patched, for a poke to work; optional ones stand for any of their kind."""
        return (self._root(), self._application("ephemera-check"))

    def _root(self) -> Target:
        path = f"{self._base}/applicationsets/{self._application_set}"
        return Target("applicationsets.argoproj.io", path, _REFRESH_SET, "true")

    def _application(self, name: str) -> Target:
        path = f"{self._base}/applications/{name}"
        return Target("applications.argoproj.io", path, _REFRESH, "normal", is_optional=True)


class Flux:
    """A root GitRepository and Kustomization of one name, under which an environment may have a source of its own.

    The annotation: https://fluxcd.io/flux/components/source/gitrepositories/#triggering-a-reconcile.
    """

    def __init__(
        self,
        api: Api,
        namespace: str = "flux-system",
        name: str = "ephemera",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._api = api
        self._sources = f"/apis/source.toolkit.fluxcd.io/v1/namespaces/{namespace}/gitrepositories"
        self._kustomizations = f"/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/{namespace}/kustomizations"
        self._name = name
        self._clock = clock

    def poke(self, poke: Poke) -> None:
        """Have changed environments' own sources fetched, and the root where it must tell of them.

        The root is left alone when nothing came or went and every changed environment has a GitRepository of its own:
        with many environments, reconciling it costs more than all else. Raises Transient or Stalled with a summary.
        """
        now = self._clock().isoformat()
        sources = [self._source(name, now) for name in poke.changed]
        if poke.came_or_went:
            poke_all(self._api, "Flux", [*sources, *self._root(now)])
        elif poke_all(self._api, "Flux", sources):
            poke_all(self._api, "Flux", self._root(now))

    def needs(self) -> Sequence[Target]:
        """What must be there, and may be patched, for a poke to work."""
        return self._root(self._clock().isoformat())

    def _root(self, now: str) -> tuple[Target, ...]:
        return (
            Target("gitrepositories.source.toolkit.fluxcd.io", f"{self._sources}/{self._name}", _REQUESTED_AT, now),
            Target(
                "kustomizations.kustomize.toolkit.fluxcd.io",
                f"{self._kustomizations}/{self._name}",
                _REQUESTED_AT,
                now,
            ),
        )

    def _source(self, name: str, now: str) -> Target:
        path = f"{self._sources}/{name}"
        return Target("gitrepositories.source.toolkit.fluxcd.io", path, _REQUESTED_AT, now, is_optional=True)


KnownSyncer = ArgoCD | Flux | NoSyncer
