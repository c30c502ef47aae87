"""Servers that answer by script, ended after each test."""

from collections.abc import Callable, Iterator

import pytest

from tests.cluster.scripted import Script, ScriptedServer

Serve = Callable[[Script], ScriptedServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Give a function that starts a server with a script."""
    servers: list[ScriptedServer] = []

    def start(script: Script) -> ScriptedServer:
        servers.append(ScriptedServer(script))
        return servers[-1]

    yield start
    for server in servers:
        server.end()
