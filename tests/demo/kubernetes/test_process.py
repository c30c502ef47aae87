"""The cluster runs as a process of its own and ends without a trace."""

import signal
import subprocess
import sys

from app.demo.kubernetes.client import SimulatedKubernetes
from tests.demo.kubernetes.environments import Environments, namespace


def test_the_process_says_where_it_listens_and_ends_on_sigterm(environments: Environments) -> None:
    environments.put("pr-1", namespace("pr-1"))
    environments.commit()
    command = [sys.executable, "-m", "app.demo.kubernetes", "--token", "t", "--repository", environments.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        cluster = SimulatedKubernetes(process.stdout.readline().strip(), "t")
        assert "argocd" in cluster.namespaces()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
