"""P1 to P3: publishing into a repository of 10,000 environments, over HTTP, beside what Git itself needs.

`python -m tests.benchmarks.publish` prints the table. Ours and the limit take turns on two copies of one repository,
so that both see the same machine; medians are compared. Ours also moves each environment's own ref; the limit does not.
"""

import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from app.demo.git_host import GitHost, RunningGitHost
from gitops.change import Change, Person
from gitops.commits import SCRATCH, import_stream
from gitops.publish import publish
from gitops.remote import Credentials, Remote
from gitops.repository import Repository
from gitops.spec import Spec
from tests.benchmarks.render import Entries, another_commit, eight_objects, print_table, spec_of

REPOSITORIES, PULL_REQUESTS = 100, 100
BATCH = 200
ROUNDS_ONE, ROUNDS_BATCH, ROUNDS_CPU, ROUNDS_CLONE = 41, 9, 41, 3
ADA = Person("Ada", "ada@example.com")
TEMPLATES = eight_objects()


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy of the environments repository on the server, and a plain bare clone of it."""

    host: GitHost
    url: str
    directory: Path

    def publisher(self) -> Repository:
        """Ours."""
        credentials = Credentials(self.host.username, self.host.password)
        return Repository(Remote(self.url, "main", lambda: credentials), self.directory / "cache")

    def clone(self) -> Path:
        """The clone from which plain git pushes; made at the first call."""
        clone = self.directory / "plain.git"
        if not clone.exists():
            self.git("clone", "--quiet", "--bare", self.url, str(clone), cwd=self.directory)
        return clone

    def git(self, *arguments: str, cwd: Path, stdin: bytes = b"") -> str:
        """The output of plain git, signed in."""
        people = {f"GIT_{who}_{what}": "human" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        environment = os.environ | people | self.host.client_environment()
        done = subprocess.run(
            ["git", *arguments], cwd=cwd, env=environment, input=stdin, capture_output=True, check=True
        )
        return done.stdout.decode().strip()


def measure() -> Entries:
    """P1 and P2 in milliseconds, P3 in milliseconds of CPU time of the client and its children."""
    with tempfile.TemporaryDirectory(prefix="ephemera-bench-") as directory, _serving(Path(directory)) as served:
        big = [specs for number in range(REPOSITORIES) for specs in _specs(f"repo-{number}")]
        ours, plain = served("ours", big), served("plain", big)
        small = served("small", _specs("repo-0"))
        return {"P1": _one(ours, plain), "P2": _batch(ours, plain, big), "P3": _processor(ours, small)}


def _one(ours: Copy, plain: Copy) -> dict[str, object]:
    """One environment: ours against `git push` of an equal commit that lies ready."""
    spec = spec_of(3, "repo-7")
    repository, published, pushed = ours.publisher(), [], []
    _publish(repository, [_change(another_commit(spec, 999))])
    for number in range(1, ROUNDS_ONE):
        changes = [_change(another_commit(spec, number))]
        published.append(_milliseconds(partial(_publish, repository, changes)))
        commit = _commit(plain, changes)
        pushed.append(_milliseconds(partial(_push, plain, commit)))
        plain.git("update-ref", "refs/heads/main", commit, cwd=plain.clone())
    cloned = [_milliseconds(partial(_clone_per_job, plain, spec, number)) for number in range(ROUNDS_CLONE)]
    plain.git("fetch", "--quiet", "origin", "+refs/heads/main:refs/heads/main", cwd=plain.clone())
    entry = _entry(published, pushed, "ms", "<= 1.15 of a bare push, a clone per job >= 40 times ours")
    peer = median(cloned)
    return entry | {
        "peers": {"a clone per job": round(peer), "that is ours, times": round(peer / median(published), 1)}
    }


def _batch(ours: Copy, plain: Copy, specs: Sequence[Spec]) -> dict[str, object]:
    """200 environments: ours against one fast-import of the same stream and one push."""
    repository, published, pushed = ours.publisher(), [], []
    chosen = specs[:: len(specs) // BATCH]
    for number in range(1000, 1000 + ROUNDS_BATCH):
        changes = [_change(another_commit(spec, number)) for spec in chosen]
        published.append(_milliseconds(partial(_publish, repository, changes)))
        head = plain.git("rev-parse", "refs/heads/main", cwd=plain.clone())
        stream = import_stream(head, changes)
        pushed.append(_milliseconds(partial(_import_and_push, plain, stream)))
        plain.git("update-ref", "refs/heads/main", SCRATCH, cwd=plain.clone())
    return _entry(published, pushed, "ms", "<= 1.1")


def _processor(big: Copy, small: Copy) -> dict[str, object]:
    """The client's CPU time for one environment among 10,000, against one among 100."""
    spec = spec_of(3, "repo-0")
    repositories = [big.publisher(), small.publisher()]
    used: list[list[float]] = [[], []]
    for number in range(2000, 2000 + ROUNDS_CPU):
        for times, repository in zip(used, repositories, strict=True):
            changes = [_change(another_commit(spec, number))]
            before = _cpu_milliseconds()
            _publish(repository, changes)
            times.append(_cpu_milliseconds() - before)
    return _entry(used[0][1:], used[1][1:], "ms of CPU", "<= 1.1")


