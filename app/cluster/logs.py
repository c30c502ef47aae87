"""The last lines of a failing container, fit to be shown to anybody who may see the pull request.

Source: https://kubernetes.io/docs/reference/kubernetes-api/core/pod-v1/#read-log-of-the-specified-pod. `limitBytes`
ends the answer after so many bytes from where it begins, and so costs the end, which matters: far more is asked for
than is kept.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from app.cluster.connection import Api, Ask
from app.cluster.failures import NotFound, Unfit
from app.domain.health import LogSource
from app.domain.redact import redact

LINES = 50
MAX_BYTES = 8 * 1024
"""Of UTF-8."""

_ASKED_BYTES = 1024 * 1024
_FEWER = (LINES, 5, 1)
"""Lines to ask for: where so many are longer than what is asked for, their end would be missing."""

_ESCAPE = re.compile(
    r"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|[\]PX^_][^\x07\x1b\n]{0,4096}(?:\x07|\x1b\\)?|[ -/]{0,4}[0-~])?"
)
"""Terminal escapes (ECMA-48): control sequences, control strings, also such that nobody ends, and the short ones."""


def last_lines(api: Api, namespace: str, source: LogSource) -> str:
    """The end of the container's log: at most 50 lines and 8 KiB, redacted, without control characters.

    Empty where there is none, or no such pod any more. Raises Transient, and Stalled where logs may not be read.
    """
    try:
        names = secret_variables(_pod(api, namespace, source.pod), source.container)
        body = _body(api, namespace, source)
    except (NotFound, Unfit):
        return ""
    return shown(body, names)


def shown(body: bytes, names: frozenset[str] = frozenset()) -> str:
    """What may be shown of a log's end; `names` as for `redact`.

    Made readable before it is redacted, for an escape in its midst hides a secret; and redacted before it is cut, for
    half of a secret is recognised by nothing.
    """
    lines = redact(readable(body.decode(errors="replace")), names).strip("\n").split("\n")
    return _end("\n".join(lines[-LINES:]), MAX_BYTES)


def readable(text: str) -> str:
    """The text without terminal escapes and control characters; line breaks and tabs stay."""
    text = _ESCAPE.sub("", text.replace("\r\n", "\n")).replace("\r", "\n")
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c)[0] != "C")


def secret_variables(pod: Mapping[str, Any], container: str) -> frozenset[str]:
    """Names of the environment variables that the container takes from Secrets, as `redact` wants them.

    `envFrom` says no names, only what they begin with.
    """
    spec = pod.get("spec") or {}
    found = (each for each in _containers(spec) if each.get("name") == container)
    return frozenset(name for each in found for name in _secret_names(each))


def _containers(spec: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    return (*(spec.get("initContainers") or ()), *(spec.get("containers") or ()))


def _secret_names(container: Mapping[str, Any]) -> Iterator[str]:
    for variable in container.get("env") or ():
        if (variable.get("valueFrom") or {}).get("secretKeyRef"):
            yield str(variable["name"])
    for source in container.get("envFrom") or ():
        if source.get("secretRef"):
            yield f"{source.get('prefix') or ''}*"


def _pod(api: Api, namespace: str, name: str) -> Mapping[str, Any]:
    return api.get(Ask(f"reading pods {name} in {namespace}", _path(namespace, name)))


def _body(api: Api, namespace: str, source: LogSource) -> bytes:
    body = b""
    for lines in _FEWER:
        body = _tail(api, namespace, source, lines)
        if len(body) < _ASKED_BYTES:
            break
    return body


def _tail(api: Api, namespace: str, source: LogSource, lines: int) -> bytes:
    if not source.is_previous:
        return _ask(api, namespace, source, lines, is_previous=False)
    try:
        return _ask(api, namespace, source, lines, is_previous=True)
    except Unfit:
        # 400, `previous terminated container not found`: it has not been started again, or its node was cleaned up.
        return _ask(api, namespace, source, lines, is_previous=False)


def _ask(api: Api, namespace: str, source: LogSource, lines: int, *, is_previous: bool) -> bytes:
    query = {
        "container": source.container,
        "previous": str(is_previous).lower(),
        "tailLines": str(lines),
        "limitBytes": str(_ASKED_BYTES),
    }
    doing = f"reading pods/log of {source.pod} in {namespace}"
    return api.body(Ask(doing, f"{_path(namespace, source.pod)}/log", query, accept="*/*"))


def _path(namespace: str, pod: str) -> str:
    return f"/api/v1/namespaces/{quote(namespace, safe='')}/pods/{quote(pod, safe='')}"


def _end(text: str, max_bytes: int) -> str:
    """The last bytes of the text, from the beginning of a line where one is near, else of a character."""
    encoded = text.encode()
    if len(encoded) <= max_bytes:
        return text
    kept = encoded[-max_bytes:].decode(errors="ignore")
    first, _, rest = kept.partition("\n")
    return rest if rest and len(first) < max_bytes // 2 else kept
