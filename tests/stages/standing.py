"""A watcher process for the tests: `python -m tests.stages.standing <database URL> <name> <namespace> <head SHA>`.

It sees one namespace that runs one commit, again and again.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from app import watcher
from app.stages.observe import Watched
from app.store.engine import Store
from app.watcher import Post
from tests.domain.builders import health, web
from tests.stages.fakes import HeardBell, SeenCluster
from tests.stages.house import CLUSTER


def post(store: Store, name: str, namespace: str, head_sha: str) -> Post:
    """A watcher's post, from where it sees that the commit runs in the namespace."""

    @contextmanager
    def open_view() -> Iterator[Watched]:
        yield SeenCluster({namespace: health(web(sha=head_sha))}, pause_seconds=0.02)

    return Post(store, HeardBell(), CLUSTER, open_view, name)


if __name__ == "__main__":
    url, name, namespace, head_sha = sys.argv[1:]
    watcher.run([post(Store(url), name, namespace, head_sha)], threading.Event())
