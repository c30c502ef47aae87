"""The newest version of each object of one resource, whatever the order in which versions arrive."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import chain
from operator import attrgetter

from app.cluster.applications import SeenApplication
from app.cluster.events import SeenEvent
from app.cluster.kustomizations import SeenKustomization
from app.cluster.seen import Foreign, Seen


class Objects:
    """All objects of one resource, by namespace. What is older than something already known changes nothing.

    A list is the whole truth as of its revision. After it, only events with a greater revision count, and per object
    only ever greater ones; a deletion is remembered until the next list, or a late event would revive its object.
    """

    def __init__(self) -> None:
        self._listed = 0
        self._by_namespace: dict[str, dict[str, Seen]] = {}
        self._deleted: dict[tuple[str, str], int] = {}

    def replace(self, revision: int, items: Iterable[Seen]) -> set[str]:
        """Take over a complete list; returns the namespaces in which something differs."""
        before = self._by_namespace
        self._listed, self._by_namespace, self._deleted = revision, {}, {}
        for item in items:
            known = before.get(item.namespace, {}).get(item.key)
            self._by_namespace.setdefault(item.namespace, {})[item.key] = _after(known, item)
        names = before.keys() | self._by_namespace.keys()
        return {name for name in names if before.get(name) != self._by_namespace.get(name)}

    def put(self, item: Seen) -> bool:
        """Take over a version of an object; False when it says nothing new."""
        siblings = self._by_namespace.get(item.namespace)
        known = siblings.get(item.key) if siblings else None
        if item.revision <= self._newest(item, known):
            return False
        if self._deleted:
            self._deleted.pop((item.namespace, item.key), None)
        if siblings is None:
            siblings = self._by_namespace[item.namespace] = {}
        siblings[item.key] = kept = _after(known, item)
        return kept != known

    def remove(self, item: Seen | Foreign) -> bool:
        """Forget an object, deleted at the item's revision or of no environment since; False when that is not news."""
        siblings = self._by_namespace.get(item.namespace, {})
        known = siblings.get(item.key)
        if item.revision <= self._newest(item, known):
            return False
        if known is not None or not isinstance(item, Foreign):
            self._deleted[item.namespace, item.key] = item.revision
        siblings.pop(item.key, None)
        if not siblings:
            self._by_namespace.pop(item.namespace, None)
        return known is not None

    def of(self, namespace: str) -> Iterable[Seen]:
        """The objects of a namespace."""
        return self._by_namespace.get(namespace, {}).values()

    def namespaces(self) -> Iterable[str]:
        """The namespaces that have objects."""
        return self._by_namespace.keys()

    def _newest(self, item: Seen | Foreign, known: Seen | None) -> int:
        """The revision that a version of the item must exceed."""
        if known is not None:
            return max(self._listed, known.revision)
        return max(self._listed, self._deleted.get((item.namespace, item.key), 0))


def _after(known: Seen | None, item: Seen) -> Seen:
    """The item, with what it leaves out and the version before it knew."""
    if isinstance(item, SeenApplication):
        return item.after(known) if isinstance(known, SeenApplication) else item
    if isinstance(item, SeenKustomization):
        return item.after(known) if isinstance(known, SeenKustomization) else item
    return item


class Newest(Objects):
    """The newest few events about each object: what goes wrong all day long takes no more room than what did once."""

    def __init__(self, keeps: int) -> None:
        super().__init__()
        self._keeps = keeps

    def replace(self, revision: int, items: Iterable[Seen]) -> set[str]:
        """Take over a complete list, without what is older than the newest few."""
        about: dict[tuple[str, str], list[Seen]] = defaultdict(list)
        for item in items:
            about[item.namespace, _about(item)].append(item)
        newest = (sorted(each, key=attrgetter("revision"))[-self._keeps :] for each in about.values())
        return super().replace(revision, chain.from_iterable(newest))

    def put(self, item: Seen) -> bool:
        """Take over an event, and drop the oldest about the same object where there are too many."""
        is_news = super().put(item)
        siblings = self._by_namespace.get(item.namespace, {})
        same = [each for each in siblings.values() if _about(each) == _about(item)]
        if len(same) > self._keeps:
            del siblings[min(same, key=attrgetter("revision")).key]
        return is_news


def _about(item: Seen) -> str:
    return item.about if isinstance(item, SeenEvent) else item.key
