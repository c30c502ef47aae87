"""Which branches are ours because they hold exactly what is proposed: also where the answer to our push was lost.

However many there are, a few git processes tell it of all of them.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from gitops.change import Change
from gitops.clone import BrokenCloneError, Clone
from gitops.command import TimedOutError
from gitops.commits import message
from gitops.sign_commits import divided, raw_commits
from gitops.syncs import keep_path
from gitops.tree import blob_id

_FILE = "100644"


def parents_of_ours(clone: Clone, asked: Sequence[tuple[str, Change]]) -> list[str | None]:
    """The parent of each commit that makes its change, and nothing else, in our words; None of another commit.

    The commits are here. They may name other people and another time than ours would.
    """
    try:
        raws = raw_commits(clone.command, [commit for commit, _ in asked]) if asked else []
    except (ValueError, TimedOutError) as error:
        raise BrokenCloneError(f"reading commits: {error}") from error
    parents = [_only_parent(raw, change) for raw, (_, change) in zip(raws, asked, strict=True)]
    alike = [pair for pair, parent in zip(asked, parents, strict=True) if parent is not None]
    touched = _touched(clone, {commit for commit, _ in alike})
    ours = iter(
        holds and _changes_nothing_else(touched[commit], change)
        for holds, (commit, change) in zip(clone.holds(alike), alike, strict=True)
    )
    return [parent if parent is not None and next(ours) else None for parent in parents]


def in_history(clone: Clone, head: str, commits: Collection[str]) -> set[str]:
    """Those of the commits that are in the history of `head`, itself included; others need not be here."""
    if not (others := sorted(set(commits) - {head})):
        return {head} & set(commits)
    asked = "".join(f"{commit}\n" for commit in others).encode()
    told = clone.output("cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=asked).decode().splitlines()
    here = {line.split()[0] for line in told if line.endswith(" commit")}
    asked = "".join(f"{commit}\n" for commit in (*sorted(here), f"^{head}")).encode()
    beyond = set(clone.output("rev-list", "--stdin", stdin=asked).decode().split()) if here else set()
    return (here - beyond) | ({head} & set(commits))


def _only_parent(raw: bytes, change: Change) -> str | None:
    """A raw commit's parent; None where it has not one, or says something else than the change's commit would."""
    headers, _, words = divided(raw)[0].partition(b"\n\n")
    parents = [line.split()[1].decode() for line in headers.split(b"\n") if line.startswith(b"parent ")]
    return parents[0] if len(parents) == 1 and words.strip() == message(change).encode().strip() else None


def _touched(clone: Clone, commits: Collection[str]) -> Mapping[str, Mapping[str, str | None]]:
    """{commit: {path: Git id, None where it is removed}} of what differs from its parent."""
    touched: dict[str, dict[str, str | None]] = {commit: {} for commit in commits}
    if not commits:
        return touched
    asked = "".join(f"{commit}\n" for commit in commits).encode()
    output = clone.output("diff-tree", "--stdin", "-r", "-z", "--no-renames", stdin=asked).decode("utf-8", "replace")
    tokens: Iterator[str] = iter(output.split("\0"))
    current: dict[str, str | None] = {}
    for token in tokens:
        if token.startswith(":"):
            current[next(tokens)] = changed_id(token)
        elif token:
            current = touched[token]
    return touched


def changed_id(meta: str) -> str | None:
    """The new Git id in `:mode mode id id status`, behind its mode unless that is a plain file's; None: removed.

    Source: git-diff-tree(1), "Raw output format".
    """
    _, mode, _, identity, status = meta.split()
    if status == "D":
        return None
    return identity if mode == _FILE else f"{mode} {identity}"


def _changes_nothing_else(touched: Mapping[str, str | None], change: Change) -> bool:
    # The folder and the file beside it are compared as a whole.
    others = {(path, identity) for path, identity in touched.items() if not _is_own(path, change)}
    return others <= ({(keep_path(change.folder), blob_id(change.keep))} if change.keep is not None else set())


def _is_own(path: str, change: Change) -> bool:
    return path.startswith(f"{change.folder}/") or path == change.sync_path
