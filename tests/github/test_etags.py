"""What the cache keeps."""

from app.github.etags import EtagCache
from app.github.exchange import Answer


def _answer(text: str) -> Answer:
    return Answer(200, {"etag": '"x"'}, text)


def test_cache_forgets_what_was_not_used_for_longest() -> None:
    cache = EtagCache(max_characters=80)
    for number in range(8):
        cache.put(("app", str(number)), _answer("x" * 10))
    cache.get(("app", "0"))
    cache.put(("app", "8"), _answer("x" * 10))
    assert cache.get(("app", "0"))
    assert cache.get(("app", "1")) is None


def test_cache_keeps_no_answer_that_would_crowd_out_the_others() -> None:
    cache = EtagCache(max_characters=80)
    cache.put(("app", "/"), _answer("x" * 11))
    assert cache.get(("app", "/")) is None


def test_cache_keeps_no_answer_without_etag() -> None:
    cache = EtagCache()
    cache.put(("app", "/"), Answer(200, {}, "x"))
    assert cache.get(("app", "/")) is None


def test_cache_tells_askers_apart() -> None:
    cache = EtagCache()
    cache.put(("installation 1", "/"), _answer("x"))
    assert cache.get(("installation 2", "/")) is None
