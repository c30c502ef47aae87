"""The embedded Valkey: it answers, forgets and comes back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.demo.ports import listens
from app.demo.valkey import Valkey, ValkeyFailed


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Valkey]:
    """Give a server of the test's own, to be stopped and killed."""
    server = Valkey.start(tmp_path / "a folder")
    yield server
    server.stop()


def test_what_is_written_is_read_until_it_is_flushed(server: Valkey) -> None:
    with redis.Redis.from_url(server.url(3), decode_responses=True) as client:
        client.set("bell", "rung")
        assert client.get("bell") == "rung"
        server.flush()
        assert client.get("bell") is None


def test_password_is_asked_for(server: Valkey) -> None:
    with (
        redis.Redis(host="127.0.0.1", port=server.port, retry=Retry(NoBackoff(), 0)) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


def test_killed_server_comes_back_empty_at_the_same_address(server: Valkey) -> None:
    with redis.Redis.from_url(server.url()) as client:
        client.set("bell", "rung")
    server.kill()
    assert not listens(server.port)
    server.restart()
    with redis.Redis.from_url(server.url()) as client:
        assert client.get("bell") is None


def test_failed_start_repeats_valkeys_own_words(valkey_server: Valkey, tmp_path: Path) -> None:
    with pytest.raises(ValkeyFailed, match="Address already in use"):
        Valkey.start(tmp_path, port=valkey_server.port)
