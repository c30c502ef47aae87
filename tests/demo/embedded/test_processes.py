"""A Procfile's processes: started, killed, started again, ended without a trace."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from app.demo.ports import wait_until
from app.demo.processes import BadProcfile, Processes, read_procfile

ROOT = Path(__file__).parents[3]
ENVIRONMENT = {"PATH": os.environ["PATH"], "PORT": "8123"}
# A process with a child in a process group of its own, as a worker that forks for each job.
FORKING = f"""{sys.executable} -c "
import os, time
if os.fork() == 0:
    os.setpgrp()
print(os.getpid(), flush=True)
time.sleep(1000)
" """


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    """Give processes that are not started yet."""
    commands = {"sleeper": "sleep 1000", "teller": "echo listening on $PORT", "forking": FORKING}
    with_logs = Processes(commands, ENVIRONMENT, logs=tmp_path / "logs")
    yield with_logs
    with_logs.stop()


def log_of(processes: Processes, name: str, lines: int) -> list[str]:
    """Wait for so many lines of output and return them."""
    wait_until(lambda: processes.log(name).count("\n") >= lines, 10, f"{lines} lines from {name}")
    return processes.log(name).splitlines()


def is_alive(pid: int) -> bool:
    """Tell whether the process runs; one that has ended and waits for init to notice does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def test_procfile_is_read_in_order() -> None:
    text = "# what runs\nweb: gunicorn app.wsgi --bind :$PORT\n\nworker-high:  rq worker high \n"
    assert list(read_procfile(text).items()) == [
        ("web", "gunicorn app.wsgi --bind :$PORT"),
        ("worker-high", "rq worker high"),
    ]


@pytest.mark.parametrize("text", ["web", "web gunicorn", "web:", "we b: x", "web: a\nweb: b"])
def test_bad_procfile_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(BadProcfile, match="Procfile line"):
        read_procfile(text)


def test_command_sees_the_environment_it_is_given(processes: Processes) -> None:
    processes.start("teller")
    assert log_of(processes, "teller", 1)[0] == "listening on 8123"


def test_process_is_the_program_itself_not_a_shell(processes: Processes) -> None:
    processes.start("sleeper")
    wait_until(lambda: psutil.Process(processes.pid("sleeper")).name() == "sleep", 10, "the shell to become sleep")


def test_killed_process_is_started_again(processes: Processes) -> None:
    processes.start("sleeper")
    killed = processes.kill("sleeper")
    wait_until(lambda: processes.starts("sleeper") == 2, 10, "the restart")
    assert processes.pid("sleeper") != killed
    assert processes.is_running("sleeper")


def test_crashed_process_stays_down_until_it_is_started(processes: Processes) -> None:
    processes.start("sleeper")
    processes.crash("sleeper")
    assert not processes.is_running("sleeper")
    processes.start()
    assert processes.is_running("sleeper")


def test_process_that_ends_stays_down_when_nobody_wants_it_back() -> None:
    with Processes({"short": "true"}, ENVIRONMENT, restart=False) as processes:
        wait_until(lambda: not processes.is_running("short"), 10, "its end")
        assert processes.starts("short") == 1


def test_what_a_killed_process_forked_does_not_meet_its_successor(processes: Processes) -> None:
    processes.start("forking")
    first = [int(line) for line in log_of(processes, "forking", 2)]
    processes.kill("forking")
    log_of(processes, "forking", 4)
    assert not any(is_alive(pid) for pid in first)


def test_stopping_leaves_no_process_of_any_generation(processes: Processes) -> None:
    processes.start()
    pids = [int(line) for line in log_of(processes, "forking", 2)]
    processes.stop()
    processes.stop()
    assert not any(is_alive(pid) for pid in pids)


def test_stopped_process_ends_also_when_it_was_frozen_or_deaf(tmp_path: Path) -> None:
    program = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(1000)"
    deaf = f"{sys.executable} -c '{program}'"
    processes = Processes({"frozen": "sleep 1000", "deaf": deaf}, ENVIRONMENT, logs=tmp_path, grace_seconds=0.1)
    processes.start()
    log_of(processes, "deaf", 1)
    processes.kill("frozen", signal.SIGSTOP)
    pids = [processes.pid("frozen"), processes.pid("deaf")]
    processes.stop()
    assert not any(is_alive(pid) for pid in pids)


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_when_the_parent_ends(tmp_path: Path, ending: signal.Signals) -> None:
    program = f"""
import os
from pathlib import Path
from app.demo.git_host import RunningGitHost
from app.demo.postgres import Postgres
from app.demo.processes import Processes, until_signalled
from app.demo.valkey import Valkey
here = Path({str(tmp_path)!r})
postgres = Postgres.start(here / "postgres", durable=False)
valkey = Valkey.start(here / "valkey")
git_host = RunningGitHost.start(here / "git")
with until_signalled() as asked, Processes({{"forking": {FORKING!r}}}, dict(os.environ)):
    asked.wait()
"""
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert [parent.stdout.readline()[:10] for _ in range(2)] == ["forking   "] * 2
    descendants = psutil.Process(parent.pid).children(recursive=True)
    assert {process.name() for process in descendants} >= {"postgres", "valkey-server"}
    parent.send_signal(ending)
    parent.communicate()
    wait_until(lambda: not any(is_alive(process.pid) for process in descendants), 20, "the last of them to end")


def test_output_without_logs_goes_to_the_terminal_led_by_the_name() -> None:
    program = """
from app.demo.ports import wait_until
from app.demo.processes import Processes
with Processes({"web": "echo hello"}, {"PATH": "/usr/bin:/bin"}, restart=False) as processes:
    wait_until(lambda: not processes.is_running("web"), 10, "its end")
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "web        | hello\n"
