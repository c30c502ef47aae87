"""A cluster with a syncer that follows a repository, and environments of each test's own in it."""

import secrets
from collections.abc import Iterator
from itertools import count

import pytest

from app.demo.git_host import RunningGitHost
from app.demo.kubernetes.options import Options
from app.demo.kubernetes.simulator import Simulator
from tests.contract.kubernetes.api import Api
from tests.contract.kubernetes.syncers.follower import ArgoCD, Flux, Follower
from tests.contract.kubernetes.syncers.repository import CLUSTER, Repository
from tests.contract.kubernetes.syncers.story import Story
from tests.contract.kubernetes.target import Target, named_target

_TOKEN = "contract-token"
_KEEPER = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "contract-keeper", "namespace": "flux-system"}}
_RUN = secrets.token_hex(3)
_numbers = count(1)


@pytest.fixture(scope="session", params=["argocd", "flux"])
def syncer(request: pytest.FixtureRequest) -> str:
    """Give the name of a syncer; the named cluster may lack it."""
    name: str = request.param
    if (named := named_target()) and name not in named.syncers:
        pytest.skip(f"this cluster was started without {name}; the run of make e2e for it has it")
    return name


@pytest.fixture(scope="session")
def synced_target(syncer: str, running_git_host: RunningGitHost) -> Iterator[Target]:
    """Give the real cluster that the environment names, else a simulated one, with the syncer."""
    if named := named_target():
        yield named
        return
    url = running_git_host.host.create(f"contract/{syncer}", readme=True)
    access = running_git_host.host.client_environment()
    simulator = Simulator(
        Options(
            _TOKEN,
            syncer="argocd" if syncer == "argocd" else "flux",
            repository=url,
            path="nothing/*" if syncer == "argocd" else "./",
            rollout_seconds=0.05,
            termination_seconds=0.05,
            git_environment=access,
        )
    )
    simulator.start()
    yield Target(simulator.url, _TOKEN, is_simulated=True, syncers=(syncer,), repository=url, git_environment=access)
    simulator.stop()


@pytest.fixture(scope="session")
def follower(syncer: str, synced_target: Target) -> Follower:
    """Give the syncer."""
    api = Api(synced_target, synced_target.token)
    return ArgoCD(api) if syncer == "argocd" else Flux(api)


@pytest.fixture(scope="session")
def repository(synced_target: Target, follower: Follower, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Give a clone of the repository that the syncer follows; there is always something in its folders."""
    directory = tmp_path_factory.mktemp("clone") / "environments"
    repository = Repository.clone(synced_target.repository, directory, synced_target.git_environment)
    # Flux fails where the folder that it follows is gone, and removes nothing then.
    repository.write(f"syncs/{CLUSTER}/keeper.yaml", _KEEPER)
    repository.push("contract-keeper")
    follower.follow()
    return repository


@pytest.fixture
def story(synced_target: Target, follower: Follower, repository: Repository) -> Iterator[Story]:
    """Give an environment that is not there yet; it goes at the end, whatever became of it."""
    story = Story(Api(synced_target, synced_target.token), follower, repository, f"pr-{next(_numbers)}-{_RUN}")
    yield story
    story.end()


@pytest.fixture
def neighbour(synced_target: Target, follower: Follower, repository: Repository) -> Iterator[Story]:
    """Give another one."""
    story = Story(Api(synced_target, synced_target.token), follower, repository, f"pr-{next(_numbers)}-{_RUN}")
    yield story
    story.end()
