"""The newest version of each object of one resource, whatever the order in which versions arrive."""

from collections.abc import Iterable

from app.cluster.seen import Seen


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
            self._by_namespace.setdefault(item.namespace, {})[item.key] = item
        names = before.keys() | self._by_namespace.keys()
        return {name for name in names if before.get(name) != self._by_namespace.get(name)}

    def put(self, item: Seen) -> bool:
        """Take over a version of an object; False when it is not news."""
        if item.revision <= self._newest(item):
            return False
        self._deleted.pop((item.namespace, item.key), None)
        self._by_namespace.setdefault(item.namespace, {})[item.key] = item
        return True

    def remove(self, item: Seen) -> bool:
        """Forget an object, deleted at the item's revision; False when that is not news."""
        if item.revision <= self._newest(item):
            return False
        self._deleted[item.namespace, item.key] = item.revision
        siblings = self._by_namespace.get(item.namespace, {})
        is_known = siblings.pop(item.key, None) is not None
        if not siblings:
            self._by_namespace.pop(item.namespace, None)
        return is_known

    def of(self, namespace: str) -> Iterable[Seen]:
        """The objects of a namespace."""
        return self._by_namespace.get(namespace, {}).values()

    def namespaces(self) -> Iterable[str]:
        """The namespaces that have objects."""
        return self._by_namespace.keys()

    def _newest(self, item: Seen) -> int:
        known = self._by_namespace.get(item.namespace, {}).get(item.key)
        deleted = self._deleted.get((item.namespace, item.key), 0)
        return max(self._listed, deleted, known.revision if known else 0)
