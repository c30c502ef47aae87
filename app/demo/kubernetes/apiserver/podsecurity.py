"""The restricted Pod Security Standard, in the words of its admission plugin.

Source: k8s.io/pod-security-admission/policy; the checks an ordinary web pod can fail.
"""

from collections.abc import Callable, Iterable

from app.demo.kubernetes.apiserver.kinds import Json

_VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


def violations(spec: Json) -> list[str]:
    """What a pod's spec does that the restricted standard forbids; empty when nothing."""
    containers = [*spec.get("initContainers", ()), *spec["containers"]]
    found = [_host_namespaces(spec)]
    found += [_check(containers, *check) for check in _CONTAINER_CHECKS]
    found += [_volumes(spec), _non_root(spec, containers), _seccomp(spec, containers)]
    return [item for item in found if item]


def _security(container: Json) -> Json:
    context: Json = container.get("securityContext") or {}
    return context


_CONTAINER_CHECKS: tuple[tuple[str, str, Callable[[Json], bool]], ...] = (
    ("privileged", "securityContext.privileged=true", lambda item: _security(item).get("privileged") is True),
    (
        "allowPrivilegeEscalation != false",
        "securityContext.allowPrivilegeEscalation=false",
        lambda item: _security(item).get("allowPrivilegeEscalation") is not False,
    ),
    (
        "unrestricted capabilities",
        'securityContext.capabilities.drop=["ALL"]',
        lambda item: "ALL" not in ((_security(item).get("capabilities") or {}).get("drop") or ()),
    ),
)


def _check(containers: Iterable[Json], title: str, setting: str, is_bad: Callable[[Json], bool]) -> str:
    bad = [item["name"] for item in containers if is_bad(item)]
    if not bad:
        return ""
    verb = "must not set" if title == "privileged" else "must set"
    return f"{title} ({_named(bad)} {verb} {setting})"


def _host_namespaces(spec: Json) -> str:
    shared = [f"{name}=true" for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name)]
    return f"host namespaces ({', '.join(shared)})" if shared else ""


def _volumes(spec: Json) -> str:
    bad = [item["name"] for item in spec.get("volumes", ()) if not _VOLUMES & item.keys()]
    if not bad:
        return ""
    quoted = ", ".join(f'"{name}"' for name in bad)
    return f"restricted volume types (volume{'s' if len(bad) > 1 else ''} {quoted} uses restricted volume type)"


def _non_root(spec: Json, containers: list[Json]) -> str:
    if _security(spec).get("runAsNonRoot") is True:
        return ""
    bad = [item["name"] for item in containers if _security(item).get("runAsNonRoot") is not True]
    return f"runAsNonRoot != true (pod or {_named(bad)} must set securityContext.runAsNonRoot=true)" if bad else ""


def _seccomp(spec: Json, containers: list[Json]) -> str:
    allowed = {"RuntimeDefault", "Localhost"}
    if (_security(spec).get("seccompProfile") or {}).get("type") in allowed:
        return ""
    bad = [item for item in containers if (_security(item).get("seccompProfile") or {}).get("type") not in allowed]
    names = _named([item["name"] for item in bad])
    setting = 'securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return f"seccompProfile (pod or {names} must set {setting})" if bad else ""


def _named(names: list[str]) -> str:
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"container{'s' if len(names) > 1 else ''} {quoted}"
