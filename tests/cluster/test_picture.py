"""What is told of a cluster, and when."""

from datetime import timedelta

import pytest

from app.cluster.failures import NotServed
from app.cluster.objects import Newest
from app.cluster.picture import Picture
from app.cluster.pods import read_pod
from app.cluster.resources import DEPLOYMENTS, EVENTS, NAMESPACES, PODS, VOLUMES
from app.cluster.seen import Foreign, Seen
from app.cluster.workloads import read_deployment
from app.domain.health import Phase
from app.errors import Stalled, Transient
from tests.cluster.raw import NAMESPACE, pod, ready_deployment, workload
from tests.cluster.reading import APPLICATIONS, read, seen_namespace, volume
from tests.cluster.synced import application, compared

NOW = timedelta(0)
RESOURCES = (NAMESPACES, PODS, DEPLOYMENTS)
DENIED = Stalled("listing pods: denied")


def seen(name: str = NAMESPACE, revision: int = 1) -> Seen:
    return seen_namespace(name, revision)


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


def test_environment_whose_namespace_is_gone_is_partial_while_its_application_is_there() -> None:
    picture = Picture((*RESOURCES, APPLICATIONS))
    for resource in RESOURCES:
        picture.replace(resource, 10, (seen(),) if resource is NAMESPACES else ())
    application_seen = read(APPLICATIONS, application(11, sync=compared("Synced")))
    picture.replace(APPLICATIONS, 11, (application_seen,))
    assert picture.take(NOW).healths[NAMESPACE].phase is Phase.ACTIVE
    picture.remove(NAMESPACES, seen(revision=12))
    assert picture.take(NOW).healths[NAMESPACE].phase is Phase.PARTIAL
    assert picture.names() == {NAMESPACE}
    picture.remove(APPLICATIONS, read(APPLICATIONS, application(13)))
    assert picture.take(NOW).vanished == {NAMESPACE}


def test_mere_look_of_the_syncer_is_no_news() -> None:
    picture = Picture((NAMESPACES, APPLICATIONS))
    picture.replace(NAMESPACES, 10, (seen(),))
    picture.replace(APPLICATIONS, 10, (read(APPLICATIONS, application(9, sync=compared("Synced"))),))
    picture.take(NOW)
    looked = application(11, sync=compared("Synced"), reconciledAt="2031-01-01T00:00:00Z")
    picture.put(APPLICATIONS, read(APPLICATIONS, looked))
    assert not picture.take(NOW).healths


def test_syncer_that_is_not_installed_is_told_and_does_not_blind_the_rest() -> None:
    picture = Picture((NAMESPACES, APPLICATIONS))
    picture.replace(NAMESPACES, 10, (seen(),))
    picture.failed(APPLICATIONS, NotServed("listing applications.argoproj.io: 404"))
    assert picture.take(NOW).healths[NAMESPACE].sync is None
    assert picture.problems() == (f"listing applications.argoproj.io: 404 {APPLICATIONS.without}",)


def test_cluster_that_serves_no_volumes_has_none() -> None:
    picture = Picture((NAMESPACES, VOLUMES))
    picture.replace(NAMESPACES, 10, (seen(),))
    picture.failed(VOLUMES, NotServed("listing persistentvolumes: 404"))
    assert picture.take(NOW).healths.keys() == {NAMESPACE}
    assert picture.problems() == ()


def test_volumes_that_may_not_be_listed_are_not_vouched_for() -> None:
    picture = Picture((NAMESPACES, VOLUMES))
    picture.replace(NAMESPACES, 10, (seen(),))
    picture.failed(VOLUMES, Stalled("listing persistentvolumes: denied."))
    assert picture.take(NOW).healths.keys() == {NAMESPACE}
    assert picture.problems() == (
        "listing persistentvolumes: denied. Until they can be seen, no environment is confirmed gone.",
    )


def test_volume_outlives_its_namespace() -> None:
    picture = Picture((NAMESPACES, VOLUMES))
    picture.replace(NAMESPACES, 10, ())
    picture.replace(VOLUMES, 10, (volume("pvc-1", NAMESPACE),))
    assert picture.take(NOW).healths[NAMESPACE].phase is Phase.PARTIAL
    assert picture.names() == {NAMESPACE}


def event(number: int, about: str = "web-a", namespace: str = NAMESPACE) -> Seen:
    """A warning about a pod whose readiness probe fails."""
    seen: Seen = read(
        EVENTS,
        {
            "metadata": {"name": f"{about}.{number}", "namespace": namespace, "resourceVersion": str(number)},
            "involvedObject": {"kind": "Pod", "namespace": namespace, "name": about},
            "reason": "FailedMount",
            "message": f"MountVolume.SetUp failed for volume {number}",
        },
    )
    return seen


def test_only_the_newest_events_about_each_object_are_kept() -> None:
    events = Newest(2)
    events.replace(10, [event(1), event(3), event(2), event(4, "web-b")])
    assert sorted(seen.revision for seen in events.of(NAMESPACE)) == [2, 3, 4]
    for number in (11, 13, 12):
        events.put(event(number))
    assert sorted(seen.revision for seen in events.of(NAMESPACE)) == [4, 12, 13]


def test_events_bring_no_environment_into_being() -> None:
    picture = Picture((NAMESPACES, EVENTS))
    picture.replace(NAMESPACES, 10, ())
    picture.replace(EVENTS, 10, (event(9),))
    assert picture.names() == frozenset()
    assert not picture.take(NOW).healths
    assert isinstance(
        read(EVENTS, {"metadata": {"name": "a", "namespace": "kube-system", "resourceVersion": "7"}}), Foreign
    )
