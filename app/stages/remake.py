"""Makes again what was recorded: the recorded spec, rendered with the recorded templates, over all processors.

Imported by processes of its own, so it stays small.
"""

import json
import multiprocessing
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from app.errors import Transient
from gitops.errors import GitopsError
from gitops.render import Templates
from gitops.spec import Spec
from gitops.syncs import divided
from gitops.tree import tree_id

Files = Mapping[str, str]
"""`{"web/service.yaml.j2": text}`."""

ALONE = 1000
"""So many are made faster by one process than others are started."""
_CHUNK = 100


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made again."""

    templates: str
    """The digest of their version."""
    spec: str
    """JSON, with sorted keys: the same spec is made once."""
    folder: str
    is_divided: bool
    """The manifest of its Namespace lies in the file beside the folder."""


@dataclass(frozen=True, slots=True)
class Product:
    """What came of an order."""

    tree: str | None
    namespace: bytes | None = None
    """The manifest that lies beside the folder, where it is divided."""
    problem: str | None = None
    """Why there is nothing."""


def order(templates: str, spec: Mapping[str, Any], folder: str, *, is_divided: bool) -> Order:
    """The order of one recorded spec."""
    return Order(templates, json.dumps(spec, sort_keys=True), folder, is_divided)


def remake(versions: Mapping[str, Files], orders: Iterable[Order], alone: int = ALONE) -> dict[Order, Product]:
    """What comes of each order, each made once; fewer than `alone` by this process. Raises Transient when another
    process was killed."""
    wanted = sorted(set(orders), key=lambda each: (each.templates, each.folder))
    if len(wanted) < alone:
        workshop = Workshop(versions)
        return {each: workshop.make(each) for each in wanted}
    try:
        with _processes(versions) as processes:
            return dict(zip(wanted, processes.map(_make, wanted, chunksize=_CHUNK), strict=True))
    except BrokenProcessPool as error:
        raise Transient("rendering what was recorded: a process was killed; is there enough memory?") from error


class Workshop:
    """Compiles each version once."""

    def __init__(self, versions: Mapping[str, Files]) -> None:
        self._versions = versions
        self._compiled: dict[str, Templates] = {}

    def make(self, wanted: Order) -> Product:
        """What comes of one order."""
        try:
            spec = Spec.from_mapping(json.loads(wanted.spec))
            if spec.folder != wanted.folder:
                return Product(None, problem=f"the recorded spec is of {spec.folder}")
            files = self._templates(wanted.templates).render(spec)
            if not wanted.is_divided:
                return Product(tree_id(files))
            namespace, rest = divided(files)
            return Product(tree_id(rest), namespace)
        except GitopsError as error:
            return Product(None, problem=str(error))
        except (StopIteration, KeyError):
            return Product(
                None, problem=f"version {wanted.templates[:12]} of the templates is not kept, or has no Namespace"
            )

    def _templates(self, digest: str) -> Templates:
        if digest not in self._compiled:
            made = Templates.of(self._versions[digest])
            if made.digest != digest:
                raise KeyError(digest)
            self._compiled[digest] = made
        return self._compiled[digest]


@contextmanager
def _processes(versions: Mapping[str, Files]) -> Iterator[ProcessPoolExecutor]:
    # Not forked: this process holds connections and threads.
    context = multiprocessing.get_context("spawn")
    begin = partial(_begin, dict(versions))
    with ProcessPoolExecutor(os.cpu_count() or 1, context, initializer=begin) as processes:
        yield processes


_workshop: list[Workshop] = []


def _begin(versions: Mapping[str, Files]) -> None:
    _workshop.append(Workshop(versions))


def _make(wanted: Order) -> Product:
    return _workshop[0].make(wanted)
