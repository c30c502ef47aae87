"""The bell: coalesced, one queue a worker, and never in anybody's way."""

import threading

import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from app import jobs
from app.bell import QUEUES, BackgroundBell, RedisBell
from app.demo.ports import wait_until
from app.ports import Ring


def waiting(redis: Redis, ring: Ring) -> list[str | None]:
    """The jobs that wait in a ring's queue."""
    return [job.func_name for job in Queue(QUEUES[ring], connection=redis, serializer=JSONSerializer).get_jobs()]


def test_a_thousand_rings_are_one_job(redis_url: str) -> None:
    redis = Redis.from_url(redis_url)
    bell = RedisBell(redis)
    for _ in range(1000):
        bell.ring(Ring.DECIDE)
    assert waiting(redis, Ring.DECIDE) == ["app.jobs.decide"]


def test_a_ring_after_the_job_began_is_another_job(redis_url: str) -> None:
    redis = Redis.from_url(redis_url)
    bell = RedisBell(redis)
    bell.ring(Ring.DECIDE)
    bell.answer(Ring.DECIDE)
    bell.ring(Ring.DECIDE, Ring.REPORT)
    assert waiting(redis, Ring.DECIDE) == ["app.jobs.decide", "app.jobs.decide"]
    assert waiting(redis, Ring.REPORT) == ["app.jobs.report"]


def test_every_ring_has_a_queue_and_a_job() -> None:
    assert {ring for ring in Ring if callable(getattr(jobs, ring.value))} == set(QUEUES)


@pytest.mark.slow
def test_a_dead_bell_is_silent(redis_url: str) -> None:
    bell = RedisBell(Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.2))
    bell.ring(Ring.DECIDE)


def test_ring_in_the_background_arrives_also_after_another_was_answered(redis_url: str) -> None:
    redis = Redis.from_url(redis_url)
    bell = RedisBell(redis)
    background = BackgroundBell(bell)
    background.ring(Ring.CLEAN_UP)
    wait_until(lambda: len(waiting(redis, Ring.CLEAN_UP)) == 1, 10, "the first job")
    bell.answer(Ring.CLEAN_UP)
    background.ring(Ring.CLEAN_UP)
    wait_until(lambda: len(waiting(redis, Ring.CLEAN_UP)) == 2, 10, "the second job")


def test_nobody_waits_for_a_bell_that_hangs() -> None:
    asked, freed = threading.Event(), threading.Event()

    class Hanging:
        def ring(self, *rings: Ring) -> None:
            asked.set()
            freed.wait(10)

    background = BackgroundBell(Hanging())
    background.ring(Ring.DECIDE)
    assert asked.wait(10)
    background.ring(Ring.DECIDE)
    freed.set()
