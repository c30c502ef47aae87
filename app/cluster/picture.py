"""Everything that the watches of one cluster show, as Health by namespace."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from app.cluster.assemble import health_of
from app.cluster.failures import NotServed
from app.cluster.objects import Newest, Objects
from app.cluster.resources import NAMESPACES, Resource
from app.cluster.seen import Foreign, Seen
from app.domain.health import Health
from app.errors import Stalled, Transient

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class News:
    """What is to be told next."""

    healths: Mapping[str, Health]
    vanished: frozenset[str] = frozenset()
    """Environments that were told of and of which nothing is shown any more: deleted, or only without their label.
    Said once."""


class Picture:
    """Fed by one thread per resource, asked by any. Tells nothing before it is complete.

    Complete means that every resource has been listed once. One that may not be listed counts as listed empty, or a
    single missing permission would blind everything; but never the namespaces: absence rests on them.
    """

    def __init__(self, resources: Sequence[Resource]) -> None:
        self._objects = {
            resource: Objects() if resource.keeps is None else Newest(resource.keeps) for resource in resources
        }
        self._unlisted = set(resources)
        self._troubles: dict[Resource, Transient | Stalled] = {}
        self._lists_since_round: set[Resource] = set()
        self._told: dict[str, Health | None] = {}
        """What was told last; None when it is to be told again whatever it is."""
        self._dirty: set[str] = set()
        self._changed = threading.Condition()
        self._is_closed = False

    def replace(self, resource: Resource, revision: int, items: tuple[Seen, ...]) -> None:
        """Take over a complete list."""
        with self._changed:
            self._troubles.pop(resource, None)
            self._unlisted.discard(resource)
            self._lists_since_round.add(resource)
            self._mark(self._objects[resource].replace(revision, items))

    def put(self, resource: Resource, item: Seen) -> None:
        """Take over a version of an object."""
        with self._changed:
            if self._objects[resource].put(item):
                self._dirty.add(item.namespace)
                self._changed.notify_all()

    def remove(self, resource: Resource, item: Seen | Foreign) -> None:
        """Forget an object."""
        with self._changed:
            if self._objects[resource].remove(item):
                self._mark({item.namespace})

    def connected(self, resource: Resource) -> None:
        """Note that the resource is followed again."""
        with self._changed:
            self._troubles.pop(resource, None)

    def failed(self, resource: Resource, error: Transient | Stalled) -> None:
        """Note that the resource cannot be seen; what is known of it stays. Logged when it is news."""
        if resource.is_optional and isinstance(error, NotServed):
            self.replace(resource, 0, ())
            return
        with self._changed:
            known = self._troubles.get(resource)
            self._troubles[resource] = error
            self._mark(set())
        if type(known) is not type(error):
            level = _log.error if isinstance(error, Stalled) else _log.warning
            level("cluster_not_seen", resource=resource.name, error=str(error))

    def close(self) -> None:
        """Have everyone who waits in `take` return."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def take(self, timeout: timedelta) -> News:
        """What differs from what was told last, waiting for it up to `timeout`."""
        news = News({})

        def has_news() -> bool:
            nonlocal news
            news = self._news()
            return bool(news.healths or news.vanished) or self._is_closed

        with self._changed:
            self._changed.wait_for(has_news, timeout.total_seconds())
        return news

    def names(self) -> frozenset[str]:
        """The environments that any known object is of. Raises Transient or Stalled while the picture is incomplete."""
        with self._changed:
            for resource in self._unlisted:
                if not self._is_excused(resource):
                    raise self._troubles.get(resource) or Transient(f"listing {resource.name}: not done yet")
            return self._names()

    def problems(self) -> tuple[str, ...]:
        """What cannot be seen at present, in sentences."""
        with self._changed:
            return tuple(f"{error} {resource.without}".rstrip() for resource, error in self._troubles.items())

    def _mark(self, namespaces: set[str]) -> None:
        self._dirty |= namespaces
        self._changed.notify_all()

    def _is_excused(self, resource: Resource) -> bool:
        return resource is not NAMESPACES and isinstance(self._troubles.get(resource), Stalled)

    def _news(self) -> News:
        if not all(self._is_excused(resource) for resource in self._unlisted):
            return News({})
        self._begin_round()
        healths, vanished = {}, set()
        for name in self._dirty:
            health = self._health(name)
            if health is None:
                vanished |= self._told.keys() & {name}
            elif health != self._told.get(name):
                healths[name] = self._told[name] = health
        for name in vanished:
            del self._told[name]
        self._dirty.clear()
        return News(healths, frozenset(vanished))

    def _begin_round(self) -> None:
        """Once all has been listed again, tell all again: what the listener lost in the meantime heals."""
        if all(resource in self._lists_since_round or self._is_excused(resource) for resource in self._objects):
            self._lists_since_round.clear()
            self._told = dict.fromkeys(self._told)
            self._dirty.update(self._names())

    def _health(self, name: str) -> Health | None:
        return health_of(seen for objects in self._objects.values() for seen in objects.of(name))

    def _names(self) -> frozenset[str]:
        """Of all but the events, which outlive what they tell of."""
        lasting = (objects for resource, objects in self._objects.items() if resource.keeps is None)
        return frozenset(name for objects in lasting for name in objects.namespaces())
