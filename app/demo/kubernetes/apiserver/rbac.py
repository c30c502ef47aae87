"""Roles: what a ServiceAccount may do by the Roles and ClusterRoles that are bound to it.

Source: k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac. Aggregated ClusterRoles and paths that are no resources are
left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from app.demo.kubernetes.apiserver.kinds import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    ROLE,
    ROLE_BINDING,
    Json,
)
from app.demo.kubernetes.apiserver.store import Record, Store

_ACCOUNT = "system:serviceaccount:"


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody wants to do."""

    verb: str
    group: str
    resource: str
    """With its subresource: `pods/log`."""
    namespace: str = ""
    name: str = ""


def allows(store: Store, user: str, deed: Deed) -> str:
    """The reason why a user may do something; empty when nothing allows it."""
    for binding in _bindings(store, deed.namespace):
        if not any(_is_user(subject, user, binding.namespace) for subject in binding.body.get("subjects") or ()):
            continue
        reference = binding.body["roleRef"]
        kind, namespace = (ROLE, binding.namespace) if reference["kind"] == ROLE.kind else (CLUSTER_ROLE, "")
        role = store.find(kind, namespace, reference["name"])
        if role is not None and any(_permits(rule, deed) for rule in role.body.get("rules") or ()):
            return f'RBAC: allowed by {binding.kind.kind} {_quoted(binding)} of {kind.kind} "{role.name}"'
    return ""


def user_of(namespace: str, account: str) -> str:
    """The user that a ServiceAccount is."""
    return f"{_ACCOUNT}{namespace}:{account}"


def _bindings(store: Store, namespace: str) -> Iterator[Record]:
    yield from store.all(CLUSTER_ROLE_BINDING)
    if namespace:
        yield from store.all(ROLE_BINDING, namespace)


def _is_user(subject: Json, user: str, namespace: str) -> bool:
    match subject.get("kind"):
        case "ServiceAccount":
            return user_of(subject.get("namespace") or namespace, subject["name"]) == user
        case "User":
            return bool(subject["name"] == user)
        case "Group":
            owner = user.removeprefix(_ACCOUNT).partition(":")[0]
            groups = {"system:authenticated", "system:serviceaccounts", f"system:serviceaccounts:{owner}"}
            return subject["name"] in groups
        case _:
            return False


def _permits(rule: Json, deed: Deed) -> bool:
    names = rule.get("resourceNames")
    subresource = deed.resource.partition("/")[2]
    resources = {deed.resource, "*", *((f"*/{subresource}",) if subresource else ())}
    return (
        bool({deed.verb, "*"} & set(rule.get("verbs") or ()))
        and bool({deed.group, "*"} & set(rule.get("apiGroups") or ()))
        and bool(resources & set(rule.get("resources") or ()))
        and (not names or deed.name in names)
    )


def _quoted(binding: Record) -> str:
    return f'"{binding.name}/{binding.namespace}"' if binding.namespace else f'"{binding.name}"'
