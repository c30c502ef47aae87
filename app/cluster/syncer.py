"""Argo CD, Flux, or nobody: telling what brings Git into the cluster to look now, instead of at its next poll.

A poke that fails fails nothing: the syncer polls as well. Callers log what is raised and go on.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from app.cluster.connection import Api
from app.cluster.pokes import Target, poke_all
from app.cluster.roots import Root, Roots
from app.ports import Poke

_ARGO = "/apis/argoproj.io/v1alpha1"
_FLUX_SOURCE = "/apis/source.toolkit.fluxcd.io/v1"
_FLUX_KUSTOMIZE = "/apis/kustomize.toolkit.fluxcd.io/v1"
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

    The ApplicationSets are those that name the `repository`; else `ephemera` in namespace `argocd`. Annotations:
    https://argo-cd.readthedocs.io/en/latest/user-guide/annotations-and-labels/ and
    https://argo-cd.readthedocs.io/en/latest/operator-manual/applicationset/Generators-Git/.
    """

    def __init__(
        self,
        api: Api,
        repository: str | None = None,
        namespace: str = "argocd",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._api = api
        self._sets = Roots(api, _ARGO, "applicationsets", repository, Root(namespace, "ephemera"))
        self._clock = clock

    def poke(self, poke: Poke) -> None:
        """Refresh every changed Application, and the ApplicationSet where one came, went or is missing.

        A refreshed Application has its revision looked up anew, whatever the repository server remembers of it; the
        ApplicationSet is left alone otherwise, for it goes over all environments. Raises Transient or Stalled with a
        summary; an Application that is not there yet is no error.
        """
        roots = self._sets.find()
        sets = self._application_sets(roots)
        applications = _applications(roots, poke.changed)
        if poke.came_or_went:
            poke_all(self._api, "Argo CD", [*sets, *applications])
        elif poke_all(self._api, "Argo CD", applications):
            poke_all(self._api, "Argo CD", sets)

    def needs(self) -> Sequence[Target]:
        """What must be there, and may be patched, for a poke to work; optional ones stand for any of their kind."""
        roots = self._sets.find()
        return (*self._application_sets(roots), *_applications(roots, ("ephemera-check",)))

    def _application_sets(self, roots: Sequence[Root]) -> list[Target]:
        """Each time with another value: the controller takes the annotation away when it has looked, at the revision
        that it began with. The same value again is no change, and a poke that came while it looked would be lost; as
        a change it makes that removal a conflict, and the controller looks once more
        (argo-cd, applicationset/controllers/applicationset_controller.go, Reconcile)."""
        now = self._clock().isoformat()
        return [_application_set(root, now) for root in roots]


def _applications(sets: Sequence[Root], names: Sequence[str]) -> list[Target]:
    namespaces = dict.fromkeys(found.namespace for found in sets)
    return [_application(namespace, name) for namespace in namespaces for name in names]


def _application_set(root: Root, now: str) -> Target:
    path = f"{_ARGO}/namespaces/{root.namespace}/applicationsets/{root.name}"
    return Target("applicationsets.argoproj.io", path, _REFRESH_SET, now)


def _application(namespace: str, name: str) -> Target:
    path = f"{_ARGO}/namespaces/{namespace}/applications/{name}"
    return Target("applications.argoproj.io", path, _REFRESH, "normal", is_optional=True)


class Flux:
    """A root GitRepository and its Kustomization, under which an environment may have a source of its own.

    The roots are those that name the `repository`, and the Kustomizations of their names; else `flux-system`, as
    `flux bootstrap` calls both. The annotation:
    https://fluxcd.io/flux/components/source/gitrepositories/#triggering-a-reconcile.
    """

    def __init__(
        self,
        api: Api,
        repository: str | None = None,
        namespace: str = "flux-system",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._api = api
        self._roots = Roots(api, _FLUX_SOURCE, "gitrepositories", repository, Root(namespace, "flux-system"))
        self._clock = clock

    def poke(self, poke: Poke) -> None:
        """Have changed environments' own sources fetched, and the root's where it must tell of them.

        What is fetched anew is applied by itself. The root is left alone when nothing came or went and every changed
        environment has a GitRepository of its own: with many environments, applying it costs more than all else.
        Raises Transient or Stalled with a summary.
        """
        now = self._clock().isoformat()
        roots = self._roots.find()
        namespaces = dict.fromkeys(root.namespace for root in roots)
        names = [Root(namespace, name) for namespace in namespaces for name in poke.changed]
        own = [replace(target, is_optional=True) for target in _targets(names, now, is_applied=poke.is_again)]
        above = _targets(roots, now, is_applied=poke.is_again)
        if poke.came_or_went:
            poke_all(self._api, "Flux", [*own, *above])
        elif poke_all(self._api, "Flux", own):
            poke_all(self._api, "Flux", above)

    def needs(self) -> Sequence[Target]:
        """What must be there, and may be patched, for a poke to work."""
        return _targets(self._roots.find(), self._clock().isoformat(), is_applied=True)


def _targets(names: Sequence[Root], now: str, *, is_applied: bool) -> tuple[Target, ...]:
    """What fetches, and, where `is_applied`, also what applies: what was fetched before, and lost in the cluster since,
    is not applied again for a fetch. Else that would only apply once more what is old."""
    sources = (_source(name, now) for name in names)
    return (*sources, *(_kustomization(name, now) for name in names)) if is_applied else tuple(sources)


def _source(root: Root, now: str) -> Target:
    path = f"{_FLUX_SOURCE}/namespaces/{root.namespace}/gitrepositories/{root.name}"
    return Target("gitrepositories.source.toolkit.fluxcd.io", path, _REQUESTED_AT, now)


def _kustomization(root: Root, now: str) -> Target:
    path = f"{_FLUX_KUSTOMIZE}/namespaces/{root.namespace}/kustomizations/{root.name}"
    return Target("kustomizations.kustomize.toolkit.fluxcd.io", path, _REQUESTED_AT, now)


KnownSyncer = ArgoCD | Flux | NoSyncer
