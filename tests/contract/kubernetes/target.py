"""The cluster that the contract is held against: the simulated one, or the real one that a file names.

`EPHEMERA_E2E_CLUSTER` is the path of a JSON file about a real cluster that runs already:

    {"url": "https://127.0.0.1:6443",       where its API answers
     "token": "...",                        of an administrator, whom RBAC refuses nothing
     "authority": "/path/of/ca.crt",        who signed its certificate; leave out for plain HTTP
     "etcd": "http://127.0.0.1:2379",       leave out where history cannot be forgotten on demand
     "syncers": ["argocd", "flux"],         which of them run there; leave out for none
     "repository": "http://...",            an environments repository, of which they can read `main` and all refs
     "git_environment": {"...": "..."},     what Git needs to push there
     "secret": "environments"}              by which Flux signs in there, in its namespace; leave out where it need not

Argo CD's own Secret for the repository is there already. What makes the syncers follow it, the tests bring along.
"""

import base64
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

VARIABLE = "EPHEMERA_E2E_CLUSTER"
_ANSWER_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Target:
    """One running cluster, and what it can do."""

    url: str
    token: str
    """Of an administrator."""
    authority: str | None = None
    """The file of the certificates that sign the API's own; None over plain HTTP."""
    forget: Callable[[], None] | None = None
    """Forgets the history, so that older `continue` tokens expire; None where that cannot be had."""
    is_simulated: bool = False
    syncers: tuple[str, ...] = ()
    """Of `argocd` and `flux` those that run there."""
    repository: str = ""
    """The URL of an environments repository that they can read."""
    git_environment: Mapping[str, str] = field(default_factory=dict)
    """What Git needs to push there."""
    secret: str = ""
    """The Secret by which Flux signs in there; empty where it need not."""


def named_target() -> Target | None:
    """Return the real cluster that the environment names, or None."""
    path = os.environ.get(VARIABLE)
    return read_target(json.loads(Path(path).read_text())) if path else None


def read_target(fields: Mapping[str, Any]) -> Target:
    """Return the cluster that the fields of such a file describe."""
    etcd = fields.get("etcd")
    return Target(
        fields["url"],
        fields["token"],
        fields.get("authority"),
        (lambda: _compact(etcd)) if etcd else None,
        syncers=tuple(fields.get("syncers", ())),
        repository=fields.get("repository", ""),
        git_environment=fields.get("git_environment", {}),
        secret=fields.get("secret", ""),
    )


def _compact(etcd: str) -> None:
    """Compact etcd as an API server does every five minutes.

    It writes down how far, which is what makes its watch cache forget as well:
    k8s.io/apiserver/pkg/storage/etcd3/compact.go.
    """
    key = base64.b64encode(b"compact_rev_key").decode()
    revision = _ask_etcd(etcd, "kv/range", {"key": key})["header"]["revision"]
    _ask_etcd(etcd, "kv/put", {"key": key, "value": base64.b64encode(revision.encode()).decode()})
    _ask_etcd(etcd, "kv/compaction", {"revision": revision})


def _ask_etcd(etcd: str, path: str, body: Mapping[str, object]) -> dict[str, Any]:
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(f"{etcd}/v3/{path}", data=json.dumps(body), timeout=_ANSWER_SECONDS)
    answer.raise_for_status()
    fields: dict[str, Any] = answer.json()
    return fields
