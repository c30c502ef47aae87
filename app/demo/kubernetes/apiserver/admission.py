"""What is decided about a pod before it exists: its account, LimitRange defaults, Pod Security.

Sources: k8s.io/kubernetes/plugin/pkg/admission/{limitranger,serviceaccount} and
k8s.io/pod-security-admission/policy, shortened to what manifests of an environment meet.
"""

from app.demo.kubernetes.apiserver.errors import forbidden
from app.demo.kubernetes.apiserver.kinds import (
    LIMIT_RANGE,
    NAMESPACE,
    POD,
    SERVICE_ACCOUNT,
    Json,
)
from app.demo.kubernetes.apiserver.podsecurity import violations
from app.demo.kubernetes.apiserver.store import Store

_ENFORCE = "pod-security.kubernetes.io/enforce"


def admit_pod(store: Store, body: Json) -> None:
    """Fills in what the namespace's LimitRanges say, in place. Raises 403 when the pod may not be."""
    namespace, name = body["metadata"]["namespace"], body["metadata"]["name"]
    account = body["spec"].setdefault("serviceAccountName", "default")
    if store.find(SERVICE_ACCOUNT, namespace, account) is None:
        why = f'error looking up service account {namespace}/{account}: serviceaccount "{account}" not found'
        raise forbidden(POD, name, why)
    _fill_limits(store, body)
    record = store.find(NAMESPACE, "", namespace)
    labels = (record.body["metadata"].get("labels") or {}) if record else {}
    if labels.get(_ENFORCE) == "restricted" and (found := violations(body["spec"])):
        raise forbidden(POD, name, f'violates PodSecurity "restricted:latest": {", ".join(found)}')


def _fill_limits(store: Store, body: Json) -> None:
    for record in store.all(LIMIT_RANGE, body["metadata"]["namespace"]):
        for item in record.body.get("spec", {}).get("limits", ()):
            if item.get("type") == "Container":
                for container in body["spec"]["containers"]:
                    _fill_container(container["resources"], item)


def _fill_container(resources: Json, limits: Json) -> None:
    before = dict(resources.get("limits") or {})
    resources["limits"] = {**(limits.get("default") or {}), **before}
    # A limit without a request is the request as well; only what is still missing comes from the LimitRange.
    resources["requests"] = {**(limits.get("defaultRequest") or {}), **before, **(resources.get("requests") or {})}
