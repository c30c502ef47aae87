"""Runs a simulated cluster until it is told to stop; prints its URL on the first line."""

import argparse
import signal
import threading

from app.demo.kubernetes.options import Options
from app.demo.kubernetes.simulator import Simulator


def main() -> None:
    """Reads the command line and serves."""
    simulator = Simulator(_parse())
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    simulator.start()
    print(simulator.url, flush=True)
    stopped.wait()
    simulator.stop()


def _parse() -> Options:
    parser = argparse.ArgumentParser(prog="python -m app.demo.kubernetes", description=__doc__)
    usual = Options(token="")
    parser.add_argument("--port", type=int, default=usual.port, help="0 takes a free one")
    parser.add_argument("--token", required=True, help="the bearer token that may do everything")
    parser.add_argument("--syncer", choices=("argocd", "flux", "none"), default=usual.syncer)
    parser.add_argument("--repository", default=usual.repository, help="URL of the environments repository")
    parser.add_argument("--branch", default=usual.branch)
    parser.add_argument("--path", default=usual.path, help="where the syncer looks in the repository")
    parser.add_argument("--poll-seconds", type=float, default=usual.poll_seconds)
    parser.add_argument("--rollout-seconds", type=float, default=usual.rollout_seconds)
    parser.add_argument("--termination-seconds", type=float, default=usual.termination_seconds)
    parser.add_argument("--bookmark-seconds", type=float, default=usual.bookmark_seconds)
    parser.add_argument("--history", type=int, default=usual.history, help="changes kept of each kind")
    arguments = parser.parse_args()
    if arguments.syncer != "none" and not arguments.repository:
        parser.error("--repository is needed, unless --syncer is none")
    return Options(**vars(arguments))


if __name__ == "__main__":
    main()
