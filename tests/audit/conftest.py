"""Books for each test."""

import subprocess
from pathlib import Path

import pytest

from app.stages.verify import Verifier
from app.store.engine import Store
from gitops.remote import Remote
from gitops.repository import Repository
from tests.audit.books import Books
from tests.audit.people import People


@pytest.fixture
def people(tmp_path: Path) -> People:
    """Give an environments repository that people commit to."""
    remote = tmp_path / "environments.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(remote)], check=True)
    return People(remote)


@pytest.fixture
def books(emptied_store: Store, people: People, tmp_path: Path) -> Books:
    """Give rows and a repository that are the test's own."""
    return Books(emptied_store, Repository(Remote(people.remote.as_uri()), tmp_path / "cache"))


@pytest.fixture
def verifier(books: Books) -> Verifier:
    """Give what proves them."""
    return Verifier(books.store, books.repository, {})
