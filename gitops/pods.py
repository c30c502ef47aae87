"""What a pod of an environment may be: Pod Security `restricted`, and what a shared cluster needs besides.

Each rule yields its problems as words. Source of the restricted profile:
https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
"""

from collections.abc import Callable, Iterator

from gitops.dig import Object, list_at, mapping_at, value_at
from gitops.text import shown

Problems = Iterator[str]

_VOLUMES = {
    "configMap",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
_SECCOMP = {"RuntimeDefault", "Localhost"}
_RESOURCES = ("cpu", "memory", "ephemeral-storage")


def pod_problems(pod: Object, *, is_long_running: bool) -> Problems:
    """Why the pod spec may not run. A long-running one must also tell whether it is ready and alive."""
    for rule in _POD_RULES:
        yield from rule(pod)
    if not list_at(pod, "containers"):
        yield "it has no containers; add one"
    for name, container in _containers(pod):
        for container_rule in _CONTAINER_RULES:
            yield from (f"container {name}: {problem}" for problem in container_rule(container, pod))
    if is_long_running:
        for container in list_at(pod, "containers"):
            yield from (f"container {shown(value_at(container, 'name'))}: {problem}" for problem in _probes(container))


def _containers(pod: Object) -> Iterator[tuple[str, Object]]:
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for container in list_at(pod, kind):
            yield shown(value_at(container, "name")), mapping_at({"it": container}, "it")


def _host(pod: Object) -> Problems:
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(field):
            yield f"{field} is {shown(pod[field])}; remove it"
    for field in ("nodeName", "hostAliases", "tolerations", "priorityClassName"):
        if pod.get(field):
            yield f"{field} is set; remove it: where and how soon a preview runs is the cluster's to say"


def _volumes(pod: Object) -> Problems:
    for volume in list_at(pod, "volumes"):
        kinds = set(mapping_at({"it": volume}, "it")) - {"name"}
        if odd := sorted(kinds - _VOLUMES):
            allowed = ", ".join(sorted(_VOLUMES))
            yield f"volume {shown(value_at(volume, 'name'))} is a {', '.join(odd)}; use one of {allowed}"
        for source in list_at(volume, "projected", "sources"):
            if "serviceAccountToken" in mapping_at({"it": source}, "it"):
                yield f"volume {shown(value_at(volume, 'name'))} projects a service account token; remove it"


def _tokens(pod: Object) -> Problems:
    if pod.get("automountServiceAccountToken") is not False:
        yield "automountServiceAccountToken must be false"
    if pod.get("enableServiceLinks") is not False:
        yield "enableServiceLinks must be false"


def _sysctls(pod: Object) -> Problems:
    for field in ("sysctls", "windowsOptions", "seLinuxOptions"):
        if value_at(pod, "securityContext", field):
            yield f"securityContext.{field} is set; remove it"


def _user(container: Object, pod: Object) -> Problems:
    if _effective(container, pod, "runAsNonRoot") is not True:
        yield "runAsNonRoot must be true"
    if _effective(container, pod, "runAsUser") == 0:
        yield "runAsUser must not be 0"
    profile = mapping_at({"it": _effective(container, pod, "seccompProfile")}, "it").get("type")
    if profile not in _SECCOMP:
        yield f"seccompProfile.type is {shown(profile)}; make it RuntimeDefault"


def _privileges(container: Object, pod: Object) -> Problems:  # noqa: ARG001 - one shape for all rules
    context = mapping_at(container, "securityContext")
    for field, wanted in (("allowPrivilegeEscalation", False), ("readOnlyRootFilesystem", True)):
        if context.get(field) is not wanted:
            yield f"securityContext.{field} must be {str(wanted).lower()}"
    for field in ("privileged", "procMount", "seLinuxOptions", "windowsOptions"):
        if context.get(field):
            yield f"securityContext.{field} is set; remove it"
    if "ALL" not in list_at(context, "capabilities", "drop"):
        yield "securityContext.capabilities.drop must hold ALL"
    if added := [name for name in list_at(context, "capabilities", "add") if name != "NET_BIND_SERVICE"]:
        yield f"securityContext.capabilities.add holds {shown(added)}; remove it"


def _ports(container: Object, pod: Object) -> Problems:  # noqa: ARG001
    for port in list_at(container, "ports"):
        if value_at(port, "hostPort"):
            yield f"hostPort is {shown(value_at(port, 'hostPort'))}; remove it"


def _resources(container: Object, pod: Object) -> Problems:  # noqa: ARG001
    for kind in ("requests", "limits"):
        given = mapping_at(container, "resources", kind)
        if missing := [name for name in _RESOURCES if name not in given]:
            yield f"resources.{kind} lacks {', '.join(missing)}; add it"


def _probes(container: object) -> Problems:
    ready, alive = mapping_at(container, "readinessProbe"), mapping_at(container, "livenessProbe")
    if not ready or not alive:
        yield "it needs a readinessProbe and a livenessProbe"
    elif ready == alive:
        yield "its livenessProbe equals its readinessProbe; let it be slower to give up"


def _effective(container: Object, pod: Object, field: str) -> object:
    own = value_at(container, "securityContext", field)
    return value_at(pod, "securityContext", field) if own is None else own


_POD_RULES: tuple[Callable[[Object], Problems], ...] = (_host, _volumes, _tokens, _sysctls)
_CONTAINER_RULES: tuple[Callable[[Object, Object], Problems], ...] = (_user, _privileges, _ports, _resources)
