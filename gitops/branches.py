"""What lies on the branches of proposals, `ephemera/<environment>`, whoever put it there.

They are fetched, without file contents, to a place of their own: what a publisher knows of the followed branch stays as
it is.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from gitops.change import Person
from gitops.clone import BrokenCloneError, Clone
from gitops.errors import Rejected
from gitops.fields import dns_label
from gitops.recognise import changed_id
from gitops.remote import PEEKED, Remote
from gitops.repository import Repository
from gitops.text import shown

BRANCHES = "ephemera/"
"""What the name of a proposal's branch begins with; an environment's name follows."""
REFS = f"refs/heads/{BRANCHES}"
"""What its full name begins with."""
_HERE = "refs/remotes/origin/proposed/"
_FORMAT = "%x00%H%x00%an%x00%ae%x00%cn%x00%B"
_FIELDS = 5
_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # which git knows without having it


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
    return f"{REFS}{namespace}"


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
    _refuse_overlap(clone.remote)
    there = clone.branches(REFS)
    clone.forget(_HERE, {full.removeprefix(REFS) for full in there})
    wanted = {full: _HERE + full.removeprefix(REFS) for full in refs if full in there}
    if clone.remote.ref in there and there[clone.remote.ref] not in (clone.head(), clone.head(PEEKED)):
        wanted[clone.remote.ref] = PEEKED
    clone.bring({full: here for full, here in wanted.items() if clone.head(here) != there[full]})
    return there


def _refuse_overlap(remote: Remote) -> None:
    for theirs, setting in ((remote.ref, "followed branch"), (remote.environment_refs, "environments' own refs")):
        if theirs.startswith(REFS):
            raise Rejected(f"looking at proposals of {remote.url}: the {setting} must not begin with {REFS}")


def bring_all(clone: Clone) -> dict[str, str]:
    """Fetch the followed branch and the branches of all proposals; {full name: commit} of them."""
    there = clone.branches(REFS)
    return brought(clone, [full for full in there if dns_label(full.removeprefix(REFS)) is None])


def seen(clone: Clone, followed: str | None, head: str) -> Seen:
    """What a branch holds beyond the followed one; both are here."""
    base = merge_base(clone, followed, head)
    # Without a base everything is new. Asked of the head alone, git says nothing where that is a merge.
    listed = clone.output("diff-tree", "-r", "-z", "--no-renames", base or _EMPTY_TREE, head)
    log = clone.output(
        "log", "--reverse", "--topo-order", f"--format={_FORMAT}", *([f"{base}..{head}"] if base else [head])
    )
    return Seen(head, base, base != followed, dict(_changed(listed)), tuple(_commits(log)))


def merge_base(clone: Clone, followed: str | None, head: str) -> str | None:
    """Where a branch left the followed one; None where they have no history in common."""
    if followed is None:
        return None
    outcome = clone.command.run("merge-base", followed, head)
    if outcome.status > 1:
        raise BrokenCloneError(f"comparing {followed} with {head}: {outcome.complaint}")
    return outcome.output.decode().strip() or None


def _changed(listed: bytes) -> list[tuple[str, str | None]]:
    tokens = listed.decode("utf-8", "replace").split("\0")[:-1]
    return [(path, changed_id(meta)) for meta, path in zip(tokens[0::2], tokens[1::2], strict=True)]


def _commits(log: bytes) -> list[SeenCommit]:
    fields = log.decode("utf-8", "replace").split("\0")[1:]
    groups = [fields[start : start + _FIELDS] for start in range(0, len(fields), _FIELDS)]
    return [SeenCommit(sha, Person(name, mail), by, words.strip()) for sha, name, mail, by, words in groups]
