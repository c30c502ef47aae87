"""What Ephemera may do in a cluster: its work, and nothing else. Asked with the token of its own ServiceAccount.

Two locks, told apart by their words: RBAC names the verb that is missing, the admission policy names itself. Every
request is a dry run, so that a lock which does not hold breaks nothing.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from app.demo.real.kube_api import ApiError, KubeApi
from app.demo.real.manifests import Json
from app.demo.real.stack import Syncer
from tests.e2e import options
from tests.e2e.realm import Realm
from tests.scenarios.shop import Shop

_POLICY = "ValidatingAdmissionPolicy 'ephemera-only-wakes' with binding 'ephemera-only-wakes' denied request: "
_NOTHING_MADE = _POLICY + "Ephemera creates and deletes nothing"
_OTHER_ANNOTATION = _POLICY + "Ephemera changes no annotation but those that wake the syncer"
_ONLY_ANNOTATIONS = _POLICY + "Ephemera changes annotations only"
_DRY = {"dryRun": "All"}
_NAME = "rights"
_RBAC = "/apis/rbac.authorization.k8s.io/v1"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of the syncer's objects that Ephemera wakes."""

    api_version: str
    kind: str
    plural: str
    namespace: str
    wake: str
    """The annotation."""
    spec: Json
    """Of an object that the syncer leaves alone."""
    other_spec: Json
    """A change to it."""

    @property
    def collection(self) -> str:
        """The path of all of them."""
        return f"/apis/{self.api_version}/namespaces/{self.namespace}/{self.plural}"

    @property
    def path(self) -> str:
        """The path of the one that is tried."""
        return f"{self.collection}/{_NAME}"

    def document(self, **metadata: object) -> Json:
        """The object that is tried."""
        named = {"name": _NAME, "namespace": self.namespace, **metadata}
        return {"apiVersion": self.api_version, "kind": self.kind, "metadata": named, "spec": self.spec}


_DESTINATION = {"server": "https://kubernetes.default.svc", "namespace": "pr-0-rights"}
_SOURCE = {"repoURL": "https://git.example.com/none", "path": "none", "targetRevision": "main"}
_APPLICATION = {"project": "ephemera", "source": _SOURCE, "destination": _DESTINATION}
_APPLICATIONSET = {"generators": [], "template": {"metadata": {"name": "none"}, "spec": _APPLICATION}}
_GIT_REPOSITORY = {"url": "https://git.example.com/none", "interval": "10m", "suspend": True}
_KUSTOMIZATION = {
    "sourceRef": {"kind": "GitRepository", "name": "none"},
    "interval": "10m",
    "prune": False,
    "suspend": True,
}
_ARGO, _REQUESTED = "argoproj.io/v1alpha1", "reconcile.fluxcd.io/requestedAt"
_SOURCES, _KUSTOMIZE = "source.toolkit.fluxcd.io/v1", "kustomize.toolkit.fluxcd.io/v1"

KINDS: dict[Syncer, tuple[Kind, ...]] = {
    "argocd": (
        Kind(
            *(_ARGO, "Application", "applications", "argocd", "argocd.argoproj.io/refresh"),
            spec=_APPLICATION,
            other_spec={"project": "default"},
        ),
        Kind(
            *(_ARGO, "ApplicationSet", "applicationsets", "argocd", "argocd.argoproj.io/application-set-refresh"),
            spec=_APPLICATIONSET,
            other_spec={"goTemplate": True},
        ),
    ),
    "flux": (
        Kind(
            *(_SOURCES, "GitRepository", "gitrepositories", "flux-system", _REQUESTED),
            spec=_GIT_REPOSITORY,
            other_spec={"suspend": False},
        ),
        Kind(
            *(_KUSTOMIZE, "Kustomization", "kustomizations", "flux-system", _REQUESTED),
            spec=_KUSTOMIZATION,
            other_spec={"prune": True},
        ),
    ),
}
_PLACES: dict[Syncer, str] = {"argocd": "argocd", "flux": "flux-system"}
_OWNER = {"apiVersion": "v1", "kind": "Namespace", "name": "default", "uid": "0e37b1d2-3f9b-4d4c-9c5e-0f8c5f8f3b1a"}

