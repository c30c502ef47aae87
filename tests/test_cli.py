"""The command line: what an operator types, and what he reads when it goes wrong."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from app.demo.processes import read_procfile
from tests.command import ephemera
from tests.domain.builders import spec

BIN = Path(sys.executable).parent
PEM = "-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0\n-----END RSA PRIVATE KEY-----"


def settings_with(database_url: str) -> dict[str, str]:
    """Settings that are usable, and name nothing else that exists."""
    return {
        "EPHEMERA_DATABASE_URL": database_url,
        "EPHEMERA_REDIS_URL": "redis://127.0.0.1:1/0",
        "EPHEMERA_GITHUB_APP_ID": "1",
        "EPHEMERA_GITHUB_PRIVATE_KEY": PEM,
        "EPHEMERA_GITHUB_WEBHOOK_SECRETS": "s",
        "EPHEMERA_ENVIRONMENTS_REPOSITORY": "http://127.0.0.1:1/acme/environments",
        "EPHEMERA_PREVIEW_DOMAIN": "preview.test",
    }


def test_render_prints_the_manifests_of_a_spec(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(yaml.safe_dump(spec().to_mapping()))
    done = ephemera("render", "--spec", str(path))
    assert done.returncode == 0, done.stderr
    kinds = [document["kind"] for document in yaml.safe_load_all(done.stdout)]
    assert {"Namespace", "ResourceQuota", "NetworkPolicy", "Deployment", "Service", "Ingress"} <= set(kinds)


def test_render_with_an_operators_templates_shows_his_change(tmp_path: Path) -> None:
    path = tmp_path / "spec.json"
    path.write_text(yaml.safe_dump({**spec().to_mapping(), "sets": ["mine"]}))
    (tmp_path / "templates" / "mine").mkdir(parents=True)
    (tmp_path / "templates" / "mine" / "odd.yaml.j2").write_text("kind: Secret\n")
    done = ephemera("render", "--spec", str(path), "--templates", str(tmp_path / "templates"))
    assert done.returncode == 1
    assert "odd.yaml" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("document", ["- 1", "cluster: [", "{cluster: default, color: red}"])
def test_render_says_what_is_wrong_with_a_spec(tmp_path: Path, document: str) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(document)
    done = ephemera("render", "--spec", str(path))
    assert done.returncode == 1
    assert done.stderr.startswith("ephemera: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command", [["check"], ["watch"], ["clock"], ["migrate"], ["token", "create", "--scope=read", "--name=x"]]
)
def test_missing_settings_are_told_before_anything_starts(command: list[str]) -> None:
    done = ephemera(*command)
    assert done.returncode == 1
    assert "EPHEMERA_DATABASE_URL is not set" in done.stderr
    assert "EPHEMERA_PREVIEW_DOMAIN is not set" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["web", "high", "clock"])
def test_process_of_the_procfile_ends_with_the_mistakes_in_words(name: str) -> None:
    root = Path(__file__).parents[1]
    command = read_procfile((root / "Procfile").read_text())[name]
    environment = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": "/nonexistent"}
    done = subprocess.run(
        ["/bin/sh", "-c", command], env=environment, cwd=root, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert "EPHEMERA_PREVIEW_DOMAIN is not set" in done.stderr
    assert "Traceback" not in done.stderr


def test_token_is_printed_once_and_its_name_is_taken(database_url: str) -> None:
    settings = settings_with(database_url)
    done = ephemera("token", "create", "--scope", "act", "--name", "ops", **settings)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("eph_")
    again = ephemera("token", "create", "--scope", "read", "--name", "ops", **settings)
    assert again.returncode == 1
    assert "choose another name" in again.stderr


def test_check_says_of_each_thing_what_to_do(database_url: str) -> None:
    done = ephemera("check", **settings_with(database_url))
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert any(line.startswith("ok") and "PostgreSQL" in line for line in lines)
    for what in ("Redis", "GitHub App", "environments repository", "cluster"):
        assert any(line.startswith("FAIL") and what in line for line in lines), what
    assert "Traceback" not in done.stderr


def test_migrate_brings_an_empty_database_to_the_present_level(database_url: str) -> None:
    done = ephemera("migrate", **settings_with(database_url))
    assert done.returncode == 0, done.stderr
