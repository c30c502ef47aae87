"""Settings: every mistake at once, in words, and no secret in any of them."""

from datetime import timedelta
from pathlib import Path

import pytest

from app.domain.budget import USUAL
from app.domain.cluster import Cluster
from app.domain.expiry import Limits
from app.domain.report import Telling
from app.domain.review import ALWAYS, NEVER, Merger, Rule, Rules
from app.settings import Settings, SettingsError

PEM = "-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0\n-----END RSA PRIVATE KEY-----\n"

GOOD = {
    "EPHEMERA_DATABASE_URL": "postgresql://ada:lovelace@db/ephemera",
    "EPHEMERA_REDIS_URL": "redis://redis:6379/0",
    "EPHEMERA_GITHUB_APP_ID": "4711",
    "EPHEMERA_GITHUB_PRIVATE_KEY": PEM,
    "EPHEMERA_GITHUB_WEBHOOK_SECRETS": "old, new",
    "EPHEMERA_ENVIRONMENTS_REPOSITORY": "https://git.test/acme/environments.git",
    "EPHEMERA_PREVIEW_DOMAIN": "Preview.Test.",
}


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No `.env`, no settings but the test's own."""
    monkeypatch.chdir(tmp_path)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)


def test_seven_settings_are_enough() -> None:
    settings = Settings.load()
    assert settings.database_url.get_secret_value() == "postgresql+psycopg2://ada:lovelace@db/ephemera"
    assert [secret.get_secret_value() for secret in settings.github_webhook_secrets] == ["old", "new"]
    assert settings.github_private_key.get_secret_value() == PEM
    assert settings.policy.image == "ghcr.io/{owner}/{repository}:{head_sha}"
    assert settings.declared_clusters == (Cluster("default", "preview.test"),)
    assert (settings.github_api_url, settings.environments_branch, settings.syncer, settings.container_port) == (
        "https://api.github.com",
        "main",
        "argocd",
        8080,
    )


def test_address_of_argo_cd_is_the_cluster_s_and_ends_without_a_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPHEMERA_SYNCER_URL", "https://argocd.test/")
    (cluster,) = Settings.load().declared_clusters
    assert cluster.syncer_url == "https://argocd.test"
    monkeypatch.setenv("EPHEMERA_SYNCER_URL", "argocd.test")
    with pytest.raises(SettingsError, match=r"EPHEMERA_SYNCER_URL is 'argocd.test': make it a URL"):
        Settings.load()


def test_environments_live_as_long_as_the_operator_says(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.load().policy.limits == Limits(timedelta(hours=72), timedelta(days=14), timedelta(hours=24))
    for name, length in (("IDLE", "90m"), ("MAX", "2d"), ("FORK", "8h")):
        monkeypatch.setenv(f"EPHEMERA_TTL_{name}", length)
    assert Settings.load().policy.limits == Limits(timedelta(minutes=90), timedelta(days=2), timedelta(hours=8))
    monkeypatch.setenv("EPHEMERA_TTL_IDLE", "soon")
    with pytest.raises(SettingsError, match="EPHEMERA_TTL_IDLE is 'soon': give a number and a unit, such as 90m"):
        Settings.load()


def test_pull_requests_are_told_by_a_comment_and_no_status_unless_the_operator_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = Settings.load()
    assert (settings.telling, settings.github_budget) == (Telling(), USUAL)
    for name, value in (("COMMENT", "false"), ("COMMIT_STATUS", "ci/preview"), ("GITHUB_LIMITS", "none")):
        monkeypatch.setenv(f"EPHEMERA_{name}", value)
    settings = Settings.load()
    assert (settings.telling, settings.github_budget) == (Telling(comment=False, status_context="ci/preview"), None)


def test_private_key_may_be_a_path_or_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "app.pem").write_text(PEM)
    monkeypatch.setenv("EPHEMERA_GITHUB_PRIVATE_KEY", str(tmp_path / "app.pem"))
    assert Settings.load().github_private_key.get_secret_value() == PEM
    monkeypatch.setenv("EPHEMERA_GITHUB_PRIVATE_KEY", PEM.replace("\n", "\\n"))
    assert Settings.load().github_private_key.get_secret_value() == PEM


