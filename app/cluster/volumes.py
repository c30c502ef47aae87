"""A PersistentVolume as the API tells it: whose it is, and what keeps it.

A volume outlives its namespace: by its reclaim policy for a moment or for ever.
"""

from dataclasses import dataclass, field

import msgspec

from app.cluster.seen import Foreign, holding_of, is_environment
from app.cluster.shapes import Metadata
from app.domain.health import Holding


class _Claim(msgspec.Struct, gc=False):
    namespace: str = ""


class _Spec(msgspec.Struct, rename="camel", gc=False):
    claim_ref: _Claim | None = None


class Volume(msgspec.Struct, gc=False):
    """What is read of one (k8s.io/api/core/v1/types.go, PersistentVolume)."""

    metadata: Metadata
    spec: _Spec | None = None


@dataclass(frozen=True, slots=True)
class SeenVolume:
    """A volume that an environment claimed."""

    namespace: str
    """The environment's."""
    revision: int = field(compare=False)
    name: str
    """`PersistentVolume/pvc-1`."""
    holding: Holding | None = None

    @property
    def key(self) -> str:
        """Its name."""
        return self.name


def read_volume(raw: Volume) -> SeenVolume | Foreign:
    """The volume, where its claim lies in an environment; a released volume still names its claim."""
    name, revision = f"PersistentVolume/{raw.metadata.name}", int(raw.metadata.resource_version)
    namespace = claimed_by(raw)
    if not is_environment(namespace):
        return Foreign(namespace, revision, name)
    return SeenVolume(namespace, revision, name, holding_of(name, raw.metadata))


def claimed_by(raw: Volume) -> str:
    """The namespace of the claim; empty where it is claimed by none."""
    claim = raw.spec and raw.spec.claim_ref
    return claim.namespace if claim else ""
