"""`make demo` and `make run`, as a person starts them: from outside, until Ctrl-C, with nothing left behind."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import requests

from app.demo import product
from app.demo.narrator import Narrator, StepFailedError
from app.demo.outside import Outside
from app.demo.ports import free_port, wait_until

ROOT = Path(__file__).parents[2]
DEMO = (sys.executable, "-m", "app.demo")


def relatives(pid: int) -> list[psutil.Process]:
    """All that a process has started, however deep."""
    return list(psutil.Process(pid).children(recursive=True))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Give a copy of the project, so that nobody's own `.env` and data are touched."""
    copy = tmp_path / "project"
    for name in ("app", "gitops", "templates"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Procfile", copy)
    return copy


@pytest.mark.slow
def test_demo_tells_the_whole_story_and_ends_well() -> None:
    done = subprocess.run([*DEMO, "--once"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stdout
    for words in ("answered 202", "Delivery: ", "environment: ready", "environment: gone", "Every step was read back."):
        assert words in done.stdout
    assert "✗" not in done.stdout


@pytest.mark.slow
def test_demo_of_review_ends_with_the_proof() -> None:
    command = [*DEMO, "--once", "--audit"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout
    for words in ("waits for review", "Not on a Friday", "0 findings", "Every step was read back."):
        assert words in done.stdout


@pytest.mark.slow
def test_demo_of_many_ends_with_a_table() -> None:
    command = [*DEMO, "--once", "--pull-requests", "10"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout
    for row in ("webhook to commit", "commit to ready", "close to gone", "pushes", "GitHub calls"):
        assert row in done.stdout
    assert re.search(r"commits +30\b", done.stdout)


@pytest.mark.slow
def test_demo_stays_up_with_lines_that_work_until_ctrl_c_and_leaves_nothing(tmp_path: Path) -> None:
    output = tmp_path / "output"
    with output.open("wb") as log:
        demo = subprocess.Popen(DEMO, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        wait_until(lambda: "stays up until Ctrl-C" in output.read_text() or demo.poll() is not None, 120, "the demo")
        lines = [line.strip() for line in output.read_text().splitlines()]
        curls = [line for line in lines if line.startswith("curl ")]
        answers = [subprocess.run(curl + " -f", shell=True, capture_output=True, check=False) for curl in curls[:1]]
        wait_until(lambda: subprocess.run(curls[4] + " -f", shell=True, check=False).returncode == 0, 60, "row 2")
        answers += [subprocess.run(curl + " -f", shell=True, capture_output=True, check=False) for curl in curls[1:]]
        assert [answer.returncode for answer in answers] == [0] * len(curls)
        family = relatives(demo.pid)
        assert len(family) > 10
    finally:
        demo.send_signal(signal.SIGINT)
    assert demo.wait(60) == 0
    _, alive = psutil.wait_procs(family, timeout=20)
    assert alive == []


@pytest.mark.slow
def test_run_embeds_what_no_url_is_given_for(project: Path, tmp_path: Path) -> None:
    outside = Outside.start(tmp_path / "outside", durable=False)
    port = free_port()
    settings = {**outside.settings(), "PORT": str(port), "PYTHONPATH": str(project)}
    del settings["EPHEMERA_DATABASE_URL"], settings["EPHEMERA_REDIS_URL"]
    run = subprocess.Popen([*DEMO, "run"], cwd=project, env=settings, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        product.await_ready(f"http://127.0.0.1:{port}")
        assert requests.get(f"http://127.0.0.1:{port}/readyz", timeout=10).json()["status"] == "ok"
        family = relatives(run.pid)
    finally:
        run.send_signal(signal.SIGINT)
        run.wait(60)
        outside.stop()
    _, alive = psutil.wait_procs(family, timeout=20)
    assert alive == []
    assert (project / ".ephemera" / "postgres" / "data").is_dir()


def test_run_without_settings_says_what_is_missing(project: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(project), "PYTHONPATH": str(project)}
    done = subprocess.run([*DEMO, "run"], cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "EPHEMERA_GITHUB_APP_ID is not set" in done.stderr
    assert "EPHEMERA_DATABASE_URL" not in done.stderr
    assert "Traceback" not in done.stderr


def test_step_that_is_not_seen_fails_the_demo(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(StepFailedError, match="pigs fly"):
        Narrator().step("pigs fly", lambda: False, seconds=0.05)
    assert "✗ pigs fly" in capsys.readouterr().out
