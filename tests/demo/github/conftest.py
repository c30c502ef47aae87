"""The simulated GitHub and its callers; whatever a test makes it answer has to be as GitHub describes it."""

from collections.abc import Iterator

import pytest

from app.demo.github.client import SimulatedGitHub
from app.demo.github.launch import RunningGitHub
from tests.contract.github.validator import answer_violations
from tests.demo.github.place import Place, make_place
from tests.fixtures.github import (
    Caller,
    _organizations,
    _receiving,
    app_key,
    as_app,
    as_installation,
    github,
    public_key_file,
    receiver,
    running_github,
    shop,
    watched,
)

__all__ = [
    "_organizations",
    "_receiving",
    "app_key",
    "as_app",
    "as_installation",
    "github",
    "public_key_file",
    "receiver",
    "running_github",
    "shop",
    "watched",
]


@pytest.fixture(autouse=True)
def _described(watched: SimulatedGitHub) -> Iterator[None]:
    watched.reset_ledger()
    yield
    assert answer_violations(watched.ledger()) == []


@pytest.fixture
def place(
    running_github: RunningGitHub, github: SimulatedGitHub, as_app: Caller, _organizations: Iterator[str]
) -> Iterator[Place]:
    """Give a Git-backed repository of this test's own."""
    made = make_place(github, as_app, next(_organizations), running_github.root)
    github.wait_deliveries()
    github.reset_ledger()
    yield made
    made.installation.session.close()
