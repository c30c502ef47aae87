"""The cluster under contract, and a namespace of each test's own in it."""

from collections.abc import Iterator

import pytest

from app.demo.kubernetes.client import SimulatedKubernetes
from app.demo.kubernetes.options import Options
from app.demo.kubernetes.simulator import Simulator
from tests.contract.kubernetes.api import Api
from tests.contract.kubernetes.place import Place
from tests.contract.kubernetes.target import Target, named_target

_TOKEN = "contract-token"


@pytest.fixture(scope="session")
def target() -> Iterator[Target]:
    """Give the real cluster that the environment names, else a simulated one."""
    if named := named_target():
        yield named
        return
    simulator = Simulator(
        Options(_TOKEN, syncer="none", rollout_seconds=0.05, termination_seconds=0.2, bookmark_seconds=60)
    )
    simulator.start()
    control = SimulatedKubernetes(simulator.url, _TOKEN)
    yield Target(simulator.url, _TOKEN, forget=control.compact, is_simulated=True)
    simulator.stop()


@pytest.fixture
def api(target: Target) -> Api:
    """Give the API as an administrator."""
    return Api(target, target.token)


@pytest.fixture
def place(api: Api) -> Iterator[Place]:
    """Give a new namespace with the objects that every namespace gets; it is deleted afterwards."""
    made = api.create("/api/v1/namespaces", {"metadata": {"generateName": "contract-"}})
    place = Place(api, made["metadata"]["name"])
    api.wait_for(f"{place.path}/serviceaccounts/default", lambda _: True)
    api.wait_for(f"{place.maps}/kube-root-ca.crt", lambda _: True)
    yield place
    api.ask("DELETE", place.path)
