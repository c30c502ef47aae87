"""The names of an environment: computed once, then stored and kept for life, also when the repository is renamed.

The namespace's name is the environment's one name: its folder, namespace, label and host all bear it. It is unique by
its caller's `taken`, never by luck: `x.y` and `x_y`, or two long names with one beginning, differ by a hash over the
identity of the pull request.
"""

import base64
import hashlib
import re
from collections.abc import Callable
from itertools import count

LABEL_LIMIT = 63
"""Characters of a DNS label (RFC 1035, 2.3.4) and of a Kubernetes label value."""
HOST_LIMIT = 62
"""Characters of a whole host name: a certificate's common name holds 64 (RFC 5280, ub-common-name), less `*.`."""
FOLDER_ROOT = "environments"
BOOTSTRAP_ROOT = "bootstrap"

_HASH_LENGTH = 8
_NOT_LABEL = re.compile(r"[^a-z0-9]+")
_NOT_LABEL_VALUE = re.compile(r"[^A-Za-z0-9._-]+")
_NOT_ALPHANUMERIC_ENDS = re.compile(r"^[^A-Za-z0-9]+|[^A-Za-z0-9]+$")


def slug(name: str) -> str:
    """The name in `[a-z0-9-]`, trimmed; empty when nothing of it fits."""
    return _NOT_LABEL.sub("-", name.lower()).strip("-")


def namespace_name(
    number: int,
    repository_name: str,
    *,
    installation_id: int,
    repository_id: int,
    taken: Callable[[str], bool],
) -> str:
    """`pr-{number}-{slug}`, a DNS label that is not taken; with a hash suffix when it was cut or is taken.

    `taken` answers for the names already allocated. The same arguments give the same name while its answers hold.
    """
    name = f"pr-{number}-{slug(repository_name)}".rstrip("-")
    if len(name) <= LABEL_LIMIT and slug(repository_name) and not taken(name):
        return name
    for attempt in count():
        salt = f"{installation_id}/{repository_id}/{number}" + (f"/{attempt}" if attempt else "")
        hashed = _with_hash(name, salt, LABEL_LIMIT)
        if not taken(hashed):
            return hashed
    raise AssertionError("count() never ends")


def host_name(namespace: str, domain: str) -> str:
    """The environment's host: one label under `domain`, at most 62 characters, unique because the namespace is.

    Raises ValueError when the domain leaves no room for a label with a hash.
    """
    room = min(LABEL_LIMIT, HOST_LIMIT - len(domain) - 1)
    if len(namespace) <= room:
        return f"{namespace}.{domain}"
    if room < len("pr-") + _HASH_LENGTH:
        raise ValueError(
            f"preview domain {domain[:200]!r} has {len(domain)} characters; use one of at most "
            f"{HOST_LIMIT - 1 - len('pr-') - _HASH_LENGTH}"
        )
    return f"{_with_hash(namespace, namespace, room)}.{domain}"


def folder_path(cluster: str, owner: str, repository: str, namespace: str) -> str:
    """Where the environment's manifests lie in the environments repository."""
    return f"{FOLDER_ROOT}/{cluster}/{owner}/{repository}/{namespace}"


def label_value(text: str) -> str:
    """The text as a Kubernetes label value: at most 63 of `[A-Za-z0-9._-]`, alphanumeric at both ends.

    A value that had to be cut ends with a hash of the whole text, so two long texts stay two. Source:
    https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
    """
    value = _NOT_ALPHANUMERIC_ENDS.sub("", _NOT_LABEL_VALUE.sub(".", text))
    return value if len(value) <= LABEL_LIMIT else _with_hash(value, text, LABEL_LIMIT)


def _with_hash(name: str, salt: str, limit: int) -> str:
    return f"{name[: limit - _HASH_LENGTH - 1].rstrip('-._')}-{_short_hash(salt)}"


def _short_hash(salt: str) -> str:
    digest = hashlib.sha256(salt.encode("utf-8", "surrogatepass")).digest()
    return base64.b32encode(digest).decode("ascii").lower()[:_HASH_LENGTH]
