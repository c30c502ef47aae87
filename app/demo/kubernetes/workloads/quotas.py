"""The quota controller: what a namespace uses, written into the status of its ResourceQuotas."""

from app.demo.kubernetes.apiserver.kinds import KINDS, RESOURCE_QUOTA
from app.demo.kubernetes.apiserver.quotas import quota_status
from app.demo.kubernetes.apiserver.store import Record
from app.demo.kubernetes.apiserver.verbs import Target, Verbs
from app.demo.kubernetes.workloads.loop import Key, Reconciler


class Quotas:
    """The controller; the API itself counts anew at every create."""

    def __init__(self, verbs: Verbs) -> None:
        self._verbs = verbs

    def reconciler(self) -> Reconciler:
        """What the loop calls."""
        namespaced = [kind for kind in KINDS if kind.is_namespaced and not kind.is_custom]
        return Reconciler(self._reconcile, dict.fromkeys(namespaced, self._quotas_near))

    def _quotas_near(self, record: Record) -> list[Key]:
        return [Key(quota.namespace, quota.name) for quota in self._verbs.store.all(RESOURCE_QUOTA, record.namespace)]

    def _reconcile(self, key: Key) -> float | None:
        quota = self._verbs.get(Target(RESOURCE_QUOTA, key.namespace, key.name))
        hard = quota.body.get("spec", {}).get("hard", {})
        status = quota_status(self._verbs.store, key.namespace, hard)
        target = Target(RESOURCE_QUOTA, key.namespace, key.name, "status")
        self._verbs.change(target, lambda body: body | {"status": status})
        return None
