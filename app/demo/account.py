"""Which user an embedded server runs as: PostgreSQL refuses root, so root hands over to somebody else."""

import os
import pwd
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_NOBODY = "nobody"
_OTHERS_MAY_PASS = 0o001


@dataclass(frozen=True, slots=True)
class Account:
    """A user and group id to run as."""

    uid: int
    gid: int

    def own(self, path: Path) -> None:
        """Make this account the owner of `path`; only root may need it and only root can."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)

    def command(self, command: list[str], reaching: Iterable[Path]) -> list[str]:
        """Return the command line that runs `command` as this account, able to reach the given paths."""
        if self.uid == os.geteuid():
            return command
        identity = ["--reuid", str(self.uid), "--regid", str(self.gid), "--clear-groups"]
        passage = [] if all(_is_reachable(path) for path in reaching) else _PASSAGE
        return ["setpriv", *passage, *identity, "--", *command]


# Beneath a folder such as /root (0700) another user reaches neither the virtual environment nor the data: it
# keeps the one capability that passes folders. access(2) ignores capabilities of other users than root unless
# no_setuid_fixup is set, and PostgreSQL looks for its programs with access(2).
_PASSAGE = [
    "--securebits=+no_setuid_fixup",
    "--inh-caps=-all,+dac_override",
    "--ambient-caps=-all,+dac_override",
]


def account_for(directory: Path) -> Account:
    """Return this process's account; for root the owner of `directory` or, where that is root too, nobody."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    owner = directory.stat()
    if owner.st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    nobody = pwd.getpwnam(_NOBODY)
    return Account(nobody.pw_uid, nobody.pw_gid)


def _is_reachable(path: Path) -> bool:
    return all(parent.stat().st_mode & _OTHERS_MAY_PASS for parent in path.resolve().parents)
