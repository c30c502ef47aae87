"""`ephemera`, run in a process that imported it before: importing takes a second, what the command does takes none.

The process that imported it forks for each command, so each has an environment, a folder, an output and an exit
status of its own, as if the program itself were started. Importing the product starts no thread and reads no setting
(tests/ground/test_tree.py), so nothing else is shared.
"""

import gc
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

_ROOT = Path(__file__).parents[1]
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL


def ephemera(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run the command in `/` with these settings and no others; `settings` may name any variable."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **settings}
    server = _server()
    assert server.stdin is not None
    assert server.stdout is not None
    with TemporaryDirectory() as directory:
        output, errors = Path(directory, "output"), Path(directory, "errors")
        request = [arguments, environment, str(output), str(errors)]
        server.stdin.write(json.dumps(request) + "\n")
        server.stdin.flush()
        status = int(server.stdout.readline())
        return subprocess.CompletedProcess(arguments, status, output.read_text(), errors.read_text())


def serve() -> None:
    """Run the command that each line of standard input describes, and answer with its exit status."""
    from app.cli import main  # noqa: PLC0415

    # Else each child copies the memory of all that was imported, to look for garbage when it ends.
    gc.freeze()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _become(*json.loads(line))
            # Not in a `try`: what main() raises ends this process as it ends the program.
            main()
            return
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


@cache
def _server() -> "subprocess.Popen[str]":
    """Start it once for each test process; it ends with the pipe, and so with the test process."""
    return subprocess.Popen(
        [sys.executable, "-c", "from tests.command import serve; serve()"],
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"},
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _become(arguments: list[str], environment: dict[str, str], output: str, errors: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir("/")
    for number, path, flags in ((0, os.devnull, os.O_RDONLY), (1, output, _NEW), (2, errors, _NEW)):
        opened = os.open(path, flags)
        os.dup2(opened, number)
        os.close(opened)
    sys.argv = ["ephemera", *arguments]
