"""The whole cluster in one process: API server, controllers, syncer and control plane, put together."""

import tempfile
from pathlib import Path

from app.demo.kubernetes.apiserver.access import Access
from app.demo.kubernetes.apiserver.kinds import NAMESPACE
from app.demo.kubernetes.apiserver.resources import Resources
from app.demo.kubernetes.apiserver.server import ApiServer
from app.demo.kubernetes.apiserver.site import Site
from app.demo.kubernetes.apiserver.store import Store
from app.demo.kubernetes.apiserver.verbs import Target, Verbs
from app.demo.kubernetes.apiserver.watching import WatchWeather
from app.demo.kubernetes.control import Control, Levers
from app.demo.kubernetes.options import Options
from app.demo.kubernetes.syncers.apply import Applier
from app.demo.kubernetes.syncers.argocd import build_argocd
from app.demo.kubernetes.syncers.flux import build_flux
from app.demo.kubernetes.syncers.mirror import Mirrors
from app.demo.kubernetes.syncers.settings import Switch, SyncerSettings
from app.demo.kubernetes.workloads.controllers import build_controllers
from app.demo.kubernetes.workloads.failures import Failures, Pace
from app.demo.kubernetes.workloads.loop import Loop

_FIRST_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


class Simulator:
    """A running cluster; it lives from `start` to `stop`."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._folder = tempfile.TemporaryDirectory(prefix="kubernetes-")
        self._mirrors = Mirrors(Path(self._folder.name), options.git_environment)
        self._store = Store(options.history)
        verbs = Verbs(self._store)
        failures, pace = Failures(), Pace(options.rollout_seconds, options.termination_seconds)
        switch, weather, access = Switch(), WatchWeather(), Access(options.token, self._store)
        for name in _FIRST_NAMESPACES:
            verbs.create(Target(NAMESPACE), {"metadata": {"name": name}})
        self._loops = [build_controllers(verbs, failures, pace)]
        if loop := self._build_syncer(verbs, Applier(verbs, failures), switch):
            self._loops.append(loop)
        site = Site(Resources(verbs, access, weather, options.bookmark_seconds), access)
        levers = Levers(self._store, site, access, weather, failures, pace, switch, tuple(self._loops))
        site.control = Control(levers).answer
        self._server = ApiServer(site, options.port)

    @property
    def url(self) -> str:
        """Where its API is."""
        return self._server.url

    def start(self) -> None:
        """Sets everything going; returns at once."""
        self._server.start()
        for loop in self._loops:
            loop.start()

    def stop(self) -> None:
        """Ends everything; nothing is left behind."""
        self._store.close()
        self._server.stop()
        for loop in self._loops:
            loop.stop()
        self._mirrors.close()
        self._folder.cleanup()

    def _build_syncer(self, verbs: Verbs, applier: Applier, switch: Switch) -> Loop | None:
        options = self._options
        settings = SyncerSettings(options.repository, options.branch, options.poll_seconds, options.syncer_path())
        match options.syncer:
            case "argocd":
                return build_argocd(verbs, self._mirrors, applier, settings, switch)
            case "flux":
                return build_flux(verbs, self._mirrors, applier, settings, switch)
            case "none":
                return None
