"""When a stage that failed is tried again."""

from datetime import timedelta

FIRST = timedelta(seconds=2)
LAST = timedelta(seconds=300)
SHORTEST = timedelta(milliseconds=100)


def delay(failures: int, jitter: float) -> timedelta:
    """How long to wait after so many failures in a row: 2 s doubling to 300 s, times `jitter` in [0, 1).

    Full jitter keeps many environments that failed together from coming back together
    (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/). A tenth of a second at the least.
    """
    ceiling: timedelta = min(LAST, FIRST * 2 ** min(failures - 1, 10))
    return max(ceiling * jitter, SHORTEST)
