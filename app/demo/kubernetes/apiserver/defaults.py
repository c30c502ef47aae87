"""The fields the server fills in when a manifest leaves them out, for the kinds the controllers read.

Source: k8s.io/kubernetes/pkg/apis/{core,apps,batch}/v1/defaults.go.
"""

import itertools

from app.demo.kubernetes.apiserver import kinds
from app.demo.kubernetes.apiserver.kinds import Json, Kind

_service_numbers = itertools.count(1)


def fill(kind: Kind, body: Json) -> None:
    """Adds the defaults of the kind to the body, in place. Filling twice changes nothing."""
    match kind:
        case kinds.NAMESPACE:
            body.setdefault("spec", {}).setdefault("finalizers", ["kubernetes"])
            body.setdefault("status", {}).setdefault("phase", "Active")
        case kinds.POD:
            _fill_pod(body.setdefault("spec", {}))
            body.setdefault("status", {"phase": "Pending", "qosClass": "Burstable"})
        case kinds.SERVICE:
            _fill_service(body.setdefault("spec", {}))
            body.setdefault("status", {"loadBalancer": {}})
        case kinds.INGRESS:
            body.setdefault("status", {"loadBalancer": {}})
        case kinds.DEPLOYMENT | kinds.REPLICA_SET | kinds.STATEFUL_SET | kinds.JOB:
            _fill_workload(kind, body.setdefault("spec", {}))
            body.setdefault("status", {})
        case kinds.NETWORK_POLICY:
            spec = body.setdefault("spec", {})
            spec.setdefault("policyTypes", ["Ingress", "Egress"] if "egress" in spec else ["Ingress"])
        case kinds.SECRET:
            body.setdefault("type", "Opaque")


def _fill_workload(kind: Kind, spec: Json) -> None:
    _fill_pod(spec.setdefault("template", {}).setdefault("spec", {}))
    spec["template"].setdefault("metadata", {}).setdefault("creationTimestamp", None)
    if kind is kinds.JOB:
        _set_defaults(spec, parallelism=1, completions=1, backoffLimit=6, completionMode="NonIndexed")
        _set_defaults(spec, suspend=False, podReplacementPolicy="TerminatingOrFailed")
        return
    spec.setdefault("replicas", 1)
    if kind is kinds.DEPLOYMENT:
        _set_defaults(spec, revisionHistoryLimit=10, progressDeadlineSeconds=600)
        _fill_rolling_update(spec.setdefault("strategy", {}))
    if kind is kinds.STATEFUL_SET:
        _set_defaults(spec, revisionHistoryLimit=10, podManagementPolicy="OrderedReady")
        update = spec.setdefault("updateStrategy", {})
        if update.setdefault("type", "RollingUpdate") == "RollingUpdate":
            update.setdefault("rollingUpdate", {}).setdefault("partition", 0)


def _fill_rolling_update(strategy: Json) -> None:
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        _set_defaults(strategy.setdefault("rollingUpdate", {}), maxUnavailable="25%", maxSurge="25%")


def _fill_pod(spec: Json) -> None:
    _set_defaults(spec, restartPolicy="Always", terminationGracePeriodSeconds=30, dnsPolicy="ClusterFirst")
    _set_defaults(spec, securityContext={}, schedulerName="default-scheduler")
    if "serviceAccountName" in spec:
        spec.setdefault("serviceAccount", spec["serviceAccountName"])
    for container in [*spec.get("initContainers", ()), *spec.get("containers", ())]:
        _fill_container(container)


def _fill_container(container: Json) -> None:
    image = str(container.get("image", ""))
    is_latest = image.endswith(":latest") or (":" not in image.rsplit("/", 1)[-1] and "@" not in image)
    _set_defaults(container, imagePullPolicy="Always" if is_latest else "IfNotPresent", resources={})
    _set_defaults(container, terminationMessagePath="/dev/termination-log", terminationMessagePolicy="File")
    for port in container.get("ports", ()):
        port.setdefault("protocol", "TCP")
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe in container:
            _fill_probe(container[probe])
    requests = container["resources"].get("limits", {}) | container["resources"].get("requests", {})
    if requests:
        container["resources"]["requests"] = requests


def _fill_probe(probe: Json) -> None:
    _set_defaults(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
    if "httpGet" in probe:
        probe["httpGet"].setdefault("scheme", "HTTP")


def _fill_service(spec: Json) -> None:
    _set_defaults(spec, type="ClusterIP", sessionAffinity="None", internalTrafficPolicy="Cluster")
    if not spec.get("clusterIP"):
        number = next(_service_numbers)
        spec["clusterIP"] = f"10.96.{number // 250 % 250}.{number % 250 + 1}"
    _set_defaults(spec, clusterIPs=[spec["clusterIP"]], ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")
    for port in spec.get("ports", ()):
        _set_defaults(port, protocol="TCP", targetPort=port.get("port"))


def _set_defaults(target: Json, **values: object) -> None:
    for name, value in values.items():
        target.setdefault(name, value)