def _entry(ours: Sequence[float], limit: Sequence[float], unit: str, goal: str) -> dict[str, object]:
    return {
        "ours": round(median(ours), 1),
        "limit": round(median(limit), 1),
        "peers": {},
        "ratio": round(median(ours) / median(limit), 3),
        "unit": unit,
        "goal": goal,
    }


def _specs(repository: str) -> list[Spec]:
    return [spec_of(number, repository) for number in range(1, PULL_REQUESTS + 1)]


def _change(spec: Spec) -> Change:
    trailers = (("Environment", spec.namespace), ("Head-SHA", spec.head_sha))
    subject = f"Update {spec.namespace}"
    return Change(spec.folder, TEMPLATES.render(spec), subject, trailers, ADA, follows_ref=True)


def _publish(repository: Repository, changes: Sequence[Change]) -> None:
    results = publish(repository, lambda: changes, lambda: None)
    assert all(result.changed for result in results)


def _commit(copy: Copy, changes: Sequence[Change]) -> str:
    return _import(copy, import_stream(copy.git("rev-parse", "refs/heads/main", cwd=copy.clone()), changes))


def _import(copy: Copy, stream: bytes) -> str:
    answer = copy.git(
        "fast-import", "--quiet", "--force", "--date-format=now", "--done", cwd=copy.clone(), stdin=stream
    )
    return answer.split()[-1]


def _import_and_push(copy: Copy, stream: bytes) -> None:
    _push(copy, _import(copy, stream))


def _push(copy: Copy, commit: str) -> None:
    copy.git("push", "--quiet", "origin", f"{commit}:refs/heads/main", cwd=copy.clone())


def _clone_per_job(copy: Copy, spec: Spec, number: int) -> None:
    """What a job without a cache does: clone, write, commit, push."""
    tree = copy.directory / "job"
    copy.git("clone", "--quiet", copy.url, str(tree), cwd=copy.directory)
    for name, content in TEMPLATES.render(another_commit(spec, 3000 + number)).items():
        (tree / spec.folder / name).write_bytes(content)
    copy.git("add", "--all", "--", spec.folder, cwd=tree)
    copy.git("commit", "--quiet", "--message", "Update", cwd=tree)
    copy.git("push", "--quiet", "origin", "HEAD:main", cwd=tree)
    shutil.rmtree(tree)


def _milliseconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def _cpu_milliseconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used) * 1000


@contextmanager
def _serving(directory: Path) -> Iterator[Callable[[str, Sequence[Spec]], Copy]]:
    """A Git server; what it gives makes a repository that holds these environments."""
    running = RunningGitHost.start(directory / "server")

    def serve(name: str, specs: Sequence[Spec]) -> Copy:
        url = running.host.create(f"acme/{name}")
        (directory / name).mkdir()
        _fill(running.root / "acme" / f"{name}.git", specs)
        return Copy(running.host, url, directory / name)

    try:
        yield serve
    finally:
        running.stop()


def _fill(repository: Path, specs: Sequence[Spec]) -> None:
    """One commit with every environment, packed as a hosting service would have it after a while."""
    stream = import_stream(None, [_change(spec) for spec in specs[:1]]).removesuffix(b"get-mark :1\ndone\n")
    files = [stream]
    for spec in specs[1:]:
        for name, content in TEMPLATES.render(spec).items():
            files.append(
                b"M 100644 inline %s/%s\ndata %d\n%s\n" % (spec.folder.encode(), name.encode(), len(content), content)
            )
    command = ["git", "fast-import", "--quiet", "--date-format=now", "--done"]
    subprocess.run(command, cwd=repository, input=b"".join([*files, b"done\n"]), check=True)
    subprocess.run(["git", "update-ref", "refs/heads/main", SCRATCH], cwd=repository, check=True)
    subprocess.run(["git", "update-ref", "-d", SCRATCH], cwd=repository, check=True)
    subprocess.run(["git", "repack", "-a", "-d", "-q"], cwd=repository, check=True)


if __name__ == "__main__":
    print_table(measure())
