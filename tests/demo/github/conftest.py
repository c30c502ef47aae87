"""The simulated GitHub and its callers; whatever a test makes it answer has to be as GitHub describes it."""

from collections.abc import Iterator

import pytest

from app.demo.github.client import SimulatedGitHub
from tests.contract.github.validator import answer_violations
from tests.fixtures.github import (
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