# {what is changed: (the merge patch, the words of the refusal)}
_PATCHES: dict[str, tuple[Json, str]] = {
    "labels": ({"metadata": {"labels": {"acme.example/note": "mine"}}}, _ONLY_ANNOTATIONS),
    "every label": ({"metadata": {"labels": None}}, _ONLY_ANNOTATIONS),
    "finalizers": ({"metadata": {"finalizers": ["acme.example/mine"]}}, _ONLY_ANNOTATIONS),
    "every finalizer": ({"metadata": {"finalizers": None}}, _ONLY_ANNOTATIONS),
    "owners": ({"metadata": {"ownerReferences": [_OWNER]}}, _ONLY_ANNOTATIONS),
    "another annotation": ({"metadata": {"annotations": {"acme.example/other": "1"}}}, _OTHER_ANNOTATION),
    "an annotation's value": ({"metadata": {"annotations": {"acme.example/note": "mine"}}}, _OTHER_ANNOTATION),
    "an annotation taken away": ({"metadata": {"annotations": {"acme.example/note": None}}}, _OTHER_ANNOTATION),
    "every annotation": ({"metadata": {"annotations": None}}, _OTHER_ANNOTATION),
}

# Asked of everything that is no business of Ephemera's; {environment} and {syncer} are namespaces.
_REFUSED = (
    ("GET", "/api/v1/secrets"),
    ("GET", "/api/v1/namespaces/{syncer}/secrets"),
    ("GET", "/api/v1/namespaces/{syncer}/secrets/environments"),
    ("GET", "/api/v1/namespaces/{environment}/secrets"),
    ("GET", "/api/v1/namespaces/{environment}/configmaps"),
    ("GET", "/api/v1/namespaces/{syncer}/configmaps/argocd-cm"),
    ("GET", "/api/v1/nodes"),
    ("GET", "/api/v1/namespaces/{environment}/services"),
    ("GET", "/api/v1/namespaces/{environment}"),
    ("GET", "/apis/networking.k8s.io/v1/ingresses"),
    ("GET", "/apis/coordination.k8s.io/v1/leases"),
    ("GET", "/apis/apps/v1/replicasets"),
    ("GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"),
    ("GET", f"{_RBAC}/clusterroles"),
    ("POST", "/api/v1/namespaces"),
    ("DELETE", "/api/v1/namespaces/{environment}"),
    ("PATCH", "/api/v1/namespaces/{environment}"),
    ("PUT", "/api/v1/namespaces/{environment}/finalize"),
    ("POST", "/api/v1/namespaces/{environment}/pods"),
    ("DELETE", "/api/v1/namespaces/{environment}/pods"),
    ("DELETE", "/api/v1/namespaces/{environment}/pods/web"),
    ("POST", "/api/v1/namespaces/{environment}/pods/web/exec"),
    ("POST", "/api/v1/namespaces/{environment}/pods/web/attach"),
    ("POST", "/api/v1/namespaces/{environment}/pods/web/portforward"),
    ("POST", "/api/v1/namespaces/{environment}/pods/web/eviction"),
    ("PATCH", "/api/v1/namespaces/{environment}/pods/web"),
    ("PATCH", "/api/v1/persistentvolumes/any"),
    ("PATCH", "/apis/apps/v1/namespaces/{environment}/deployments/web"),
    ("PATCH", "/apis/apps/v1/namespaces/{environment}/deployments/web/scale"),
    ("DELETE", "/apis/apps/v1/namespaces/{environment}/deployments/web"),
    ("POST", "/apis/batch/v1/namespaces/{environment}/jobs"),
    ("POST", "/api/v1/namespaces/ephemera/serviceaccounts/ephemera/token"),
    ("PATCH", f"{_RBAC}/clusterroles/ephemera"),
    ("POST", f"{_RBAC}/clusterrolebindings"),
    ("PATCH", f"{_RBAC}/namespaces/{{syncer}}/roles/ephemera"),
    (
        "DELETE",
        "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/ephemera-only-wakes",
    ),
)


@pytest.fixture(scope="module")
def ephemera(realm: Realm) -> KubeApi:
    """Give the API as Ephemera sees it."""
    return realm.api.with_token(realm.cluster.settings()["EPHEMERA_CLUSTER_TOKEN"])


@pytest.fixture(params=KINDS[options.syncer()], ids=lambda kind: kind.kind)
def kind(request: pytest.FixtureRequest, realm: Realm) -> Iterator[Kind]:
    """Give each kind that is woken, with one object of it that has something of everything."""
    tried: Kind = request.param
    marks = {"acme.example/note": "kept"}
    realm.api.apply([tried.document(annotations=marks, labels=marks, finalizers=["acme.example/held"])])
    yield tried
    realm.api.delete(tried.api_version, tried.kind, _NAME, tried.namespace)
    # More than once: a controller that adds a finalizer of its own puts back those that it saw before.
    realm.world.await_true(lambda: _is_released(realm.api, tried), f"the end of the {tried.kind}")


