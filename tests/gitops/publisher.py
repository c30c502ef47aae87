"""A publisher in a process of its own, for the tests that need many, or one to kill.

`python publisher.py URL CACHE FOLDER CONTENT` with the credentials in GIT_USERNAME and GIT_PASSWORD tries until its
change and its environment's own ref have landed, then prints the commit. With DIE_BEFORE_PUSH in the environment it
kills itself when the commit is made and the push is due.
"""

import os
import signal
import sys
from pathlib import Path

from gitops.change import Change, Person, Published
from gitops.errors import Contended
from gitops.publish import publish
from gitops.remote import Credentials, Remote
from gitops.repository import Repository


def main(url: str, cache: str, folder: str, content: str) -> None:
    """Publish one file into the folder."""
    credentials = Credentials(os.environ["GIT_USERNAME"], os.environ["GIT_PASSWORD"])
    repository = Repository(Remote(url, "main", lambda: credentials), Path(cache))
    ada = Person("Ada", "ada@example.com")
    change = Change(folder, {"app.yaml": content.encode()}, f"Update {folder}", (), ada, follows_ref=True)
    print(_until_landed(repository, change).commit)


def _until_landed(repository: Repository, change: Change) -> Published:
    while True:
        try:
            return publish(repository, lambda: [change], _guard)[0]
        except Contended:
            continue


def _guard() -> None:
    if "DIE_BEFORE_PUSH" in os.environ:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
