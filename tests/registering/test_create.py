"""The App is registered on the simulated GitHub, from the page on loopback to the env file."""

import os
import re
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from dotenv import dotenv_values

from app.demo.github.launch import RunningGitHub
from app.errors import Stalled
from app.github.connect import Account, connect
from app.registering.conversion import Registered, convert
from app.registering.create import NAMES, Order, create
from app.registering.manifest import Wanted
from app.registering.page import Page
from app.settings import Settings
from tests.registering.browser import form_at, register

ELSEWHERE = "https://git.acme.com/acme/environments.git"


def wanted(name: str) -> Wanted:
    """An App of the test's own: names are unique on all of GitHub."""
    return Wanted(name, "https://ephemera.acme.com/", "acme")


@pytest.fixture
def env_file(tmp_path: Path, running_github: RunningGitHub, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an env file that names the simulated GitHub, and nothing of an App."""
    for name in (*NAMES, "EPHEMERA_GITHUB_API_URL", "EPHEMERA_GITHUB_WEB_URL"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / ".env"
    file.write_text(
        f"# Ours\nEPHEMERA_GITHUB_API_URL={running_github.github.url}\nEPHEMERA_GITHUB_APP_ID=\n\nOTHER='kept'\n"
    )
    return file


def made(order: Order, act: Callable[[str], object] = register) -> Registered:
    """The App, registered by a person who acts on the page at once."""
    return create(order, lambda page: act(page.url), wait_seconds=5)


def test_app_that_is_registered_can_do_everything_that_is_needed(env_file: Path, running_github: RunningGitHub) -> None:
    env_file.write_text(f"{env_file.read_text()}EPHEMERA_COMMIT_STATUS=ephemera/environment\n")
    registered = made(Order(wanted("Can do everything"), env_file))
    values = dotenv_values(env_file)
    app_id, key, secret = (values[name] for name in NAMES)
    assert (app_id, registered.private_key, registered.webhook_secret) == (str(registered.id), key, secret)
    assert registered.install_url == f"{running_github.github.url}/apps/can-do-everything/installations/new"
    assert app_id is not None
    assert key is not None
    github = connect(Account(running_github.github.url, app_id, key), lambda: datetime.now(UTC))
    app, permissions, events, *_ = github.checkup.findings(f"{running_github.github.url}/acme/environments.git")
    assert [found.is_ok for found in (app, permissions, events)] == [True] * 3


def test_settings_can_be_loaded_from_the_file(env_file: Path) -> None:
    registered = made(Order(wanted("Loaded"), env_file))
    others = "EPHEMERA_DATABASE_URL=postgresql://h/e\nEPHEMERA_REDIS_URL=redis://h\n"
    others += f"EPHEMERA_ENVIRONMENTS_REPOSITORY={ELSEWHERE}\nEPHEMERA_PREVIEW_DOMAIN=preview.acme.com\n"
    env_file.write_text(env_file.read_text() + others)
    settings = Settings(_env_file=env_file)
    assert settings.github_private_key.get_secret_value() == registered.private_key.strip() + "\n"
    assert [one.get_secret_value() for one in settings.github_webhook_secrets] == [registered.webhook_secret]


def test_file_keeps_its_other_lines_and_only_its_owner_may_read_it(env_file: Path) -> None:
    env_file.chmod(0o644)
    made(Order(wanted("Keeps lines"), env_file))
    lines = env_file.read_text().splitlines()
    assert lines[0] == "# Ours"
    assert lines[2].startswith('EPHEMERA_GITHUB_APP_ID="')
    assert lines[3:5] == ["", "OTHER='kept'"]
    assert len(lines) == 7
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600
    assert sorted(file.name for file in env_file.parent.iterdir()) == [".env"]


def test_file_that_is_not_there_is_made(tmp_path: Path, env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPHEMERA_GITHUB_API_URL", str(dotenv_values(env_file)["EPHEMERA_GITHUB_API_URL"]))
    file = tmp_path / "new.env"
    made(Order(wanted("Made anew"), file))
    assert sorted(dotenv_values(file)) == sorted(NAMES)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", NAMES)
def test_another_app_in_the_file_is_not_replaced_unless_forced(env_file: Path, name: str) -> None:
    old = f'export {name}="-----BEGIN\nold\n-----END"\nLAST=1\n'
    env_file.write_text(env_file.read_text().replace("EPHEMERA_GITHUB_APP_ID=\n", "") + old)
    before = env_file.read_text()
    with pytest.raises(Stalled, match=f"sets {name} already"):
        made(Order(wanted("Refused"), env_file), act=_never)
    assert env_file.read_text() == before
    registered = made(Order(wanted(f"Forced {name[9:28]}"), env_file, is_forced=True))
    values = dotenv_values(env_file)
    assert [values[each] for each in NAMES] == [
        str(registered.id),
        registered.private_key,
        registered.webhook_secret,
    ]
    assert (values["LAST"], values["OTHER"]) == ("1", "kept")
    assert "old" not in env_file.read_text()


def test_manifest_goes_to_the_organization_with_what_github_needs_to_know(env_file: Path) -> None:
    seen: list[Page] = []

    def look(page: Page) -> None:
        seen.append(page)
        form = form_at(page.url)
        assert urlsplit(form.action).path == "/organizations/acme/settings/apps/new"
        assert parse_qs(urlsplit(form.action).query) == {"state": [page.state]}
        assert '"url": "https://ephemera.acme.com/webhooks/github"' in form.fields["manifest"]
        assert '"public": false' in form.fields["manifest"]
        register(page.url)

    create(Order(wanted("An organization's"), env_file), look, wait_seconds=5)
    assert len(seen) == 1


@pytest.mark.parametrize(("context", "asks"), [("", False), ("ephemera/environment", True)])
def test_permission_for_commit_statuses_is_asked_for_where_they_are_set(
    env_file: Path, context: str, asks: bool
) -> None:
    env_file.write_text(f"{env_file.read_text()}EPHEMERA_COMMIT_STATUS={context}\n")
    seen: list[str] = []
    with pytest.raises(Stalled):
        create(
            Order(wanted("Statuses"), env_file), lambda page: seen.append(form_at(page.url).fields["manifest"]), 0.01
        )
    assert ('"statuses": "write"' in seen[0]) is asks


@pytest.mark.parametrize(("review", "level"), [("", "read"), ("never", "read"), ("always", "write")])
def test_proposing_is_asked_for_where_changes_are_reviewed(env_file: Path, review: str, level: str) -> None:
    env_file.write_text(f"{env_file.read_text()}EPHEMERA_REVIEW={review}\n")
    seen: list[str] = []
    with pytest.raises(Stalled):
        create(Order(wanted("Review"), env_file), lambda page: seen.append(form_at(page.url).fields["manifest"]), 0.01)
    assert f'"pull_requests": "{level}"' in seen[0]
    assert ("pull_request_review" in seen[0]) is (level == "write")


def test_who_comes_back_with_another_state_is_sent_away(env_file: Path) -> None:
    answers: list[int] = []

    def attack(page: Page) -> None:
        for query in ("code=stolen&state=guessed", "code=stolen", f"state={page.state}", "code=stolen&state=%C3%A9"):
            answers.append(requests.get(f"{page.url}/created?{query}", timeout=5).status_code)
        register(page.url)

    registered = create(Order(wanted("Attacked"), env_file), attack, wait_seconds=5)
    assert answers == [400] * 4
    assert registered.slug == "attacked"


def test_page_is_for_this_machine_alone(env_file: Path) -> None:
    seen: list[requests.Response] = []

    def look(page: Page) -> None:
        seen.append(requests.get(page.url, headers={"Host": "evil.example"}, timeout=5))
        seen.append(requests.get(f"{page.url}/favicon.ico", timeout=5))
        seen.append(requests.get(page.url, timeout=5))
        register(page.url)

    create(Order(wanted("Local"), env_file), look, wait_seconds=5)
    assert [answer.status_code for answer in seen] == [421, 404, 200]
    assert "state=" not in seen[0].text
    assert seen[2].headers["Content-Security-Policy"].startswith("default-src 'none'; form-action http")


def test_name_and_address_are_escaped_in_the_page(env_file: Path) -> None:
    hostile = Wanted('"><img src=x>', 'https://x/"><script>', 'a"><b>')
    seen: list[str] = []

    def look(page: Page) -> None:
        seen.append(requests.get(page.url, timeout=5).text)

    with pytest.raises(Stalled):
        create(Order(hostile, env_file), look, wait_seconds=0.01)
    assert not re.search(r"<(img|script|b)\b", seen[0])


def test_nobody_comes_back(env_file: Path) -> None:
    with pytest.raises(Stalled, match="nobody did"):
        create(Order(wanted("Nobody"), env_file), lambda _page: None, wait_seconds=0.01)


def test_code_is_good_for_one_answer_and_never_shown(running_github: RunningGitHub) -> None:
    url = running_github.github.url
    with pytest.raises(Stalled, match="GitHub answered 404") as refused:
        convert(url, "a-code/..", url)
    assert "a-code" not in str(refused.value)
    with pytest.raises(Stalled, match="ConnectionError") as unreachable:
        convert("http://127.0.0.1:1", "a-code", url)
    assert "a-code" not in str(unreachable.value)
    assert unreachable.value.__cause__ is None


def test_port_that_is_taken_is_said_before_anything_happens(env_file: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(Stalled, match="Name another --port"):
            made(Order(wanted("Taken"), env_file, port=taken.getsockname()[1]), act=_never)


def test_folder_that_cannot_be_written_is_said_before_anything_happens(env_file: Path) -> None:
    with pytest.raises(Stalled, match="writing"):
        made(Order(wanted("Unwritable"), env_file.parent / "missing" / ".env"), act=_never)


def test_wrong_address_of_github_is_said_in_words(env_file: Path) -> None:
    env_file.write_text("EPHEMERA_GITHUB_API_URL=ftp://x\n")
    with pytest.raises(Stalled, match="EPHEMERA_GITHUB_API_URL"):
        made(Order(wanted("Wrong"), env_file), act=_never)


def test_command_opens_the_page_says_what_comes_next_and_shows_no_secret(env_file: Path) -> None:
    browser = f"{sys.executable} -m tests.registering.browser %s"
    environment = {"PATH": os.environ["PATH"], "BROWSER": browser, "PYTHONPATH": str(Path.cwd())}
    command = [sys.executable, "-c", "from app.cli import main; main()", "github-app", "create"]
    options = ["--url=https://ephemera.acme.com", "--name=From a shell", f"--env-file={env_file}"]
    ended = subprocess.run(
        [*command, *options], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    assert "/apps/from-a-shell/installations/new" in ended.stdout
    _, key, secret = (str(dotenv_values(env_file)[name]) for name in NAMES)
    assert secret not in ended.stdout + ended.stderr
    assert key.splitlines()[1] not in ended.stdout + ended.stderr
    again = subprocess.run(
        [*command, *options], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert again.returncode == 1
    assert "EPHEMERA_GITHUB_APP_ID" in again.stderr


def test_what_is_registered_does_not_show_its_secrets() -> None:
    shown = repr(Registered(7, "ephemera", "https://github.com/apps/ephemera", "-----BEGIN", "a secret"))
    assert "BEGIN" not in shown
    assert "secret" not in shown


def _never(url: str) -> None:
    raise AssertionError(f"nobody should have been sent to {url}")
