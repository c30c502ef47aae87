"""The view and the pokes, in a simulated cluster that rolls, fails, deletes and syncs by itself."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from app.cluster.access import ByToken
from app.cluster.checkup import check_cluster
from app.cluster.connection import Api
from app.cluster.syncer import ArgoCD, Flux
from app.cluster.view import WatchedCluster
from app.cluster.watch import Timing
from app.demo.kubernetes.apiserver.kinds import APPLICATION, DEPLOYMENT, JOB, NAMESPACE
from app.demo.kubernetes.client import SimulatedKubernetes, WatchAction
from app.demo.kubernetes.options import Options
from app.demo.kubernetes.simulator import Simulator
from app.demo.kubernetes.workloads.failures import FailureKind
from app.domain.cluster import SyncerKind
from app.domain.health import Cause, Health, Phase, Sync, Verdict, Wanted, judge
from app.ports import Poke
from tests.cluster.manifests import deployment, job, namespace
from tests.demo.kubernetes.environments import Environments

NAME = "pr-7-shop"
OLD, NEW = "a" * 40, "b" * 40
TOKEN = "cluster-token"
QUICK = Timing(first_pause_seconds=0.01, last_pause_seconds=0.05, silence_seconds=0.5)
STEP = timedelta(seconds=5)


@dataclass
class Observer:
    """Someone who keeps the newest Health of each namespace, and every one of them in order."""

    view: WatchedCluster
    newest: dict[str, Health] = field(default_factory=dict)
    history: list[Health] = field(default_factory=list)

    def until(self, is_so: Callable[[Health], object], name: str = NAME) -> Health:
        """Follow the changes until the namespace is as described."""
        for _ in range(200):
            health = self.newest.get(name)
            if health is not None and is_so(health):
                return health
            changes = self.view.changes(STEP)
            self.newest |= changes
            self.history += [changes[name]] if name in changes else []
        raise AssertionError(f"{name} is not as described: {self.newest.get(name)}")

    def until_ready(self, sha: str) -> Health:
        return self.until(lambda health: verdict(health, sha) is Verdict.READY)

    def until_problem(self) -> Cause:
        health = self.until(lambda health: any(workload.problem for workload in health.workloads))
        return next(workload.problem.cause for workload in health.workloads if workload.problem)


def verdict(health: Health, sha: str) -> Verdict:
    return judge(health, Wanted(sha, 1, None, ["Deployment/web"])).verdict


StartCluster = Callable[..., SimulatedKubernetes]
Observe = Callable[..., Observer]


@pytest.fixture
def start_cluster() -> Iterator[StartCluster]:
    """Give what starts a simulated cluster, quick in everything."""
    with ExitStack() as stack:

        def start(**options: object) -> SimulatedKubernetes:
            quick = {"syncer": "none", "rollout_seconds": 0.05, "termination_seconds": 0.05, "bookmark_seconds": 0.1}
            simulator = Simulator(Options(TOKEN, **{**quick, **options}))  # type: ignore[arg-type]
            stack.callback(simulator.stop)
            simulator.start()
            return SimulatedKubernetes(simulator.url, TOKEN)

        yield start


@pytest.fixture
def cluster(start_cluster: StartCluster) -> SimulatedKubernetes:
    """Give a cluster with an empty environment in it."""
    cluster = start_cluster()
    cluster.create(NAMESPACE, "", namespace(NAME))
    return cluster


@pytest.fixture
def observe() -> Iterator[Observe]:
    """Give what watches a cluster for the length of the test."""
    with ExitStack() as stack:

        def start(cluster: SimulatedKubernetes, syncer: SyncerKind = SyncerKind.NONE) -> Observer:
            view = WatchedCluster(api_of(cluster), syncer, syncer.usual_namespace, timing=QUICK)
            return Observer(stack.enter_context(view))

        yield start


@pytest.fixture
def observer(cluster: SimulatedKubernetes, observe: Observe) -> Observer:
    """Give someone who watches the cluster."""
    return observe(cluster)


def api_of(cluster: SimulatedKubernetes) -> Api:
    return Api(ByToken(cluster.url, TOKEN))


def test_new_commit_is_not_ready_before_it_runs(cluster: SimulatedKubernetes, observer: Observer) -> None:
    cluster.create(DEPLOYMENT, NAME, deployment(NAME, OLD))
    observer.until_ready(OLD)
    cluster.patch(DEPLOYMENT, NAME, "web", deployment(NAME, NEW))
    observer.until_ready(NEW)
    stages = [(verdict(health, OLD), verdict(health, NEW)) for health in observer.history]
    before, after = (
        stages.index((Verdict.READY, Verdict.PROGRESSING)),
        stages.index((Verdict.PROGRESSING, Verdict.READY)),
    )
    assert set(stages[before + 1 : after]) == {(Verdict.PROGRESSING, Verdict.PROGRESSING)}


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        ("image-pull", Cause.IMAGE_NOT_FOUND),
        ("crash-loop", Cause.CRASH),
        ("out-of-memory", Cause.OUT_OF_MEMORY),
        ("missing-config", Cause.MISSING_CONFIGURATION),
        ("unschedulable", Cause.UNSCHEDULABLE),
        ("quota", Cause.QUOTA),
    ],
)
def test_failing_commit_says_why_and_recovers(
    cluster: SimulatedKubernetes, observer: Observer, kind: FailureKind, cause: Cause
) -> None:
    cluster.fail(NAME, kind, image=f"*{NEW}")
    cluster.create(DEPLOYMENT, NAME, deployment(NAME, OLD))
    observer.until_ready(OLD)
    cluster.patch(DEPLOYMENT, NAME, "web", deployment(NAME, NEW))
    assert observer.until_problem() is cause
    cluster.patch(DEPLOYMENT, NAME, "web", deployment(NAME, OLD))
    observer.until_ready(OLD)


def test_failed_job_says_so(cluster: SimulatedKubernetes, observer: Observer) -> None:
    cluster.fail(NAME, "crash-loop", exit_code=3)
    cluster.create(JOB, NAME, job(NAME, OLD))
    observer.until(
        lambda health: any(job.problem and job.problem.cause is Cause.JOB_FAILED for job in health.workloads)
    )
    problem = observer.newest[NAME].workloads[0].problem
    assert problem is not None
    assert "exit code 3" in problem.message


def test_deleted_namespace_terminates_and_is_then_absent(cluster: SimulatedKubernetes, observer: Observer) -> None:
    cluster.create(DEPLOYMENT, NAME, deployment(NAME, OLD))
    observer.until_ready(OLD)
    cluster.delete(NAMESPACE, "", NAME)
    observer.until(lambda health: health.phase is Phase.TERMINATING)
    observer.until(lambda health: health.phase is Phase.ABSENT)
    phases = [health.phase for health in observer.history]
    assert phases == sorted(phases, key=[Phase.ACTIVE, Phase.TERMINATING, Phase.ABSENT].index)
    assert observer.view.remaining({NAME, "default"}) == {NAME: frozenset(), "default": {"Namespace/default"}}


@pytest.mark.parametrize("action", ["close", "expire", "silence", "scramble"])
def test_disturbed_watches_converge(cluster: SimulatedKubernetes, observer: Observer, action: WatchAction) -> None:
    cluster.create(DEPLOYMENT, NAME, deployment(NAME, OLD))
    observer.until_ready(OLD)
    cluster.disturb_watches(action)
    cluster.patch(DEPLOYMENT, NAME, "web", deployment(NAME, NEW))
    cluster.disturb_watches("restore")
    observer.until_ready(NEW)


def test_forgotten_history_is_listed_again(cluster: SimulatedKubernetes, observer: Observer) -> None:
    observer.until(lambda health: health.phase is Phase.ACTIVE)
    cluster.compact()
    cluster.disturb_watches("close")
    cluster.create(DEPLOYMENT, NAME, deployment(NAME, OLD))
    observer.until_ready(OLD)


def test_forbidden_pods_leave_readiness_visible(cluster: SimulatedKubernetes, observe: Observe) -> None:
    cluster.forbid("pods")
    cluster.create(DEPLOYMENT, NAME, deployment(NAME, OLD))
    observer = observe(cluster)
    observer.until_ready(OLD)
    assert any("pods" in problem for problem in observer.view.problems())


def test_poked_argo_cd_syncs_at_once(start_cluster: StartCluster, observe: Observe, tmp_path: Path) -> None:
    environments = Environments.create(tmp_path / "environments")
    cluster = start_cluster(syncer="argocd", repository=environments.url, poll_seconds=3600)
    syncer, observer = ArgoCD(api_of(cluster)), observe(cluster, SyncerKind.ARGOCD)
    for sha, is_new in ((OLD, True), (NEW, False)):
        environments.put(NAME, namespace(NAME), deployment(NAME, sha))
        commit = environments.commit()
        syncer.poke(Poke((NAME,), came_or_went=is_new))
        observer.until_ready(sha)
        applied = observer.until(lambda health, commit=commit: health.sync and health.sync.applied == commit)  # type: ignore[misc]
        assert applied.sync == Sync(f"Application/{NAME}", commit, commit)
    environments.remove(NAME)
    environments.commit()
    syncer.poke(Poke((NAME,), came_or_went=True))
    observer.until(lambda health: health.phase is Phase.ABSENT)
    assert observer.view.remaining({NAME}) == {NAME: frozenset()}


def test_refused_object_is_the_syncers_error(start_cluster: StartCluster, observe: Observe, tmp_path: Path) -> None:
    environments = Environments.create(tmp_path / "environments")
    cluster = start_cluster(syncer="argocd", repository=environments.url, poll_seconds=3600)
    observer = observe(cluster, SyncerKind.ARGOCD)
    refused = deployment(NAME, OLD)
    del refused["spec"]["template"]["metadata"]["labels"]
    environments.put(NAME, namespace(NAME), refused)
    commit = environments.commit()
    ArgoCD(api_of(cluster)).poke(Poke((NAME,), came_or_went=True))
    health = observer.until(lambda health: health.sync and health.sync.error)
    assert health.sync is not None
    assert (health.sync.applied, health.sync.tried) == (None, commit)
    assert "selector" in str(health.sync.error)


def test_application_held_by_its_finalizer_says_so(
    start_cluster: StartCluster, observe: Observe, tmp_path: Path
) -> None:
    environments = Environments.create(tmp_path / "environments")
    cluster = start_cluster(syncer="argocd", repository=environments.url, poll_seconds=3600)
    observer = observe(cluster, SyncerKind.ARGOCD)
    environments.put(NAME, namespace(NAME), deployment(NAME, OLD))
    environments.commit()
    ArgoCD(api_of(cluster)).poke(Poke((NAME,), came_or_went=True))
    observer.until_ready(OLD)
    cluster.pause_syncer()
    cluster.delete(APPLICATION, "argocd", NAME)
    health = observer.until(lambda health: health.holding)
    assert [held.name for held in health.holding] == [f"Application/{NAME}"]
    assert observer.view.remaining({NAME}) == {NAME: {f"Application/{NAME}", f"Namespace/{NAME}"}}


def test_poked_flux_syncs_at_once(start_cluster: StartCluster, observe: Observe, tmp_path: Path) -> None:
    environments = Environments.create(tmp_path / "environments")
    cluster = start_cluster(syncer="flux", repository=environments.url, poll_seconds=3600)
    syncer, observer = Flux(api_of(cluster)), observe(cluster)
    environments.put(NAME, namespace(NAME), deployment(NAME, OLD))
    environments.commit()
    syncer.poke(Poke((NAME,), came_or_went=True))
    observer.until_ready(OLD)
    environments.put(NAME, namespace(NAME), deployment(NAME, NEW))
    environments.commit()
    syncer.poke(Poke((NAME,), came_or_went=False))
    observer.until_ready(NEW)


@pytest.mark.parametrize("syncer", ["argocd", "flux"])
def test_checkup_of_a_cluster(start_cluster: StartCluster, tmp_path: Path, syncer: str) -> None:
    environments = Environments.create(tmp_path / "environments")
    cluster = start_cluster(syncer=syncer, repository=environments.url)
    cluster.forbid("pods", "watch")
    api = api_of(cluster)
    findings = check_cluster(api, ArgoCD(api) if syncer == "argocd" else Flux(api_of(cluster)))
    is_ok = {finding.what: finding.is_ok for finding in findings}
    assert not is_ok["cluster: list and watch pods"]
    assert is_ok["cluster: list and watch deployments.apps"]
    assert [what for what in is_ok if what.startswith("syncer: ") and is_ok[what]] == [
        what for what in is_ok if what.startswith("syncer: ")
    ]
