"""The bell: RQ jobs that carry nothing and are coalesced, so that a thousand webhooks wake a worker once."""

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from app.ports import Ring

QUEUES = {
    Ring.DECIDE: "high",
    Ring.PUBLISH: "high",
    Ring.REPORT: "default",
    Ring.CLEAN_UP: "low",
    Ring.RECONCILE: "low",
}
"""One queue for each worker process: a worker on several can lose a job when it is killed."""

_FLAG_SECONDS = 10
"""A flag outlives a job that was lost with its worker by at most this long."""
_JOB_SECONDS = 600
_FAILED_SECONDS = 24 * 60 * 60

_log = structlog.get_logger(__name__)


class RedisBell:
    """A bell in Redis or Valkey. Safe to share between threads."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._queues = {name: Queue(name, connection=redis, serializer=JSONSerializer) for name in set(QUEUES.values())}

    def ring(self, *rings: Ring) -> None:
        """Have each job run once from now on; a bell that is out of order is logged, and the sweep replaces it."""
        try:
            for ring in rings:
                if self._redis.set(_flag(ring), 1, nx=True, ex=_FLAG_SECONDS):
                    self._enqueue(ring)
        except RedisError as error:
            _log.warning("bell.silent", rings=[ring.value for ring in rings], error=str(error))

    def answer(self, ring: Ring) -> None:
        """The job has begun: clear its flag *before* reading what is due, so that no later ring is swallowed."""
        self._redis.delete(_flag(ring))

    def _enqueue(self, ring: Ring) -> None:
        self._queues[QUEUES[ring]].enqueue(
            f"app.jobs.{ring.value}", job_timeout=_JOB_SECONDS, result_ttl=0, failure_ttl=_FAILED_SECONDS
        )


def _flag(ring: Ring) -> str:
    return f"ephemera:bell:{ring.value}"
