"""A Namespace as the API tells it."""

from collections.abc import Mapping
from typing import Any

from app.cluster.seen import SeenNamespace, conditions_of, cut, revision_of

_HOLDING = (
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceContentRemaining",
    "NamespaceFinalizersRemaining",
)
"""Conditions that are True while they hold up a removal (k8s.io/api/core/v1/types.go, NamespaceConditionType)."""


def read_namespace(raw: Mapping[str, Any]) -> SeenNamespace:
    """The namespace, with the cluster's reasons while it terminates."""
    metadata = raw["metadata"]
    phase = (raw.get("status") or {}).get("phase")
    is_terminating = bool(metadata.get("deletionTimestamp")) or phase == "Terminating"
    return SeenNamespace(metadata["name"], revision_of(raw), is_terminating, _notes(raw) if is_terminating else ())


def _notes(raw: Mapping[str, Any]) -> tuple[str, ...]:
    conditions = conditions_of(raw)
    return tuple(
        cut(conditions[kind].get("message") or kind)
        for kind in _HOLDING
        if conditions.get(kind, {}).get("status") == "True"
    )
