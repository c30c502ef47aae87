"""Flux in small: its namespace, the root GitRepository and Kustomization, and the loop of both controllers."""

from app.demo.kubernetes.apiserver.kinds import GIT_REPOSITORY, KUSTOMIZATION, NAMESPACE, Json
from app.demo.kubernetes.apiserver.verbs import Target, Verbs
from app.demo.kubernetes.syncers.apply import Applier
from app.demo.kubernetes.syncers.kustomizations import Kustomizations
from app.demo.kubernetes.syncers.mirror import Mirrors
from app.demo.kubernetes.syncers.settings import Switch, SyncerSettings
from app.demo.kubernetes.syncers.sources import Sources
from app.demo.kubernetes.workloads.loop import Loop

FLUX_SYSTEM = "flux-system"
"""Namespace of Flux and name of its root objects, as `flux bootstrap` makes them."""


def build_flux(verbs: Verbs, mirrors: Mirrors, applier: Applier, settings: SyncerSettings, switch: Switch) -> Loop:
    """Makes the objects Flux starts with; the answer is its loop, not started."""
    verbs.create(Target(NAMESPACE), {"metadata": {"name": FLUX_SYSTEM}})
    verbs.create(Target(GIT_REPOSITORY, FLUX_SYSTEM), _source(settings))
    verbs.create(Target(KUSTOMIZATION, FLUX_SYSTEM), _kustomization(settings))
    sources = Sources(verbs, mirrors, switch)
    kustomizations = Kustomizations(verbs, mirrors, applier, switch)
    return Loop(verbs.store, [sources.reconciler(), kustomizations.reconciler()])


def _source(settings: SyncerSettings) -> Json:
    interval = f"{settings.poll_seconds:g}s"
    spec = {"interval": interval, "url": settings.repository, "ref": {"branch": settings.branch}, "timeout": "60s"}
    return {"metadata": {"name": FLUX_SYSTEM}, "spec": spec}


def _kustomization(settings: SyncerSettings) -> Json:
    reference = {"kind": "GitRepository", "name": FLUX_SYSTEM}
    spec = {"interval": "10m0s", "path": settings.path, "prune": True, "wait": False, "sourceRef": reference}
    spec["retryInterval"] = "5s"
    return {"metadata": {"name": FLUX_SYSTEM}, "spec": {**spec, "deletionPolicy": "WaitForTermination"}}