def _is_released(api: KubeApi, tried: Kind) -> bool:
    if api.get(tried.api_version, tried.kind, _NAME, tried.namespace) is None:
        return True
    with suppress(ApiError):
        api.patch(tried.api_version, tried.kind, _NAME, {"metadata": {"finalizers": None}}, tried.namespace)
    return False


def refusal(api: KubeApi, method: str, path: str, body: object = None) -> str:
    """Why the API server forbids it. Fails where it does not."""
    patches = {"Content-Type": "application/merge-patch+json"} if method == "PATCH" else {}
    sent = body if body is not None or method in ("GET", "DELETE") else {}
    with pytest.raises(ApiError) as raised:
        api.request(method, path, sent, params={} if method == "GET" else _DRY, headers=patches)
    assert raised.value.code == 403, raised.value
    return str(raised.value.status["message"])


def patch(api: KubeApi, path: str, body: Json, **query: str) -> Json:
    """What a merge patch makes of the object."""
    headers = {"Content-Type": "application/merge-patch+json"}
    changed: Json = api.request("PATCH", path, body, params=query, headers=headers).json()
    return changed


def test_check_finds_everything_allowed_that_is_needed(realm: Realm) -> None:
    done = realm.world.ephemera("check")
    assert done.returncode == 0, done.stdout
    assert all(line.startswith("ok ") for line in done.stdout.splitlines()), done.stdout
    assert "patch" in done.stdout


def test_log_of_a_pod_may_be_read(realm: Realm, shop: Shop, ephemera: KubeApi) -> None:
    namespace = shop.row(shop.open_until_ready()).namespace
    (pod,) = ephemera.list("v1", "Pod", labelSelector=f"ephemera.dev/environment={namespace}")
    assert ephemera.get("v1", "Pod", pod["metadata"]["name"], namespace)
    assert ephemera.log(namespace, pod["metadata"]["name"], tailLines="1")


@pytest.mark.parametrize(("method", "path"), _REFUSED, ids=[" ".join(row) for row in _REFUSED])
def test_what_is_no_business_of_ephemera_is_refused_by_rbac(
    realm: Realm, ephemera: KubeApi, method: str, path: str
) -> None:
    words = refusal(ephemera, method, path.format(environment="pr-1-shop", syncer=_PLACES[realm.syncer]))
    assert 'User "system:serviceaccount:ephemera:ephemera" cannot ' in words


def test_nobody_else_may_be_played(ephemera: KubeApi) -> None:
    with pytest.raises(ApiError, match="cannot impersonate") as raised:
        ephemera.request("GET", "/api/v1/namespaces", headers={"Impersonate-User": "admin"})
    assert raised.value.code == 403


def test_objects_of_the_syncer_are_neither_made_nor_replaced_nor_deleted(kind: Kind, ephemera: KubeApi) -> None:
    for verb, method, path in (
        ("create", "POST", kind.collection),
        ("update", "PUT", kind.path),
        ("delete", "DELETE", kind.path),
        ("deletecollection", "DELETE", kind.collection),
        ("get", "GET", kind.path),
        ("patch", "PATCH", f"{kind.path}/status"),
    ):
        assert f"cannot {verb} resource" in refusal(ephemera, method, path)


def test_syncer_is_seen_and_woken_in_its_own_namespace_only(kind: Kind, ephemera: KubeApi) -> None:
    elsewhere = kind.collection.replace(f"/namespaces/{kind.namespace}/", "/namespaces/default/")
    assert "cannot list resource" in refusal(ephemera, "GET", elsewhere)
    assert "cannot patch resource" in refusal(ephemera, "PATCH", f"{elsewhere}/{_NAME}")
    assert "cannot list resource" in refusal(ephemera, "GET", f"/apis/{kind.api_version}/{kind.plural}")


@pytest.mark.parametrize("what", _PATCHES)
def test_policy_refuses_to_change(realm: Realm, kind: Kind, ephemera: KubeApi, what: str) -> None:
    body, words = _PATCHES[what]
    assert refusal(ephemera, "PATCH", kind.path, body).endswith(words)
    # It is the policy that minds, not the API server.
    patch(realm.api, kind.path, body, **_DRY)


