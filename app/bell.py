"""The bell: RQ jobs that carry nothing and are coalesced, so that a thousand webhooks wake a worker once."""

import threading

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from app.ports import Bell, Ring

QUEUES = {
    Ring.DECIDE: "high",
    Ring.OBEY: "high",
    Ring.PUBLISH: "high",
    Ring.REVIEW: "high",
    Ring.REPORT: "default",
    Ring.CLEAN_UP: "low",
    Ring.PROPOSE: "low",
    Ring.RECONCILE: "low",
    Ring.FOLLOW: "low",
}
"""One queue for each worker process: a worker on several can lose a job when it is killed."""

_FLAG_SECONDS = 10
"""A flag outlives a job that was lost with its worker by at most this long."""
_JOB_SECONDS = 600
_FAILED_SECONDS = 24 * 60 * 60
_BREATH_SECONDS = 0.05

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


class BackgroundBell:
    """Rings another bell from a thread of its own: at once, then every 10 ms at most, once for all who asked meanwhile.

    Nobody waits for Redis, not even for one that hangs; asking Redis for each webhook was a quarter of the web's work.
    What was asked for when the process ends is lost, as every ring may be. Safe to share between threads. The thread
    starts with the first ring, so it is the bell of the process that rings, not of the one that forked it.
    """

    def __init__(self, bell: Bell) -> None:
        self._bell = bell
        self._asked: set[Ring] = set()
        self._changed = threading.Condition()
        self._breath = threading.Event()
        self._ringer: threading.Thread | None = None

    def ring(self, *rings: Ring) -> None:
        """Have the other bell ring soon."""
        with self._changed:
            self._asked.update(rings)
            if self._ringer is None:
                self._ringer = threading.Thread(target=self._ring_for_ever, name="bell", daemon=True)
                self._ringer.start()
            self._changed.notify()

    def _ring_for_ever(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._asked)
                rings, self._asked = self._asked, set()
            self._bell.ring(*sorted(rings))
            self._breath.wait(_BREATH_SECONDS)


def _flag(ring: Ring) -> str:
    return f"ephemera:bell:{ring.value}"
