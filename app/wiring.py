"""Puts the parts together for one process. The only place that constructs clients, each when it is first needed."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, cached_property, partial

from redis import Redis
from redis.exceptions import RedisError

from app.bell import BackgroundBell, RedisBell
from app.cluster.access import access_by
from app.cluster.checkup import check_cluster
from app.cluster.connection import Api
from app.cluster.resources import synced_by
from app.cluster.syncer import ArgoCD, Flux, KnownSyncer, NoSyncer
from app.cluster.view import WatchedCluster
from app.domain.cluster import Cluster, SyncerKind
from app.domain.finding import Finding
from app.domain.permissions import needed
from app.errors import EphemeraError
from app.github.connect import Account, GitHub, connect
from app.github.git_credentials import is_on_this_github
from app.ports import Destination
from app.settings import CLUSTER_TOKEN, Settings
from app.stages.branch import Branch
from app.stages.catch_up import CatchUp
from app.stages.changing import Changer
from app.stages.decide import Decider
from app.stages.follow import Follower
from app.stages.obey import Obeyer
from app.stages.propose import Proposer
from app.stages.publish import Publisher
from app.stages.react import Reactor
from app.stages.report import Reporter
from app.stages.review import Reviewer
from app.stages.sweep import Sweeper
from app.stages.verify import Verifier
from app.stages.wake import Waker
from app.store.engine import Store
from app.web.api import PREFIX
from app.web.services import Services
from gitops.change import Person, noreply, usual_committer
from gitops.drift import look, own_refs
from gitops.remote import Credentials, Remote
from gitops.render import Templates
from gitops.repository import Repository
from gitops.signing import Signer
from gitops.syncs import Sync, keep_file

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
            settings.github_api_url,
            settings.github_app_id,
            settings.github_private_key.get_secret_value(),
            sets_statuses=settings.commit_status is not None,
            environments=settings.environments_name,
            proposes=settings.proposes,
            web_url=settings.web_url,
            merge_method=settings.merge_method,
        )
        return connect(account, lambda: datetime.now(UTC))

    @cached_property
    def repository(self) -> Repository:
        """The environments repository."""
        settings = self.settings
        remote = Remote(
            settings.environments_repository,
            settings.environments_branch,
            self._git_credentials,
            settings.environment_refs,
        )
        return Repository(remote, settings.cache_directory, signer=self.signer, committer=self._committer)

    @cached_property
    def signer(self) -> Signer | None:
        """Who signs our commits; None: nobody does."""
        key = self.settings.commit_signing_key
        return Signer.load(key) if key is not None else None

    @cached_property
    def clusters(self) -> tuple[Cluster, ...]:
        """Every declared cluster."""
        return self.settings.declared_clusters

    @cached_property
    def destinations(self) -> Mapping[str, Destination]:
        """How each cluster takes its environments."""
        return {cluster.name: self._destination(cluster) for cluster in self.clusters}

    @cached_property
    def decider(self) -> Decider:
        """The first stage."""
        github = self.github
        return Decider(
            self.store,
            github.pull_requests,
            github.conversations,
            self.settings.policy,
            self.bell,
            limits=self.settings.github_budget,
        )

    @cached_property
    def obeyer(self) -> Obeyer:
        """What does as people say."""
        github = self.github
        reactor = Reactor(self.store, github.conversations, self.settings.github_budget)
        return Obeyer(self.store, github.pull_requests, github.conversations, self.settings.policy, self.bell, reactor)

    @cached_property
    def publisher(self) -> Publisher:
        """The second stage."""
        rules = self.settings.review_rules
        return Publisher(self.store, self.repository, self.templates, self.bell, self.destinations, rules=rules)

    @cached_property
    def templates(self) -> Templates:
        """What environments are rendered with."""
        return Templates.load(self.settings.templates)

    @cached_property
    def proposer(self) -> Proposer:
        """What speaks to GitHub about what waits for review."""
        settings = self.settings
        return Proposer(
            self.store,
            self.github.proposals,
            self.bell,
            base=settings.environments_branch,
            evidence_url=self._evidence_url,
            limits=settings.github_budget,
        )

    @cached_property
    def reviewer(self) -> Reviewer:
        """What sees what people decided about it."""
        changer = Changer(self.templates, self.destinations)
        rules = self.settings.review_rules
        return Reviewer(self.store, self.github.proposals, self.repository, changer, self.bell, rules)

    @cached_property
    def verifier(self) -> Verifier:
        """What proves the history; it asks GitHub nothing."""
        keys = () if self.signer is None else (self.signer.public_line,)
        return Verifier(self.store, self.repository, self.destinations, keys)

    @cached_property
    def reporter(self) -> Reporter:
        """The fourth stage."""
        return Reporter(self.store, self.github.reports, self.bell, self.settings.telling, self.settings.github_budget)

    @cached_property
    def sweeper(self) -> Sweeper:
        """What finds whatever fell between the stages."""
        branch = Branch(partial(look, self.repository), self.destinations, partial(own_refs, self.repository))
        pull_requests, environments = self.github.pull_requests, self.settings.environments_name
        return Sweeper(self.store, pull_requests, self.settings.policy, self.bell, branch, environments)

    @cached_property
    def follower(self) -> Follower:
        """What keeps up with where the App is installed."""
        return Follower(self.store, self.github.installed, self._needed, self.bell)

    @cached_property
    def catch_up(self) -> CatchUp:
        """What asks GitHub for webhooks that did not arrive."""
        return CatchUp(self.store, self.github.hook_deliveries)

    @cached_property
    def waker(self) -> Waker:
        """What pokes the syncers that have not heard."""
        return Waker(self.store, self.destinations)

    @cached_property
    def services(self) -> Services:
        """What the web needs."""
        secrets = tuple(secret.get_secret_value().encode() for secret in self.settings.github_webhook_secrets)
        return Services(
            self.store,
            BackgroundBell(self.bell),
            self.settings.policy,
            secrets,
            self.redis_is_up,
            github_app_id=self.settings.github_app_id,
            github_limits=self.settings.github_budget,
            environments=self.settings.environments_name,
        )

    def redis_is_up(self) -> bool:
        """Redis answers."""
        try:
            return bool(self.redis.ping())
        except RedisError:
            return False

    def view(self, cluster: Cluster) -> WatchedCluster:
        """A cluster, watched from when it is entered until it is left."""
        return WatchedCluster(self._api(cluster), cluster.syncer, cluster.syncer_namespace)

    def cluster_findings(self) -> Sequence[Finding]:
        """What `ephemera check` says of the clusters."""
        return [finding for cluster in self.clusters for finding in self._cluster_findings(cluster)]

    @property
    def _needed(self) -> dict[str, str]:
        """What every installation has to grant."""
        return needed(with_statuses=self.settings.commit_status is not None, with_contents=False)

    def _cluster_findings(self, cluster: Cluster) -> Iterator[Finding]:
        prefix = "" if len(self.clusters) == 1 else f"{cluster.name}: "
        own = synced_by(cluster.syncer, cluster.syncer_namespace)
        for finding in check_cluster(self._api(cluster), self._syncer(cluster), own):
            yield replace(finding, what=f"{prefix}{finding.what}")

    def _api(self, cluster: Cluster) -> Api:
        return Api(access_by(cluster.credentials, cluster.api_url, cluster.ca_file, self._secret))

    def _syncer(self, cluster: Cluster) -> KnownSyncer:
        repository = self.settings.environments_repository
        match cluster.syncer:
            case SyncerKind.ARGOCD:
                return ArgoCD(self._api(cluster), repository, cluster.syncer_namespace)
            case SyncerKind.FLUX:
                return Flux(self._api(cluster), repository, cluster.syncer_namespace)
            case SyncerKind.NONE:
                return NoSyncer()

    def _destination(self, cluster: Cluster) -> Destination:
        syncer = self._syncer(cluster)
        if cluster.syncer is SyncerKind.FLUX:
            keep = keep_file(cluster.syncer_namespace)
            return Destination(syncer, follows_refs=True, sync=partial(self._sync, cluster), keep=keep)
        return Destination(syncer, follows_refs=cluster.syncer is SyncerKind.ARGOCD)

    def _sync(self, cluster: Cluster, folder: str, number: int, namespace: bytes) -> bytes:
        remote = self.repository.remote
        return Sync(
            folder=folder,
            number=number,
            url=remote.url,
            ref=remote.own_ref(folder.rpartition("/")[2]),
            flux_namespace=cluster.syncer_namespace,
            secret=cluster.repository_secret,
        ).render(namespace)

    def _evidence_url(self, environment_id: int) -> str | None:
        url = self.settings.url
        return None if url is None else f"{url}{PREFIX}/environments/{environment_id}/evidence"

    def _committer(self) -> Person:
        """The App; as long as GitHub does not say who that is, Ephemera."""
        try:
            return noreply(self.github.profile.login())
        except EphemeraError:
            return usual_committer()

    def _secret(self, name: str) -> str | None:
        """An environment variable; the one that is a setting may also stand in `.env`, and be empty."""
        if name == CLUSTER_TOKEN:
            token = self.settings.cluster_token
            return token.get_secret_value() if token else ""
        return os.environ.get(name)

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
