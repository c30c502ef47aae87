"""What the server itself writes into `metadata`, and what a caller may not change there."""

import random
import uuid
from datetime import UTC, datetime

from app.demo.kubernetes.apiserver.kinds import NAMESPACE, Json, Kind

_SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_KEPT = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "namespace",
    "managedFields",
)


def timestamp(moment: datetime | None = None) -> str:
    """The moment, or now, as the API writes it: RFC 3339 in UTC, whole seconds."""
    return (moment or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_timestamp(text: str) -> datetime:
    """The moment that a timestamp of the API names."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def random_suffix() -> str:
    """Five letters, as `generateName` appends: k8s.io/apimachinery/pkg/util/rand."""
    return "".join(random.choices(_SUFFIX_LETTERS, k=5))


def stamp_new(kind: Kind, body: Json) -> None:
    """Gives a new object its uid, age and first generation, and a namespace its own label."""
    metadata = body["metadata"]
    for name in ("deletionTimestamp", "deletionGracePeriodSeconds", "generation", "managedFields"):
        metadata.pop(name, None)
    metadata["uid"] = str(uuid.uuid4())
    metadata["creationTimestamp"] = timestamp()
    if kind.has_generation:
        metadata["generation"] = 1
    if kind is NAMESPACE:
        metadata.setdefault("labels", {})["kubernetes.io/metadata.name"] = metadata["name"]


def keep_identity(old: Json, new: Json) -> None:
    """Puts back what a write may not change."""
    before, after = old["metadata"], new["metadata"]
    for name in _KEPT:
        if name in before:
            after[name] = before[name]
        else:
            after.pop(name, None)
    after["name"] = before["name"]


def namespace_of(body: Json) -> str:
    """The namespace an object lies in; empty for cluster-wide ones."""
    namespace: str = body["metadata"].get("namespace", "")
    return namespace
