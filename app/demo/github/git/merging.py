"""The commits that GitHub makes when it merges, by Git's plumbing in the bare repository.

https://docs.github.com/pull-requests/collaborating-with-pull-requests/incorporating-changes-from-a-pull-request/about-pull-request-merges
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.demo.github.git.bare import Bare
from app.demo.github.records import Commit, Signature

GITHUB = ("GitHub", "noreply@github.com")


class Conflict(Exception):
    """The two sides do not go together."""


def merge_commit(bare: Bare, base: str, head: str, message: str, author: Signature) -> str:
    """Make a commit with both parents; return its SHA. Raises Conflict."""
    return commit_tree(bare, _merged(bare, base, head), [base, head], message, author)


def squash_commit(bare: Bare, base: str, head: str, message: str, author: Signature) -> str:
    """Make one commit of everything that `head` changes; return its SHA. Raises Conflict."""
    return commit_tree(bare, _merged(bare, base, head), [base], message, author)


def rebase_commits(bare: Bare, base: str, head: str, at: datetime) -> str:
    """Make every commit of `head` again, on `base`; return the SHA of the last. Raises Conflict.

    Authors and messages stay, the committer is GitHub, also where a fast-forward would have done.
    """
    tip = base
    for commit in bare.commits(bare.between(base, head)).values():
        if commit.other_parents:
            raise Conflict("a merge commit cannot be rebased")
        tip = _picked(bare, commit, tip, at)
    return tip


def commit_tree(bare: Bare, tree: str, parents: Sequence[str], message: str, author: Signature) -> str:
    """Make a commit that GitHub commits at the author's time; return its SHA."""
    return _commit_tree(bare, tree, parents, message, author, author.at)


def changed_tree(bare: Bare, parent: str, files: Mapping[str, str | None]) -> str:
    """Return the tree of a commit with other files; None removes one."""
    extra = {"GIT_INDEX_FILE": str(bare.path / "commit.index")}
    bare.run("read-tree", parent, extra=extra)
    lines = []
    for path, text in files.items():
        blob = bare.line("hash-object", "-w", "--stdin", feed=text.encode()) if text is not None else "0" * 40
        lines.append(f"{'100644' if text is not None else '0'} {blob}\t{path}\0")
    bare.run("update-index", "-z", "--index-info", feed="".join(lines).encode(), extra=extra)
    return bare.line("write-tree", extra=extra)


def _merged(bare: Bare, base: str, head: str) -> str:
    tree = bare.merged_tree(base, head)
    if tree is None:
        raise Conflict(f"{head} does not go together with {base}")
    return tree


def _picked(bare: Bare, commit: Commit, tip: str, at: datetime) -> str:
    """Make a commit again on `tip`. Git 2.39 merges trees only with the base it finds, so both sides get one: what was
    the commit's parent. From 2.40 `--merge-base` says it."""
    author = commit.author or Signature(*GITHUB, at)
    base = commit.parent
    if base is None:
        raise Conflict("a first commit has nothing to be taken from")
    ours = _commit_tree(bare, f"{tip}^{{tree}}", [base], "aside", author, at)
    return _commit_tree(bare, _merged(bare, ours, commit.sha), [tip], commit.message, author, at)


def _commit_tree(bare: Bare, tree: str, parents: Sequence[str], message: str, author: Signature, at: datetime) -> str:
    people = {
        "GIT_AUTHOR_NAME": author.name,
        "GIT_AUTHOR_EMAIL": author.email,
        "GIT_AUTHOR_DATE": f"{int(author.at.timestamp())} +0000",
        "GIT_COMMITTER_NAME": GITHUB[0],
        "GIT_COMMITTER_EMAIL": GITHUB[1],
        "GIT_COMMITTER_DATE": f"{int(at.timestamp())} +0000",
    }
    words = [word for sha in parents for word in ("-p", sha)]
    return bare.line("commit-tree", tree, *words, feed=f"{message}\n".encode(), extra=people)
