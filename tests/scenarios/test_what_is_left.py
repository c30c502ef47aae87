"""What the scenarios before have left behind: requests that GitHub would accept, and secrets nowhere."""

import base64
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress

import psutil
import pytest

from app.demo.git_faults import Fault
from tests.contract.github.validator import violations
from tests.scenarios import remote
from tests.scenarios.shop import Shop
from tests.scenarios.world import World

pytestmark = pytest.mark.slow

# https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/ and RFC 7519.
_TOKENS = re.compile(r"gh[sup]_[A-Za-z0-9]{16,}|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.")


@pytest.fixture(autouse=True)
def _something_has_happened(world: World, shop: Shop) -> None:
    """Also when one of these tests runs alone."""
    if not world.query("SELECT 1 FROM environments WHERE status = 'ready'"):
        shop.open_until_ready()


def test_every_request_follows_githubs_own_description(world: World) -> None:
    entries = {(entry.method, entry.target, entry.body): entry for entry in world.github.ledger()}
    assert violations(entries.values()) == []


def test_no_secret_is_in_a_log(world: World) -> None:
    logs = {file.name: file.read_text(errors="replace") for file in world.logs.glob("*.log")}
    assert {"web.log", "high.log", "default.log", "low.log", "watcher.log", "clock.log"} <= logs.keys()
    assert list(_leaks(world, logs)) == []


def test_no_secret_is_in_the_database(world: World) -> None:
    tables = [row[0] for row in world.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    # As text, bytea is hexadecimal: the bodies of the deliveries are looked at beside it.
    held = {table: "\n".join(row[0] for row in world.query(f"SELECT t::text FROM {table} t")) for table in tables}
    bodies = world.query("SELECT encode(body, 'escape') FROM deliveries")
    held["bodies"] = "\n".join(row[0] for row in bodies)
    assert held["environments"]
    assert held["bodies"]
    assert list(_leaks(world, held)) == []


def test_no_secret_is_in_a_commit(world: World) -> None:
    everything = remote.git(world, "log", "--format=raw", "--patch", "main")
    assert "Head-SHA" in everything
    assert list(_leaks(world, {"git log": everything})) == []


def test_no_secret_is_on_github(world: World) -> None:
    written = "\n".join(entry.body or "" for entry in world.github.ledger())
    assert list(_leaks(world, {"requests": written})) == []


def test_no_secret_is_an_argument_of_a_process(world: World, shop: Shop) -> None:
    world.outside.git.fail(Fault("hold_before"))
    pull = shop.open()
    world.await_true(lambda: world.outside.git.state().held, "a push that is under way")
    arguments = dict(_arguments(world))
    assert any("git" in line and "push" in line for line in arguments.values()), arguments
    assert list(_leaks(world, arguments)) == []
    world.outside.git.heal()
    shop.await_status(pull, "ready")


def _leaks(world: World, places: Mapping[str, str]) -> Iterator[str]:
    """Which secret is where, a line each; the secrets themselves are not shown."""
    secrets = _secrets(world)
    for place, text in places.items():
        yield from (f"{name} in {place}" for name, secret in secrets.items() if secret in text)
        yield from (f"a token in {place}: {token[:8]}..." for token in _TOKENS.findall(text))


def _secrets(world: World) -> Mapping[str, str]:
    outside = world.outside
    basic = f"{outside.git.username}:{outside.git.password}"
    return {
        "the webhook secret": outside.webhook_secret,
        "the private key": (outside.directory / "app.pem").read_text().splitlines()[5],
        "the Git password": outside.git.password,
        "the Git password, encoded": base64.b64encode(basic.encode()).decode().rstrip("="),
        "the cluster's token": outside.settings()["EPHEMERA_CLUSTER_TOKEN"],
        "PostgreSQL's password": outside.postgres.password,
        "Valkey's password": outside.valkey.password,
    }


def _arguments(world: World) -> Iterator[tuple[str, str]]:
    """Process and command line of everything that the product runs right now."""
    for name in world.processes.commands:
        process = psutil.Process(world.processes.pid(name))
        for each in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                yield f"{name}/{each.pid}", " ".join(each.cmdline())