def test_nothing_is_reviewed_unless_the_operator_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = Settings.load()
    assert (settings.review_rules, settings.proposes, settings.merge_method) == (NEVER, False, "merge")
    monkeypatch.setenv("EPHEMERA_REVIEW", "always")
    assert Settings.load().review_rules == ALWAYS
    (tmp_path / "review.yaml").write_text(
        "{merge_method: rebase, rules: [{name: forks, forks: true, merge_by: ephemera}]}"
    )
    monkeypatch.setenv("EPHEMERA_REVIEW", str(tmp_path / "review.yaml"))
    settings = Settings.load()
    assert settings.proposes
    assert settings.review_rules == Rules((Rule("forks", merged_by=Merger.EPHEMERA, forks=True),))
    assert settings.merge_method == "rebase"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://git.test/acme/environments.git", "acme/environments"),
        ("https://git.test:8443/scm/acme/environments/", "acme/environments"),
        ("https://git.test/acme/a.b", "acme/a.b"),
        ("https://git.test/environments.git", None),
        ("https://git.test", None),
        ("https://git.test/acme/..", None),
        ("https://git.test/acme/a%2Fb", None),
    ],
)
def test_environments_repository_has_the_name_that_its_address_ends_with(
    monkeypatch: pytest.MonkeyPatch, url: str, name: str | None
) -> None:
    monkeypatch.setenv("EPHEMERA_ENVIRONMENTS_REPOSITORY", url)
    assert Settings.load().environments_name == name
    monkeypatch.setenv("EPHEMERA_REVIEW", "always")
    if name is None:
        with pytest.raises(SettingsError, match=r"EPHEMERA_REVIEW is 'always': .*end with /owner/name.git"):
            Settings.load()
    else:
        assert Settings.load().review_rules == ALWAYS


def test_commits_are_signed_where_there_is_a_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert Settings.load().commit_signing_key is None
    (tmp_path / "signing").write_text(PEM)
    monkeypatch.setenv("EPHEMERA_SIGNING_KEY", str(tmp_path / "signing"))
    assert Settings.load().commit_signing_key == PEM.encode()


def test_dot_env_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("EPHEMERA_CONTAINER_PORT=3000\nEPHEMERA_SYNCER=flux\nEPHEMERA_KUBECONFIG=\n")
    monkeypatch.setenv("EPHEMERA_SYNCER", "none")
    settings = Settings.load()
    assert (settings.container_port, settings.syncer, settings.kubeconfig) == (3000, "none", None)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("EPHEMERA_DATABASE_URL", "mysql://x", "begins with postgresql://"),
        ("EPHEMERA_REDIS_URL", "http://x", "begins with redis://"),
        ("EPHEMERA_GITHUB_API_URL", "api.github.com", "begins with https://"),
        ("EPHEMERA_GITHUB_PRIVATE_KEY", "/nowhere/app.pem", "path of a file that this user may read"),
        ("EPHEMERA_GITHUB_WEBHOOK_SECRETS", " , ", "at least one"),
        ("EPHEMERA_ENVIRONMENTS_REPOSITORY", "git@github.com:acme/environments", "begins with https://"),
        ("EPHEMERA_ENVIRONMENTS_REPOSITORY", "https://u:p@git.test/x", "take the credentials out"),
        ("EPHEMERA_PREVIEW_DOMAIN", "preview_domain", "labels of a-z"),
        ("EPHEMERA_PREVIEW_DOMAIN", f"{'a' * 60}.test", "preview domain"),
        ("EPHEMERA_SYNCER", "helm", "'argocd', 'flux' or 'none'"),
        ("EPHEMERA_IMAGE", "ghcr.io/{repo}:{head_sha}", "there is no {repo}"),
        ("EPHEMERA_IMAGE", "ghcr.io/{owner", "braces"),
        ("EPHEMERA_CONTAINER_PORT", "70000", "65535"),
        ("EPHEMERA_TEMPLATES", "/nowhere", "folder that holds template sets"),
        ("EPHEMERA_CLUSTER_NAME", "Prod EU", "DNS label"),
        ("EPHEMERA_REVIEW", "sometimes", "cannot be read"),
        ("EPHEMERA_SIGNING_KEY", "/nowhere/key", "path of a file that this user may read"),
    ],
)
def test_mistake_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as raised:
        Settings.load()
    [line] = str(raised.value).splitlines()[1:]
    assert name in line
    assert words in line


def test_every_mistake_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EPHEMERA_GITHUB_APP_ID")
    monkeypatch.setenv("EPHEMERA_REDIS_URL", "")
    monkeypatch.setenv("EPHEMERA_CONTAINER_PORT", "many")
    with pytest.raises(SettingsError) as raised:
        Settings.load()
    lines = str(raised.value).splitlines()[1:]
    assert [line.split()[0] for line in lines] == [
        "EPHEMERA_REDIS_URL",
        "EPHEMERA_GITHUB_APP_ID",
        "EPHEMERA_CONTAINER_PORT",
    ]


@pytest.mark.parametrize(
    "name", ["EPHEMERA_DATABASE_URL", "EPHEMERA_REDIS_URL", "EPHEMERA_GITHUB_PRIVATE_KEY", "EPHEMERA_SIGNING_KEY"]
)
def test_no_secret_is_shown_in_a_mistake_or_a_repr(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert "lovelace" not in repr(Settings.load())
    assert "c2VjcmV0" not in repr(Settings.load())
    monkeypatch.setenv(name, "hunter2hunter2")
    with pytest.raises(SettingsError) as raised:
        Settings.load()
    assert "hunter2" not in str(raised.value)


def test_credentials_in_a_url_are_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPHEMERA_ENVIRONMENTS_REPOSITORY", "https://ada:hunter2@git.test/x")
    with pytest.raises(SettingsError) as raised:
        Settings.load()
    assert "hunter2" not in str(raised.value)
