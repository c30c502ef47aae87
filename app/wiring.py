"""Puts the parts together for one process. The only place that constructs clients, each when it is first needed."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache, cached_property

from redis import Redis
from redis.exceptions import RedisError

from app.bell import BackgroundBell, RedisBell
from app.cluster.access import Access, ByKubeconfig, ByToken, InCluster
from app.cluster.checkup import check_cluster
from app.cluster.connection import Api
from app.cluster.syncer import ArgoCD, Flux, KnownSyncer, NoSyncer
from app.cluster.view import WatchedCluster
from app.domain.finding import Finding
from app.github.connect import Account, GitHub, connect
from app.github.git_credentials import is_on_this_github
from app.settings import Settings
from app.stages.decide import Decider
from app.stages.observe import Observer
from app.stages.publish import Publisher
from app.stages.report import Reporter
from app.stages.sweep import Sweeper
from app.store.engine import Store
from app.web.services import Services
from gitops.remote import Credentials, Remote
from gitops.render import Templates
from gitops.repository import Repository

_REDIS_SECONDS = 3.0


class Wiring:
    """Everything that one process may need. Nothing is opened before it is used; not to be carried over a fork."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def store(self) -> Store:
        """PostgreSQL."""
        return Store(self.settings.database_url.get_secret_value())

    @cached_property
    def redis(self) -> "Redis":
        """Redis or Valkey."""
        return Redis.from_url(
            self.settings.redis_url.get_secret_value(),
            socket_timeout=_REDIS_SECONDS,
            socket_connect_timeout=_REDIS_SECONDS,
        )

    @cached_property
    def bell(self) -> RedisBell:
        """The bell that the workers listen to."""
        return RedisBell(self.redis)

    @cached_property
    def github(self) -> GitHub:
        """GitHub, as the App."""
        settings = self.settings
        account = Account(
            settings.github_api_url, settings.github_app_id, settings.github_private_key.get_secret_value()
        )
        return connect(account, lambda: datetime.now(UTC))

    @cached_property
    def repository(self) -> Repository:
        """The environments repository."""
        settings = self.settings
        remote = Remote(settings.environments_repository, settings.environments_branch, self._git_credentials)
        return Repository(remote, settings.cache_directory)

    @cached_property
    def cluster(self) -> Api:
        """The cluster's API server."""
        return Api(self._access)

    @cached_property
    def syncer(self) -> KnownSyncer:
        """What syncs the environments repository into the cluster."""
        match self.settings.syncer:
            case "argocd":
                return ArgoCD(self.cluster, self.settings.environments_repository)
            case "flux":
                return Flux(self.cluster, self.settings.environments_repository)
            case _:
                return NoSyncer()

    @cached_property
    def view(self) -> WatchedCluster:
        """The cluster, watched from `start` to `stop`."""
        return WatchedCluster(self.cluster)

    @cached_property
    def decider(self) -> Decider:
        """The first stage."""
        return Decider(self.store, self.github.pull_requests, self.settings.policy, self.bell)

    @cached_property
    def publisher(self) -> Publisher:
        """The second stage."""
        templates = Templates.load(self.settings.templates)
        return Publisher(self.store, self.repository, templates, self.bell, self.syncer)

    @cached_property
    def observer(self) -> Observer:
        """The third stage."""
        return Observer(self.store, self.view, self.bell, self.settings.cluster_name)

    @cached_property
    def reporter(self) -> Reporter:
        """The fourth stage."""
        return Reporter(self.store, self.github.reports, self.bell)

    @cached_property
    def sweeper(self) -> Sweeper:
        """What finds whatever fell between the stages."""
        return Sweeper(self.store, self.github.pull_requests, self.settings.policy, self.bell)

    @cached_property
    def services(self) -> Services:
        """What the web needs."""
        secrets = tuple(secret.get_secret_value().encode() for secret in self.settings.github_webhook_secrets)
        return Services(self.store, BackgroundBell(self.bell), self.settings.policy, secrets, self.redis_is_up)

    def redis_is_up(self) -> bool:
        """Redis answers."""
        try:
            return bool(self.redis.ping())
        except RedisError:
            return False

    def cluster_findings(self) -> Sequence[Finding]:
        """What `ephemera check` says of the cluster."""
        return check_cluster(self.cluster, self.syncer)

    @property
    def _access(self) -> Access:
        settings = self.settings
        if settings.cluster_url is not None:
            token = settings.cluster_token.get_secret_value() if settings.cluster_token else ""
            return ByToken(settings.cluster_url, token, settings.cluster_ca)
        if settings.kubeconfig is not None:
            return ByKubeconfig(settings.kubeconfig)
        return InCluster()

    def _git_credentials(self) -> Credentials | None:
        settings = self.settings
        if is_on_this_github(settings.environments_repository, settings.github_api_url):
            login = self.github.git_credentials.login(settings.environments_repository)
            return Credentials(login.username, login.password)
        if settings.git_username is None and settings.git_password is None:
            return None
        password = settings.git_password.get_secret_value() if settings.git_password else ""
        return Credentials(settings.git_username or "", password)


@cache
def this_process() -> Wiring:
    """The wiring of this process, made at the first call. Raises SettingsError."""
    return Wiring(Settings.load())
