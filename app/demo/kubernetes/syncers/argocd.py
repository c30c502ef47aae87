"""Argo CD in small: its namespace, one ApplicationSet, and the loop of both controllers."""

from app.demo.kubernetes.apiserver.kinds import NAMESPACE
from app.demo.kubernetes.apiserver.verbs import Target, Verbs
from app.demo.kubernetes.syncers.applications import Applications
from app.demo.kubernetes.syncers.applicationset import ARGOCD, ApplicationSets
from app.demo.kubernetes.syncers.apply import Applier
from app.demo.kubernetes.syncers.mirror import Mirrors
from app.demo.kubernetes.syncers.settings import Switch, SyncerSettings
from app.demo.kubernetes.workloads.loop import Loop

APPLICATION_SET_NAME = "ephemera"


def build_argocd(verbs: Verbs, mirrors: Mirrors, applier: Applier, settings: SyncerSettings, switch: Switch) -> Loop:
    """Makes the objects Argo CD starts with; the answer is its loop, not started."""
    verbs.create(Target(NAMESPACE), {"metadata": {"name": ARGOCD}})
    sets = ApplicationSets(verbs, mirrors, settings, switch)
    sets.create(APPLICATION_SET_NAME)
    applications = Applications(verbs, mirrors, applier, settings, switch)
    return Loop(verbs.store, [sets.reconciler(), applications.reconciler()])