@pytest.mark.parametrize("what", [what for what in _PATCHES if what != "every annotation"])
def test_policy_refuses_the_same_beside_a_wake(kind: Kind, ephemera: KubeApi, what: str) -> None:
    body, words = _PATCHES[what]
    metadata = body["metadata"]
    annotations = {**metadata.get("annotations", {}), kind.wake: "normal"}
    both = {"metadata": {**metadata, "annotations": annotations}}
    assert refusal(ephemera, "PATCH", kind.path, both).endswith(words)


def test_policy_refuses_to_change_the_spec(realm: Realm, kind: Kind, ephemera: KubeApi) -> None:
    body = {"spec": kind.other_spec}
    assert refusal(ephemera, "PATCH", kind.path, body).endswith(_ONLY_ANNOTATIONS)
    assert patch(realm.api, kind.path, body, **_DRY)["spec"] != kind.spec


def test_waking_passes(kind: Kind, ephemera: KubeApi, realm: Realm) -> None:
    wakes = {"metadata": {"annotations": {kind.wake: "true"}}}
    assert patch(ephemera, kind.path, wakes, **_DRY)["metadata"]["annotations"][kind.wake] == "true"
    assert patch(ephemera, kind.path, {}, **_DRY)["metadata"]["annotations"] == {"acme.example/note": "kept"}
    # And where there is no annotation yet.
    patch(realm.api, kind.path, {"metadata": {"annotations": None}})
    assert patch(ephemera, kind.path, {}, **_DRY)["metadata"].get("annotations") is None
    assert patch(ephemera, kind.path, wakes, **_DRY)["metadata"]["annotations"] == {kind.wake: "true"}


@pytest.mark.parametrize(
    "kind", [found for found in KINDS[options.syncer()] if found.kind == "Application"], indirect=True
)
@pytest.mark.parametrize(
    "body",
    [
        {"status": {"sync": {"status": "Synced"}}},
        {"operation": {"sync": {"revision": "main", "prune": True}}},
        {"operation": {"initiatedBy": {"username": "admin"}}},
    ],
    ids=["status", "sync", "operation"],
)
def test_application_has_no_status_subresource_and_still_only_its_annotations_change(
    realm: Realm, kind: Kind, ephemera: KubeApi, body: Json
) -> None:
    assert refusal(ephemera, "PATCH", kind.path, body).endswith(_ONLY_ANNOTATIONS)
    changed = patch(realm.api, kind.path, body, **_DRY)
    assert all(field in changed for field in body)


@pytest.fixture
def widened(realm: Realm) -> Iterator[None]:
    """Have somebody give Ephemera far too much: the whole cluster."""
    name = {"name": "ephemera-too-much"}
    subject = {"kind": "ServiceAccount", "name": "ephemera", "namespace": "ephemera"}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    binding: dict[str, Any] = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": name,
        "roleRef": role,
        "subjects": [subject],
    }
    realm.api.apply([binding])
    yield
    realm.api.delete(binding["apiVersion"], binding["kind"], name["name"])


@pytest.mark.usefixtures("widened")
def test_policy_holds_where_somebody_gave_too_many_rights(realm: Realm, kind: Kind, ephemera: KubeApi) -> None:
    # The API server's authorizer learns of the binding by a watch.
    realm.world.await_true(lambda: _may_read_secrets(ephemera), "the rights to be given")
    other = kind.document()
    other["metadata"]["name"] = "other"
    assert refusal(ephemera, "POST", kind.collection, other).endswith(_NOTHING_MADE)
    assert refusal(ephemera, "DELETE", kind.path).endswith(_NOTHING_MADE)
    words = realm.world.await_true(lambda: _update(realm, kind, ephemera), "an update at the present version")
    assert words.endswith(_ONLY_ANNOTATIONS)


def _update(realm: Realm, kind: Kind, ephemera: KubeApi) -> str | None:
    """Why an update of the spec is refused; None where the syncer wrote in between."""
    held = realm.api.get(kind.api_version, kind.kind, _NAME, kind.namespace)
    assert held is not None
    changed = {**held, "spec": {**held["spec"], **kind.other_spec}}
    with pytest.raises(ApiError) as raised:
        ephemera.request("PUT", kind.path, changed, params=_DRY)
    return str(raised.value.status["message"]) if raised.value.code != 409 else None


def _may_read_secrets(api: KubeApi) -> bool:
    try:
        api.request("GET", "/api/v1/secrets", params={"limit": "1"})
    except ApiError:
        return False
    return True
