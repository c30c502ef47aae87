"""A namespace of a test's own, and what tests put into it."""

from dataclasses import dataclass

from tests.contract.kubernetes.api import Api, Json

RBAC = "rbac.authorization.k8s.io"


@dataclass(frozen=True, slots=True)
class Place:
    """One namespace, seen by an administrator."""

    api: Api
    name: str

    @property
    def path(self) -> str:
        """Itself."""
        return f"/api/v1/namespaces/{self.name}"

    @property
    def maps(self) -> str:
        """Its ConfigMaps."""
        return f"{self.path}/configmaps"

    @property
    def deployments(self) -> str:
        """Its Deployments."""
        return f"/apis/apps/v1/namespaces/{self.name}/deployments"

    def put(self, name: str, labels: Json | None = None, **data: str) -> Json:
        """Create a ConfigMap and return it."""
        return self.api.create(self.maps, {"metadata": {"name": name, "labels": labels or {}}, "data": data})

    def newcomer(self, name: str, *rules: Json) -> Api:
        """Return the API as a new ServiceAccount of this namespace that may do what the rules of its Role say."""
        self.api.create(f"{self.path}/serviceaccounts", {"metadata": {"name": name}})
        roles = f"/apis/{RBAC}/v1/namespaces/{self.name}"
        self.api.create(f"{roles}/roles", {"metadata": {"name": name}, "rules": list(rules)})
        subject = {"kind": "ServiceAccount", "name": name, "namespace": self.name}
        reference = {"apiGroup": RBAC, "kind": "Role", "name": name}
        binding = {"metadata": {"name": name}, "subjects": [subject], "roleRef": reference}
        self.api.create(f"{roles}/rolebindings", binding)
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        made = self.api.create(f"{self.path}/serviceaccounts/{name}/token", asked)
        return self.api.signed_in(made["status"]["token"])


def names(listed: Json) -> list[str]:
    """Return the names in a list, in its order."""
    return [item["metadata"]["name"] for item in listed["items"]]


def condition(item: Json, kind: str) -> Json:
    """Return a condition of an object; empty when it has none of that type."""
    found: list[Json] = (item.get("status") or {}).get("conditions") or []
    return next((entry for entry in found if entry["type"] == kind), {})


def deployment(name: str, *, replicas: int = 1, cpu: str = "10m") -> Json:
    """Return a Deployment of a container that is always ready."""
    labels = {"app": name}
    limits = {"cpu": cpu, "memory": "16Mi"}
    container = {"name": "app", "image": "registry.example/app:1", "resources": {"requests": limits, "limits": limits}}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}
