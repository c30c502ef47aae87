"""`ephemera check`, as an operator runs it."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.demo.ports import free_port
from tests.scenarios.world import World

pytestmark = pytest.mark.slow


def test_check_finds_everything_in_order(world: World) -> None:
    checked = world.ephemera("check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    lines = checked.stdout.splitlines()
    assert lines
    assert [line for line in lines if not line.startswith("ok")] == []


@pytest.mark.parametrize(
    ("changed", "line", "advice"),
    [
        pytest.param({"EPHEMERA_GITHUB_PRIVATE_KEY": "{key}"}, "GitHub", "EPHEMERA_GITHUB_PRIVATE_KEY", id="key"),
        pytest.param({"EPHEMERA_GIT_PASSWORD": "wrong"}, "environments repository", "credentials", id="git password"),
        pytest.param({"EPHEMERA_CLUSTER_TOKEN": "wrong"}, "cluster", "credentials", id="cluster token"),
        pytest.param({"EPHEMERA_REDIS_URL": "redis://127.0.0.1:{port}/0"}, "Redis", "EPHEMERA_REDIS_URL", id="redis"),
        pytest.param(
            {"EPHEMERA_DATABASE_URL": "postgresql://nobody@127.0.0.1:{port}/none"}, "PostgreSQL", "", id="postgresql"
        ),
    ],
)
def test_check_says_what_is_wrong_and_what_to_do(
    world: World, tmp_path: Path, changed: dict[str, str], line: str, advice: str
) -> None:
    wrong = {name: value.format(key=_other_key(tmp_path), port=free_port()) for name, value in changed.items()}
    checked = world.ephemera("check", **wrong)
    assert checked.returncode == 1, checked.stdout + checked.stderr
    found = checked.stdout.splitlines()
    failed = [index for index, text in enumerate(found) if text.startswith("FAIL")]
    assert failed
    assert any(line in found[index] for index in failed)
    told = "\n".join(text for index in failed for text in found[index : index + 2])
    assert advice.lower() in told.lower()
    assert "Traceback" not in checked.stderr


def _other_key(directory: Path) -> Path:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, shape = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file = directory / "other.pem"
    file.write_bytes(key.private_bytes(encoding, shape, serialization.NoEncryption()))
    return file
