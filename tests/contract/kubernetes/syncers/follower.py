"""A syncer as the tests drive it: what is committed with an environment, whom to poke, and how to tell what it did."""

from dataclasses import dataclass
from itertools import count
from typing import Protocol

from tests.contract.kubernetes.api import Api, Json
from tests.contract.kubernetes.place import condition
from tests.contract.kubernetes.syncers import roots
from tests.contract.kubernetes.syncers.repository import CLUSTER, Repository

_ARGOCD = f"/apis/argoproj.io/v1alpha1/namespaces/{roots.ARGOCD}"
_SOURCES = f"/apis/source.toolkit.fluxcd.io/v1/namespaces/{roots.FLUX}/gitrepositories"
_KUSTOMIZATIONS = f"/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/{roots.FLUX}/kustomizations"
_REFRESH = "argocd.argoproj.io/application-set-refresh"
_numbers = count(1)


class Follower(Protocol):
    """Argo CD or Flux."""

    def follow(self) -> None:
        """Have it follow the repository; may be called twice."""

    def add(self, repository: Repository, environment: str) -> None:
        """Write what the repository needs for an environment beside its folder."""

    def drop(self, repository: Repository, environment: str) -> None:
        """Remove that."""

    def poke_root(self) -> None:
        """Tell it that an environment came or went."""

    def poke(self, environment: str) -> None:
        """Tell it that an environment changed."""

    def path(self, environment: str) -> str:
        """Return the path of the object that stands for an environment."""

    def is_applied(self, item: Json, commit: str) -> bool:
        """Tell whether that object says that a commit is applied."""

    def has_failed(self, item: Json, commit: str) -> bool:
        """Tell whether it says that a commit is not, and why."""

    def complaint(self, item: Json) -> str:
        """Return what it says about that."""

    def applied_objects(self, item: Json) -> set[tuple[str, str]]:
        """Return {(kind, name)} of what it has applied."""


@dataclass(frozen=True, slots=True)
class ArgoCD:
    """Its ApplicationSet and Applications."""

    api: Api

    def follow(self) -> None:
        """See Follower."""
        for collection, body in (
            ("appprojects", roots.project()),
            ("applicationsets", roots.application_set(self.api.target)),
        ):
            path = f"{_ARGOCD}/{collection}/{roots.ROOT}"
            answer = self.api.apply(path, body, "contract", force=True)
            assert answer.code < 300, answer.text

    def add(self, repository: Repository, environment: str) -> None:
        """See Follower: its folder is enough."""

    def drop(self, repository: Repository, environment: str) -> None:
        """See Follower."""

    def poke_root(self) -> None:
        """See Follower."""
        path = f"{_ARGOCD}/applicationsets/{roots.ROOT}"
        # While the last one is still being heeded, a new one would change nothing, and be taken away with it.
        self.api.wait_for(path, lambda item: _REFRESH not in item["metadata"].get("annotations", {}))
        self.api.patch(path, {"metadata": {"annotations": {_REFRESH: "true"}}})

    def poke(self, environment: str) -> None:
        """See Follower."""
        self.api.patch(self.path(environment), {"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}})

    def path(self, environment: str) -> str:
        """See Follower."""
        return f"{_ARGOCD}/applications/{environment}"

    def is_applied(self, item: Json, commit: str) -> bool:
        """See Follower."""
        status = item.get("status") or {}
        sync, state = status.get("sync") or {}, status.get("operationState") or {}
        is_here = sync.get("status") == "Synced" and sync.get("revision") == commit
        return bool(is_here and state.get("phase") == "Succeeded")

    def has_failed(self, item: Json, commit: str) -> bool:
        """See Follower."""
        state = (item.get("status") or {}).get("operationState") or {}
        is_this = (state.get("syncResult") or {}).get("revision") == commit
        return bool(is_this and state.get("phase") == "Failed")

    def complaint(self, item: Json) -> str:
        """See Follower."""
        message: str = item["status"]["operationState"]["message"]
        return message

    def applied_objects(self, item: Json) -> set[tuple[str, str]]:
        """See Follower."""
        return {(entry["kind"], entry["name"]) for entry in item["status"].get("resources", ())}


@dataclass(frozen=True, slots=True)
class Flux:
    """Its root, and a GitRepository and a Kustomization for each environment."""

    api: Api

    def follow(self) -> None:
        """See Follower."""
        for collection, body in (
            (_SOURCES, roots.root_source(self.api.target)),
            (_KUSTOMIZATIONS, roots.root_kustomization()),
        ):
            answer = self.api.apply(f"{collection}/{roots.ROOT}", body, "contract", force=True)
            assert answer.code < 300, answer.text

    def add(self, repository: Repository, environment: str) -> None:
        """See Follower."""
        source = roots.environment_source(self.api.target, environment)
        repository.write(_sync_file(environment), source, roots.environment_kustomization(environment))

    def drop(self, repository: Repository, environment: str) -> None:
        """See Follower."""
        repository.unlink(_sync_file(environment))

    def poke_root(self) -> None:
        """See Follower."""
        self.poke(roots.ROOT)

    def poke(self, environment: str) -> None:
        """See Follower."""
        asked = {"reconcile.fluxcd.io/requestedAt": f"{environment}-{next(_numbers)}"}
        self.api.patch(f"{_SOURCES}/{environment}", {"metadata": {"annotations": asked}})
        # The source's artifact may be the same: then only this makes it look at the cluster again.
        self.api.patch(self.path(environment), {"metadata": {"annotations": asked}})

    def path(self, environment: str) -> str:
        """See Follower."""
        return f"{_KUSTOMIZATIONS}/{environment}"

    def is_applied(self, item: Json, commit: str) -> bool:
        """See Follower."""
        status = item.get("status") or {}
        is_seen = status.get("observedGeneration") == item["metadata"]["generation"]
        is_here = str(status.get("lastAppliedRevision", "")).endswith(f"@sha1:{commit}")
        return is_seen and is_here and condition(item, "Ready").get("status") == "True"

    def has_failed(self, item: Json, commit: str) -> bool:
        """See Follower."""
        is_this = str((item.get("status") or {}).get("lastAttemptedRevision", "")).endswith(f"@sha1:{commit}")
        return is_this and condition(item, "Ready").get("status") == "False"

    def complaint(self, item: Json) -> str:
        """See Follower."""
        message: str = condition(item, "Ready")["message"]
        return message

    def applied_objects(self, item: Json) -> set[tuple[str, str]]:
        """See Follower."""
        entries = ((item.get("status") or {}).get("inventory") or {}).get("entries") or ()
        found = [entry["id"].split("_") for entry in entries]
        return {(kind, name) for _, name, _, kind in found}


def _sync_file(environment: str) -> str:
    return f"syncs/{CLUSTER}/{environment}.yaml"
