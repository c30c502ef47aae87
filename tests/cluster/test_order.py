"""Events in any order, repeated and stale, end where the cluster stands."""

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from app.cluster.picture import Picture
from app.cluster.pods import read_pod
from app.cluster.resources import DEPLOYMENTS, NAMESPACES, PODS, Resource
from app.cluster.seen import Seen
from app.cluster.workloads import read_deployment
from app.domain.health import Health
from tests.cluster.raw import (
    NAMESPACE,
    OLDER_SHA,
    SHA,
    Json,
    container,
    pod,
    ready_deployment,
    waiting,
    workload,
)
from tests.cluster.reading import seen_namespace

Step = tuple[str, int]
Event = tuple[Resource, Seen, bool]
"""Resource, object, whether it is there from then on."""

CRASHING = [container(waiting=waiting("CrashLoopBackOff"), restarts=2, last={"exitCode": 1})]
FORMS = 4


def event_of(step: Step, revision: int) -> Event:
    """What the cluster tells when an object takes one of its four forms; the last one is its deletion."""
    which, form = step
    is_there = form < FORMS - 1
    if which == "namespace":
        return NAMESPACES, seen_namespace(revision=revision, deleting=form == 1), is_there
    if which == "web":
        raw: Json = (
            ready_deployment(revision=revision)
            if form == 0
            else workload("web", revision, sha=(SHA, OLDER_SHA)[form % 2])
        )
        return DEPLOYMENTS, read_deployment(raw), is_there
    statuses = CRASHING if form == 1 else []
    return PODS, read_pod(pod(which, revision, sha=(SHA, OLDER_SHA)[form // 2], containerStatuses=statuses)), is_there


def listed(steps: Sequence[Step], resource: Resource) -> tuple[Seen, ...]:
    """What a list shows after these steps."""
    there: dict[str, Seen] = {}
    for number, step in enumerate(steps, start=1):
        of, seen, is_there = event_of(step, number)
        if of is resource and is_there:
            there[seen.key] = seen
        elif of is resource:
            there.pop(seen.key, None)
    return tuple(there.values())


def tell(picture: Picture, event: Event) -> None:
    resource, seen, is_there = event
    if is_there:
        picture.put(resource, seen)
    else:
        picture.remove(resource, seen)


def list_all(picture: Picture, steps: Sequence[Step]) -> None:
    for resource in (NAMESPACES, PODS, DEPLOYMENTS):
        picture.replace(resource, len(steps), listed(steps, resource))


def health_after(steps: Sequence[Step]) -> Health | None:
    picture = Picture((NAMESPACES, PODS, DEPLOYMENTS))
    list_all(picture, steps)
    return picture.take(timedelta(0)).healths.get(NAMESPACE)


STEP = st.tuples(st.sampled_from(["namespace", "web", "web", "web-a"]), st.integers(0, FORMS - 1))


@settings(max_examples=300, deadline=None)
@given(st.lists(STEP, max_size=12), st.data())
def test_any_order_and_repetition_of_events_ends_where_the_last_list_and_all_events_after_it_say(
    drawn: list[Step], data: st.DataObject
) -> None:
    steps = [("namespace", 0), *drawn]
    events = [event_of(step, number) for number, step in enumerate(steps, start=1)]
    at = data.draw(st.integers(0, len(steps)), label="revision of the last list")
    picture = Picture((NAMESPACES, PODS, DEPLOYMENTS))
    list_all(picture, [])
    told: dict[str, Health | None] = {}

    def take() -> None:
        news = picture.take(timedelta(0))
        told.update(news.healths)
        told.update(dict.fromkeys(news.vanished))

    for event in data.draw(st.lists(st.sampled_from(events)), label="before the list"):
        tell(picture, event)
        take()
    list_all(picture, steps[:at])
    late = data.draw(st.lists(st.sampled_from(events), max_size=5), label="repeated or stale")
    for event in data.draw(st.permutations(events[at:] + late), label="after the list"):
        tell(picture, event)
        take()
    take()
    assert told.get(NAMESPACE) == health_after(steps)
