"""The bell: coalesced, one queue a worker, and never in anybody's way."""

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from app import jobs
from app.bell import QUEUES, RedisBell
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


def test_a_dead_bell_is_silent(redis_url: str) -> None:
    bell = RedisBell(Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.2))
    bell.ring(Ring.DECIDE)
