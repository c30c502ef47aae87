"""A Namespace as the API tells it."""

import msgspec

from app.cluster.seen import SeenNamespace, cut, holding_of
from app.cluster.shapes import Condition, Metadata

_HOLDING = (
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceContentRemaining",
    "NamespaceFinalizersRemaining",
)
"""Conditions that are True while they hold up a removal (k8s.io/api/core/v1/types.go, NamespaceConditionType)."""


class _Spec(msgspec.Struct, gc=False):
    finalizers: tuple[str, ...] | None = None


class _Status(msgspec.Struct, gc=False):
    phase: str = ""
    conditions: list[Condition] | None = None


class Namespace(msgspec.Struct, gc=False):
    """What is read of one (k8s.io/api/core/v1/types.go)."""

    metadata: Metadata
    spec: _Spec | None = None
    status: _Status | None = None


def read_namespace(raw: Namespace) -> SeenNamespace:
    """The namespace, with the cluster's reasons and its own finalizers while it terminates."""
    metadata, status = raw.metadata, raw.status or _Status()
    is_terminating = metadata.deletion_timestamp is not None or status.phase == "Terminating"
    own = (raw.spec and raw.spec.finalizers) or ()
    return SeenNamespace(
        namespace=metadata.name,
        revision=int(metadata.resource_version),
        is_terminating=is_terminating,
        notes=_notes(status) if is_terminating else (),
        holding=holding_of(f"Namespace/{metadata.name}", metadata, more=own),
    )


def _notes(status: _Status) -> tuple[str, ...]:
    conditions = {condition.type: condition for condition in status.conditions or () if condition.status == "True"}
    return tuple(cut(conditions[kind].message or kind) for kind in _HOLDING if kind in conditions)
