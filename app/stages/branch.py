"""The environments repository's branch as it is now, and which environments it does not hold as they were published."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from app.ports import Destination
from app.store.sweeping import Settled
from gitops.drift import Held
from gitops.syncs import sync_path

Look = Callable[[str | None], Held | None]
"""`gitops.drift.look` at one repository: what the branch holds, or None when its head is the one given."""


OwnRefs = Callable[[], Mapping[str, str]]
"""`gitops.drift.own_refs` at one repository: {environment's name: commit}."""


def _none() -> Mapping[str, str]:
    """No refs, where no syncer follows any."""
    return {}


@dataclass(slots=True)
class Branch:
    """Looked at again and again; not by two threads at once."""

    look: Look
    destinations: Mapping[str, Destination] = field(default_factory=dict)
    """By the name of the cluster, as the publisher has them."""
    own_refs: OwnRefs = _none
    held: Held | None = None
    """As of the last look."""

    def differing(self, settled: Collection[Settled]) -> Collection[Settled]:
        """Those whose folder, or the file beside it, is not as it was published, or whose own ref is elsewhere. None
        differ where there is no branch: that proves nothing. Raises GitopsError where it cannot be told."""
        held = self.held = self.look(self.held.head if self.held else None) or self.held
        if held is None or held.head is None:
            return ()
        refs = self.own_refs()
        return [row for row in settled if self._differs(row, held) or self._strays(row, refs)]

    def _strays(self, row: Settled, refs: Mapping[str, str]) -> bool:
        destination = self.destinations.get(row.cluster)
        if destination is None or not destination.follows_refs or row.tree is None:
            return False
        return refs.get(row.folder.rpartition("/")[2]) != row.commit

    def _differs(self, row: Settled, held: Held) -> bool:
        return held.folders.get(row.folder) != row.tree or held.syncs.get(sync_path(row.folder)) != row.sync
