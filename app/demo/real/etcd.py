"""etcd, where the API server keeps everything; and compacting it, which is what makes old watches expire."""

import base64
import json
from typing import Any

import requests

from app.demo.real.component import Component
from app.demo.real.layout import Layout
from app.demo.real.tools import Tools

_ANSWER_SECONDS = 30.0


def etcd(tools: Tools, layout: Layout) -> Component:
    """One member that forgets on a power cut (nothing here is worth a disk's patience)."""
    client, peer = layout.url("etcd"), layout.url("etcd-peer")
    arguments = (
        "--name=real",
        f"--data-dir={layout.data / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=real={peer}",
        "--unsafe-no-fsync",
        "--logger=zap",
        "--log-level=warn",
    )
    return Component("etcd", tools.binaries["etcd"], arguments, f"{client}/health")


def compact(layout: Layout) -> int:
    """Forget all revisions before the present one and return it.

    A running API server hides this: it answers old watches and `continue` tokens out of its own cache. Restarted, it
    answers both with 410. The JSON gateway of etcd's API: https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/.
    """
    key = base64.b64encode(b"compact").decode()
    revision = int(_ask(layout, "kv/range", {"key": key})["header"]["revision"])
    _ask(layout, "kv/compaction", {"revision": revision, "physical": True})
    return revision


def _ask(layout: Layout, path: str, body: dict[str, object]) -> dict[str, Any]:
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(layout.url("etcd", f"/v3/{path}"), data=json.dumps(body), timeout=_ANSWER_SECONDS)
    answer.raise_for_status()
    fields: dict[str, Any] = answer.json()
    return fields
