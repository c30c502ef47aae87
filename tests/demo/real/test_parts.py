"""Parts of a stack that are not the real programs: one that never becomes ready, one that uses the processor."""

import os
import sys
from pathlib import Path

import psutil
import pytest

from app.demo.children import spawn
from app.demo.ports import free_port, wait_until
from app.demo.real.component import Component
from app.demo.real.cpu import cpu_seconds
from app.demo.real.stack import Stack, StackFailed
from app.demo.real.tools import Tools
from tests.demo.real.conftest import Fake

NAMES = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")


@pytest.mark.slow
def test_a_part_that_ends_again_and_again_is_told_with_its_last_words(fake: Fake, tmp_path: Path) -> None:
    binaries = {name: fake(tmp_path / "bin", name, "the disk is on fire") for name in NAMES}
    with pytest.raises(StackFailed, match=r"starting etcd: .*\n(.*\n)*.*the disk is on fire"):
        Stack.start(tmp_path / "stack", Tools(binaries, {"kwok": tmp_path}))
    assert [process for process in psutil.process_iter(["cmdline"]) if str(tmp_path) in str(process.info)] == []


def test_a_component_is_not_ready_while_nobody_answers(tmp_path: Path) -> None:
    component = Component("etcd", Path("/bin/true"), (), f"http://127.0.0.1:{free_port()}/health")
    assert not component.is_ready(tmp_path / "ca.crt")


def test_a_component_without_an_address_is_ready_at_once(tmp_path: Path) -> None:
    assert Component("kube-scheduler", Path("/bin/true"), ()).is_ready(tmp_path / "ca.crt")


def test_the_shell_leaves_arguments_as_they_are() -> None:
    component = Component("x", Path("/a folder/x"), ("--empty=", "--home=$HOME"))
    assert component.command == "'/a folder/x' --empty= '--home=$HOME'"


def test_the_processor_time_of_a_process_and_of_what_it_started_is_counted() -> None:
    burn = "import time\nwhile time.process_time() < 0.3: pass\n"
    program = f"import subprocess, sys, time\n{burn}subprocess.run([sys.executable, '-c', {burn!r}])\ntime.sleep(1000)"
    child = spawn([sys.executable, "-c", program], {"PATH": os.environ["PATH"]})
    try:
        # Neither alone comes so far; each of four numbers is cut to hundredths.
        wait_until(lambda: cpu_seconds(child.pid) > 0.5, 30, "the processor time of both")
    finally:
        child.stop()
