"""The documents by which clients find out what is served: `/version`, `/api`, `/apis` and what lies below."""

from app.demo.kubernetes.apiserver.kinds import KINDS, Json, Kind

_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
VERSION: Json = {
    "major": "1",
    "minor": "37",
    "emulationMajor": "1",
    "emulationMinor": "37",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "36",
    "gitVersion": "v1.37.2",
    "gitCommit": "0000000000000000000000000000000000000000",
    "gitTreeState": "clean",
    "buildDate": "2026-01-01T00:00:00Z",
    "goVersion": "go1.26.0",
    "compiler": "gc",
    "platform": "linux/amd64",
}


def discovery_document(path: str) -> Json | None:
    """The document at a path such as `/apis/apps/v1`, or None when it is no discovery path."""
    fixed = {"version": VERSION, "api": _core_versions(), "apis": _group_list()}
    match path.strip("/").split("/"):
        case [name] if name in fixed:
            return fixed[name]
        case ["apis", name] if name in _groups():
            return {"kind": "APIGroup", "apiVersion": "v1"} | _group(name)
        case ["api", "v1"]:
            return _resources("", "v1")
        case ["apis", name, version] if {"groupVersion": f"{name}/{version}", "version": version} in _versions(name):
            return _resources(name, version)
        case _:
            return None


def _core_versions() -> Json:
    address = [{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1"}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": address}


def _group_list() -> Json:
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(name) for name in _groups()]}


def _groups() -> list[str]:
    return list(dict.fromkeys(kind.group for kind in KINDS if kind.group))


def _versions(name: str) -> list[Json]:
    versions = dict.fromkeys(kind.version for kind in KINDS if kind.group == name)
    return [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]


def _group(name: str) -> Json:
    versions = _versions(name)
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def _resources(group: str, version: str) -> Json:
    served = [kind for kind in KINDS if (kind.group, kind.version) == (group, version)]
    resources = [row for kind in served for row in _rows(kind)]
    group_version = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources}


def _rows(kind: Kind) -> list[Json]:
    row: Json = {"name": kind.plural, "singularName": kind.kind.lower(), "namespaced": kind.is_namespaced}
    row |= {"kind": kind.kind, "verbs": _VERBS}
    if kind.short_names:
        row["shortNames"] = list(kind.short_names)
    if not kind.has_status:
        return [row]
    status = {"name": f"{kind.plural}/status", "singularName": "", "namespaced": kind.is_namespaced}
    return [row, status | {"kind": kind.kind, "verbs": ["get", "patch", "update"]}]
