"""What lies on the branches of proposals, `ephemera/<environment>`, whoever put it there.

They are fetched, without file contents, to a place of their own: what a publisher knows of the followed branch stays as
it is.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from gitops.change import Person
from gitops.clone import BrokenCloneError, Clone
from gitops.fields import dns_label
from gitops.remote import PEEKED
from gitops.repository import Repository
from gitops.text import shown

BRANCHES = "ephemera/"
"""What the name of a proposal's branch begins with; an environment's name follows."""
_REFS = f"refs/heads/{BRANCHES}"
_HERE = "refs/remotes/origin/proposed/"
_FORMAT = "%x00%H%x00%an%x00%ae%x00%cn%x00%B"
_FIELDS = 5


@dataclass(frozen=True, slots=True)
class SeenCommit:
    """A commit of a proposal's branch. Names and message are foreign text."""

    sha: str
    author: Person
    committer: str
    message: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A proposal's branch."""

    head: str
    base: str | None
    """Where it left the followed branch; None where they have no history in common."""
    is_behind: bool
    """The followed branch has commits that it does not contain."""
    contents: Mapping[str, str | None]
    """{path: Git id, None where it is removed} of every file that differs from the base."""
    commits: tuple[SeenCommit, ...]
    """From the base to the head, oldest first."""


def ref(namespace: str) -> str:
    """The full name of an environment's branch. Raises ValueError for what cannot be an environment's name."""
    if dns_label(namespace) is not None:
        raise ValueError(f"a branch of {shown(namespace)}, which is no environment's name")
    return f"{_REFS}{namespace}"


def look(repository: Repository, namespaces: Collection[str]) -> dict[str, Seen]:
    """{environment's name: branch} of those that have one. Raises RemoteUnavailable, Rejected and CloneUnusable."""
    wanted = [(namespace, ref(namespace)) for namespace in namespaces]

    def work(clone: Clone) -> dict[str, Seen]:
        there = brought(clone, [full for _, full in wanted])
        followed = there.get(clone.remote.ref)
        return {name: seen(clone, followed, there[full]) for name, full in wanted if full in there}

    return repository.use("looking into", work)


def brought(clone: Clone, refs: Collection[str]) -> dict[str, str]:
    """{full name: commit} of the followed branch and of those branches that exist; they and it are fetched."""
    there = clone.branches(_REFS)
    wanted = {full: _HERE + full.removeprefix(_REFS) for full in refs if full in there}
    if clone.remote.ref in there and there[clone.remote.ref] not in (clone.head(), clone.head(PEEKED)):
        wanted[clone.remote.ref] = PEEKED
    clone.bring({full: here for full, here in wanted.items() if clone.head(here) != there[full]})
    return there


def bring_all(clone: Clone) -> None:
    """Fetch the followed branch and the branches of all proposals."""
    brought(clone, clone.branches(_REFS).keys() - {clone.remote.ref})


def seen(clone: Clone, followed: str | None, head: str) -> Seen:
    """What a branch holds beyond the followed one; both are here."""
    base = _merge_base(clone, followed, head)
    listed = clone.output("diff-tree", "-r", "-z", "--no-renames", "--root", *([base] if base else []), head)
    log = clone.output(
        "log", "--reverse", "--topo-order", f"--format={_FORMAT}", *([f"{base}..{head}"] if base else [head])
    )
    return Seen(head, base, base != followed, dict(_changed(listed)), tuple(_commits(log)))


def _merge_base(clone: Clone, followed: str | None, head: str) -> str | None:
    if followed is None:
        return None
    outcome = clone.command.run("merge-base", followed, head)
    if outcome.status > 1:
        raise BrokenCloneError(f"comparing {followed} with {head}: {outcome.complaint}")
    return outcome.output.decode().strip() or None


def _changed(listed: bytes) -> list[tuple[str, str | None]]:
    tokens = [token for token in listed.decode("utf-8", "replace").split("\0") if token]
    if tokens and not tokens[0].startswith(":"):
        tokens = tokens[1:]  # with one commit, git says first which
    changed: list[tuple[str, str | None]] = []
    for meta, path in zip(tokens[0::2], tokens[1::2], strict=True):
        mode, identity, status = meta.split()[1], meta.split()[3], meta.split()[4]
        plain = identity if mode == "100644" else f"{mode} {identity}"
        changed.append((path, None if status == "D" else plain))
    return changed


def _commits(log: bytes) -> list[SeenCommit]:
    fields = log.decode("utf-8", "replace").split("\0")[1:]
    groups = [fields[start : start + _FIELDS] for start in range(0, len(fields), _FIELDS)]
    return [SeenCommit(sha, Person(name, mail), by, words.strip()) for sha, name, mail, by, words in groups]
