"""What each value of a spec must look like, and the words for one that does not. Pure."""

import re
from collections.abc import Callable

from gitops.naming import BOOTSTRAP_ROOT, FOLDER_ROOT, HOST_LIMIT

Rule = Callable[[object], str | None]
"""Returns what the value must be, or None when it is."""

_DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_HEAD_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
# GitHub: accounts are alphanumeric with hyphens, and underscores where an enterprise manages them; 39 characters,
# a little more with an enterprise's suffix. Repository names: at most 100 of [A-Za-z0-9._-].
_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_REPOSITORY = re.compile(r"[A-Za-z0-9._-]{1,100}")
_PATH_COMPONENT = re.compile(r"[A-Za-z0-9._-]{1,255}")
# The grammar of https://pkg.go.dev/github.com/distribution/reference: domain, path, tag and digest.
_PATH_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_DOMAIN = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?"
_IMAGE = re.compile(
    rf"(?:{_DOMAIN}/)?{_PATH_PART}(?:/{_PATH_PART})*(?::\w[\w.-]{{0,127}})?(?:@sha256:[0-9a-f]{{64}})?",
    re.ASCII,
)
_IMAGE_LIMIT = 512
# The CRDs of Flux. Hours are left out, for not every duration there may be in them.
_INTERVAL = re.compile(r"([0-9]+(\.[0-9]+)?(ms|s|m))+")
_WEB_URL = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~-]+)*")


def is_safe_component(name: str) -> bool:
    """The name is one plain component of a path: of known characters, and not `.`, `..` or `.git` in any case."""
    return bool(_PATH_COMPONENT.fullmatch(name)) and name.lower() not in {".", "..", ".git"}


def is_environment_folder(folder: str) -> bool:
    """The folder is `environments/<cluster>/<owner>/<repository>/<namespace>`: safe components, and two DNS labels."""
    parts = folder.split("/")
    if len(parts) != 5 or parts[0] != FOLDER_ROOT:
        return False
    return all(map(is_safe_component, parts)) and _matches(_DNS_LABEL, parts[1]) and _matches(_DNS_LABEL, parts[4])


def is_bootstrap_folder(folder: str) -> bool:
    """The folder is `bootstrap/<cluster>`: what connects a cluster."""
    root, _, cluster = folder.partition("/")
    return root == BOOTSTRAP_ROOT and _matches(_DNS_LABEL, cluster)


def dns_label(value: object) -> str | None:
    """A DNS label."""
    return _unless(_matches(_DNS_LABEL, value), "a DNS label: at most 63 of a-z, 0-9 and inner hyphens")


def owner(value: object) -> str | None:
    """The login of a GitHub account."""
    return _unless(_matches(_OWNER, value), "the login of a GitHub account")


def repository(value: object) -> str | None:
    """The name of a GitHub repository, without its owner."""
    is_name = _matches(_REPOSITORY, value) and is_safe_component(str(value))
    return _unless(is_name, "the name of a GitHub repository without its owner")


def folder(value: object) -> str | None:
    """The path of an environment's folder."""
    is_folder = isinstance(value, str) and is_environment_folder(value)
    return _unless(is_folder, f"{FOLDER_ROOT}/<cluster>/<owner>/<repository>/<namespace>")


def head_sha(value: object) -> str | None:
    """A full commit id."""
    return _unless(_matches(_HEAD_SHA, value), "a full commit id: 40 or 64 lower-case hexadecimal digits")


def image(value: object) -> str | None:
    """A reference to a container image."""
    is_image = isinstance(value, str) and len(value) <= _IMAGE_LIMIT and _matches(_IMAGE, value)
    return _unless(is_image, "an image reference such as ghcr.io/acme/shop:tag, its path in lower case")


def host(value: object) -> str | None:
    """A host name under the preview domain."""
    is_host = isinstance(value, str) and len(value) <= HOST_LIMIT and "." in value
    is_host = is_host and all(_matches(_DNS_LABEL, label) for label in str(value).split("."))
    return _unless(is_host, f"a host name of lower-case DNS labels, at most {HOST_LIMIT} characters")


def web_url(value: object) -> str | None:
    """The address of a web site, without a slash at its end."""
    return _unless(_matches(_WEB_URL, value), "a URL such as https://github.com, without a slash at its end")


def interval(value: object) -> str | None:
    """A duration as Flux takes it."""
    return _unless(_matches(_INTERVAL, value), "a duration such as 10m")


def port(value: object) -> str | None:
    """A TCP port."""
    return _unless(_is_between(value, 1, 65535), "an integer from 1 to 65535")


def number(value: object) -> str | None:
    """The number of a pull request."""
    return _unless(_is_between(value, 1, 2**31 - 1), "an integer from 1 to 2147483647")


def generation(value: object) -> str | None:
    """How often somebody asked for the same commit again."""
    return _unless(_is_between(value, 0, 2**31 - 1), "an integer from 0 to 2147483647")


def sets(value: object) -> str | None:
    """Names of template sets."""
    is_sets = isinstance(value, tuple) and 0 < len(value) <= 20 and len(set(map(str, value))) == len(value)
    is_sets = is_sets and isinstance(value, tuple) and all(_matches(_DNS_LABEL, name) for name in value)
    return _unless(is_sets, "a list of 1 to 20 different names of template sets")


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_between(value: object, low: int, high: int) -> bool:
    return type(value) is int and low <= value <= high


def _unless(holds: object, wanted: str) -> str | None:
    return None if holds else wanted
