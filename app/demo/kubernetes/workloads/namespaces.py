"""Namespaces: what a new one gets, and how one ends - marked, emptied, finalized, gone.

Source: k8s.io/kubernetes/pkg/controller/namespace/deletion.
"""

from app.demo.kubernetes.apiserver.errors import ApiError
from app.demo.kubernetes.apiserver.kinds import CONFIG_MAP, KINDS, NAMESPACE, SERVICE_ACCOUNT, Json
from app.demo.kubernetes.apiserver.store import Record
from app.demo.kubernetes.apiserver.verbs import Target, Verbs
from app.demo.kubernetes.workloads.failures import Pace
from app.demo.kubernetes.workloads.loop import Key, Reconciler, itself
from app.demo.kubernetes.workloads.objects import condition, is_going, with_conditions

_CERTIFICATE = "-----BEGIN CERTIFICATE-----\nc2ltdWxhdGVk\n-----END CERTIFICATE-----\n"


class Namespaces:
    """The namespace controller, with those that give a namespace its default objects."""

    def __init__(self, verbs: Verbs, pace: Pace) -> None:
        self._verbs = verbs
        self._pace = pace
        self._marked: set[str] = set()

    def reconciler(self) -> Reconciler:
        """What the loop calls."""
        return Reconciler(self._reconcile, {NAMESPACE: itself})

    def _reconcile(self, key: Key) -> float | None:
        namespace = self._verbs.get(Target(NAMESPACE, "", key.name))
        if not is_going(namespace):
            self._furnish(key.name)
            return None
        if namespace.body["metadata"]["uid"] not in self._marked:
            self._marked.add(namespace.body["metadata"]["uid"])
            return self._pace.termination_seconds
        return self._empty(namespace)

    def _furnish(self, name: str) -> None:
        account, certificate = Target(SERVICE_ACCOUNT, name, "default"), Target(CONFIG_MAP, name, "kube-root-ca.crt")
        if self._verbs.store.find(SERVICE_ACCOUNT, name, "default") is None:
            self._verbs.create(account, {"metadata": {"name": "default"}})
        if self._verbs.store.find(CONFIG_MAP, name, "kube-root-ca.crt") is None:
            body = {"metadata": {"name": "kube-root-ca.crt"}, "data": {"ca.crt": _CERTIFICATE}}
            self._verbs.create(certificate, body)

    def _empty(self, namespace: Record) -> float | None:
        for record in self._content(namespace.name):
            if not is_going(record):
                self._delete(record)
        rest = self._content(namespace.name)
        if rest:
            self._tell(namespace, rest)
            return max(0.02, self._pace.termination_seconds)
        self._marked.discard(namespace.body["metadata"]["uid"])
        finalize = Target(NAMESPACE, "", namespace.name, "finalize")
        self._tell(namespace, rest)
        self._verbs.change(finalize, lambda body: body | {"spec": {**body["spec"], "finalizers": []}})
        return None

    def _content(self, name: str) -> list[Record]:
        store = self._verbs.store
        return [record for kind in KINDS if kind.is_namespaced for record in store.all(kind, name)]

    def _delete(self, record: Record) -> None:
        try:
            self._verbs.delete(Target(record.kind, record.namespace, record.name))
        except ApiError as error:
            if error.code != 404:
                raise

    def _tell(self, namespace: Record, rest: list[Record]) -> None:
        def told(body: Json) -> Json:
            conditions = with_conditions(body["status"].get("conditions", ()), _conditions(rest))
            return body | {"status": {**body["status"], "conditions": conditions}}

        self._verbs.change(Target(NAMESPACE, "", namespace.name, "status"), told)


def _conditions(rest: list[Record]) -> list[Json]:
    good = [
        ("NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", "All resources successfully discovered"),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        (
            "NamespaceDeletionContentFailure",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
    ]
    conditions = [condition(kind, "False", reason, message) for kind, reason, message in good]
    return [*conditions, _remaining(rest), _finalizing(rest)]


def _remaining(rest: list[Record]) -> Json:
    if not rest:
        return condition("NamespaceContentRemaining", "False", "ContentRemoved", "All content successfully removed")
    counts: dict[str, int] = {}
    for record in rest:
        counts[record.kind.qualified] = counts.get(record.kind.qualified, 0) + 1
    listed = ", ".join(f"{name}. has {count} resource instances" for name, count in sorted(counts.items()))
    message = f"Some resources are remaining: {listed}"
    return condition("NamespaceContentRemaining", "True", "SomeResourcesRemain", message)


def _finalizing(rest: list[Record]) -> Json:
    counts: dict[str, int] = {}
    for record in rest:
        for finalizer in record.body["metadata"].get("finalizers") or ():
            counts[finalizer] = counts.get(finalizer, 0) + 1
    if not counts:
        message = "All content-preserving finalizers finished"
        return condition("NamespaceFinalizersRemaining", "False", "ContentHasNoFinalizers", message)
    listed = ", ".join(f"{name} in {count} resource instances" for name, count in sorted(counts.items()))
    message = f"Some content in the namespace has finalizers remaining: {listed}"
    return condition("NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain", message)
