"""URLs as targets: which resource, namespace, name and subresource a path means."""

from app.demo.kubernetes.apiserver.kinds import NAMESPACE, POD, SERVICE_ACCOUNT, Kind, served_at
from app.demo.kubernetes.apiserver.verbs import Target


def parse_path(path: str) -> Target | None:
    """The target of a resource path, or None when nothing is served there."""
    match path.strip("/").split("/"):
        case ["api", "v1", *rest] if rest:
            return _target("", "v1", rest)
        case ["apis", group, version, *rest] if rest:
            return _target(group, version, rest)
        case _:
            return None


def _target(group: str, version: str, rest: list[str]) -> Target | None:
    match rest:
        case ["namespaces", namespace, plural, *tail] if kind := served_at(group, version, plural):
            return _object(kind, namespace, tail) if kind.is_namespaced else None
        case [plural, *tail] if kind := served_at(group, version, plural):
            # The objects of a namespaced kind have no path outside their namespace; the collection has.
            return None if kind.is_namespaced and tail else _object(kind, "", tail)
        case _:
            return None


def _object(kind: Kind, namespace: str, tail: list[str]) -> Target | None:
    subresources = {
        "status": kind.has_status,
        "finalize": kind is NAMESPACE,
        "log": kind is POD,
        "token": kind is SERVICE_ACCOUNT,
    }
    match tail:
        case []:
            return Target(kind, namespace)
        case [name]:
            return Target(kind, namespace, name)
        case [name, subresource] if subresources.get(subresource):
            return Target(kind, namespace, name, subresource)
        case _:
            return None
