"""What is told of a cluster, and when."""

from datetime import timedelta

import pytest

from app.cluster.namespaces import read_namespace
from app.cluster.picture import Picture
from app.cluster.pods import read_pod
from app.cluster.resources import DEPLOYMENTS, NAMESPACES, PODS
from app.cluster.seen import Seen
from app.cluster.workloads import read_deployment
from app.domain.health import Phase
from app.errors import Stalled, Transient
from tests.cluster.raw import NAMESPACE, namespace, pod, ready_deployment, workload

NOW = timedelta(0)
RESOURCES = (NAMESPACES, PODS, DEPLOYMENTS)
DENIED = Stalled("listing pods: denied")


def seen(name: str = NAMESPACE, revision: int = 1) -> Seen:
    return read_namespace(namespace(name, revision))


def complete(*namespaces: Seen, deployments: tuple[Seen, ...] = ()) -> Picture:
    picture = Picture(RESOURCES)
    picture.replace(NAMESPACES, 10, namespaces)
    picture.replace(PODS, 10, ())
    picture.replace(DEPLOYMENTS, 10, deployments)
    return picture


def test_nothing_is_told_before_everything_has_been_listed() -> None:
    picture = Picture(RESOURCES)
    picture.replace(NAMESPACES, 10, (seen(),))
    picture.replace(DEPLOYMENTS, 10, (read_deployment(ready_deployment()),))
    assert not picture.take(NOW).healths
    with pytest.raises(Transient, match="listing pods: not done yet"):
        picture.names()
    picture.replace(PODS, 10, ())
    assert picture.take(NOW).healths[NAMESPACE].workloads[0].is_ready
    assert picture.names() == {NAMESPACE}


def test_only_what_differs_is_told_again() -> None:
    picture = complete(seen(), seen("pr-8-shop"))
    assert picture.take(NOW).healths.keys() == {NAMESPACE, "pr-8-shop"}
    assert not picture.take(NOW).healths
    picture.put(NAMESPACES, seen(revision=11))
    assert not picture.take(NOW).healths
    picture.put(DEPLOYMENTS, read_deployment(ready_deployment(revision=12)))
    assert picture.take(NOW).healths.keys() == {NAMESPACE}


def test_many_changes_are_told_as_the_last_one() -> None:
    picture = complete(seen())
    for revision in range(20, 25):
        picture.put(DEPLOYMENTS, read_deployment(workload(revision=revision)))
    picture.put(DEPLOYMENTS, read_deployment(ready_deployment(revision=30)))
    assert [workload.is_ready for workload in picture.take(NOW).healths[NAMESPACE].workloads] == [True]


def test_everything_is_told_again_once_everything_was_listed_again() -> None:
    picture = complete(seen())
    picture.take(NOW)
    picture.replace(NAMESPACES, 20, (seen(),))
    picture.replace(PODS, 20, ())
    assert not picture.take(NOW).healths
    picture.replace(DEPLOYMENTS, 20, ())
    assert picture.take(NOW).healths.keys() == {NAMESPACE}
    assert not picture.take(NOW).healths


def test_vanished_namespace_is_told_once_and_not_as_health() -> None:
    picture = complete(seen())
    picture.take(NOW)
    picture.remove(NAMESPACES, seen(revision=11))
    news = picture.take(NOW)
    assert news.vanished == {NAMESPACE}
    assert not news.healths
    assert not picture.take(NOW).vanished


def test_namespace_missing_from_a_new_list_has_vanished() -> None:
    picture = complete(seen())
    picture.take(NOW)
    picture.replace(NAMESPACES, 20, ())
    assert picture.take(NOW).vanished == {NAMESPACE}


def test_namespace_that_was_never_told_does_not_vanish() -> None:
    picture = complete(seen())
    picture.remove(NAMESPACES, seen(revision=11))
    assert not picture.take(NOW).vanished


def test_workloads_left_over_do_not_bring_a_namespace_back() -> None:
    deployment = read_deployment(ready_deployment())
    picture = complete(seen(), deployments=(deployment,))
    picture.take(NOW)
    picture.remove(NAMESPACES, seen(revision=11))
    picture.take(NOW)
    picture.put(PODS, read_pod(pod(revision=12)))
    news = picture.take(NOW)
    assert not news.healths
    assert picture.names() == {NAMESPACE}


def test_namespace_made_again_is_told_again() -> None:
    picture = complete(seen())
    picture.take(NOW)
    picture.remove(NAMESPACES, seen(revision=11))
    picture.take(NOW)
    picture.put(NAMESPACES, seen(revision=12))
    assert picture.take(NOW).healths[NAMESPACE].phase is Phase.ACTIVE


def test_resource_that_may_not_be_listed_is_told_and_does_not_blind_the_rest() -> None:
    picture = Picture(RESOURCES)
    picture.replace(NAMESPACES, 10, (seen(),))
    picture.replace(DEPLOYMENTS, 10, (read_deployment(ready_deployment()),))
    picture.failed(PODS, DENIED)
    assert picture.take(NOW).healths[NAMESPACE].workloads[0].is_ready
    assert picture.problems() == ("listing pods: denied",)
    picture.connected(PODS)
    assert picture.problems() == ()


def test_refused_namespaces_are_never_taken_for_absent_ones() -> None:
    picture = Picture(RESOURCES)
    picture.failed(NAMESPACES, Stalled("listing namespaces: denied"))
    picture.replace(PODS, 10, ())
    picture.replace(DEPLOYMENTS, 10, ())
    assert not picture.take(NOW).healths
    with pytest.raises(Stalled, match="listing namespaces: denied"):
        picture.names()


def test_what_was_seen_stays_while_it_cannot_be_seen_any_more() -> None:
    picture = complete(seen(), deployments=(read_deployment(ready_deployment()),))
    picture.take(NOW)
    for resource in RESOURCES:
        picture.failed(resource, DENIED)
    news = picture.take(NOW)
    assert not news.vanished
    assert all(health.workloads for health in news.healths.values())
    assert picture.names() == {NAMESPACE}
