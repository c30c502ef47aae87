"""`follow`: compares the App's installations with the rows, and rings for what came back.

Webhooks about installations and repositories only say that it is time to look: they arrive in any order, and a
repository that a payload calls removed may have been added again since.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from app.domain.permissions import lacking
from app.ports import Bell, Installations, Ring
from app.store import installations
from app.store.engine import Store

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Follower:
    """Keeps up with where the App is installed."""

    store: Store
    installations: Installations
    needed: Mapping[str, str]
    """What every installation has to grant."""
    bell: Bell

    def run(self) -> None:
        """Have the rows agree with what GitHub shows now. Raises Transient or Stalled when GitHub cannot be asked; then
        nothing has changed."""
        with self.store.begin() as session:
            begun = installations.begin(session)
        shown = self.installations.all()
        with self.store.begin() as session:
            followed = installations.follow(session, shown, begun)
        for one in shown:
            if one.id in followed.granted and (missing := lacking(self.needed, one.permissions)):
                _log.warning("installation.lacks", installation=one.id, account=one.account, permissions=missing)
        for repository, reason in followed.kept.items():
            _log.warning("installation.kept", repository=repository, reason=reason)
        if followed.returned:
            _log.info("installation.returned", repositories=followed.returned)
            self.bell.ring(Ring.DECIDE)
        if followed.returned or begun.may_see_more:
            self.bell.ring(Ring.RECONCILE)
