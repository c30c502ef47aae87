"""The order of locks around a request that changes a repository, and what follows from the change."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from app.demo.github.hub import Hub
from app.demo.github.pulling.merging import merge_what_waits
from app.demo.github.records import Repository


@contextmanager
def holding(hub: Hub, args: Mapping[str, Any], *, changes: bool) -> Iterator[None]:
    """Hold the state's lock, and before it the lock of a Git-backed repository that the path names, where the request
    `changes` it; at the end, merge what only waited for this."""
    repository = _git_backed(hub, args) if changes else None
    with ExitStack() as held:
        if repository:
            held.enter_context(hub.state.git.lock(repository))
        held.enter_context(hub.state.lock)
        yield
        if repository and repository.id in hub.state.repositories:
            merge_what_waits(hub, repository)


def _git_backed(hub: Hub, args: Mapping[str, Any]) -> Repository | None:
    if "owner" not in args:
        return None
    # Without the state's lock, which comes second: one look-up in a dict needs none.
    found = hub.state.repository_named(f"{args['owner']}/{args['repo']}")
    return found if found and found.bare else None
