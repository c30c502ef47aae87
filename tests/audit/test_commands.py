"""`ephemera audit`, as it is typed."""

import csv
import io
import json
from pathlib import Path

import pytest

from app.demo.git_host import GitHost
from app.store.engine import Store
from gitops.remote import Credentials, Remote
from gitops.repository import Repository
from tests.audit.books import Books
from tests.command import ephemera
from tests.test_cli import settings_with

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(database_url: str, git_server: GitHost, environments_repository: str, tmp_path: Path) -> dict[str, str]:
    """Give the settings of an Ephemera whose repository is there."""
    return settings_with(database_url) | {
        "EPHEMERA_ENVIRONMENTS_REPOSITORY": environments_repository,
        "EPHEMERA_GIT_USERNAME": git_server.username,
        "EPHEMERA_GIT_PASSWORD": git_server.password,
        "EPHEMERA_CLUSTER_URL": "https://127.0.0.1:1",
        "EPHEMERA_CLUSTER_TOKEN": "t",
        "EPHEMERA_SYNCER": "none",
        "EPHEMERA_CACHE_DIRECTORY": str(tmp_path / "cache"),
    }


@pytest.fixture
def books(emptied_store: Store, git_server: GitHost, environments_repository: str, tmp_path: Path) -> Books:
    """Give what is published there, and recorded."""
    credentials = Credentials(git_server.username, git_server.password)
    remote = Remote(environments_repository, credentials=lambda: credentials)
    return Books(emptied_store, Repository(remote, tmp_path / "other"))


def test_verify_says_by_its_status_whether_all_is_proven(books: Books, settings: dict[str, str]) -> None:
    commit = books.publish()
    done = ephemera("audit", "verify", **settings)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "2 commits, 1 proven, 0 findings" in done.stdout.splitlines()[-1]
    books.execute("UPDATE publications SET by = 'eve'")
    done = ephemera("audit", "verify", "--since", f"{commit}", "--json", **settings)
    assert (done.returncode, json.loads(done.stdout)["commits"]) == (0, 0)
    done = ephemera("audit", "verify", "--json", **settings)
    assert done.returncode == 1
    (finding,) = json.loads(done.stdout)["findings"]
    assert finding["commit"] == commit
    assert "eve" in finding["what"]


def test_what_could_not_be_looked_at_is_another_status(books: Books, settings: dict[str, str]) -> None:
    books.publish()
    for other in (
        {"EPHEMERA_GIT_PASSWORD": "wrong"},
        {"EPHEMERA_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"},
    ):
        done = ephemera("audit", "verify", **settings | other)
        assert done.returncode == 2, done.stdout
        assert done.stderr.startswith("ephemera: ")
        assert "Traceback" not in done.stderr
    assert ephemera("audit", "verify", "--since", "main", **settings).returncode == 2


def test_export_writes_every_change(books: Books, settings: dict[str, str]) -> None:
    made = [books.publish(), books.publish(8)]
    done = ephemera("audit", "export", **settings)
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["commit"] for line in done.stdout.splitlines()] == made
    done = ephemera("audit", "export", "--format", "csv", "--from", "2020-01-01", "--to", "2999-12-31", **settings)
    assert [row["commit"] for row in csv.DictReader(io.StringIO(done.stdout))] == made
    assert ephemera("audit", "export", "--to", "2020-01-01", **settings).stdout == ""
    assert ephemera("audit", "export", "--to", "yesterday", **settings).returncode == 2
