"""What a secret looks like by itself, and what secrets are called. For `redact`.

Prefixes as their issuers publish them for secret scanning
(https://docs.github.com/en/code-security/secret-scanning/introduction/supported-secret-scanning-patterns).
"""

import re

_BLACK = "***"

_TOKENS = re.compile(
    "|".join(
        (
            r"gh[pousr]_[A-Za-z0-9]{16,}",
            r"github_pat_\w{16,}",
            r"gl(?:pat|ptt|dt|rt|cbt|ft|imt|soat|oas|agent|ffct)-[\w-]{16,}",
            r"xox[a-z]-[\w-]{8,}",
            r"xapp-[\w-]{8,}",
            r"hooks\.slack\.com/services/[\w/]{8,}",
            r"[rsp]k_(?:live|test)_\w{8,}",
            r"whsec_[\w+/=]{8,}",
            r"(?<![A-Z0-9])A(?:KIA|SIA|GPA|IDA|ROA|IPA|NPA|NVA|BIA|CCA)[A-Z0-9]{12,}",
            r"AIza[\w-]{30,}",
            r"GOCSPX-[\w-]{16,}",
            r"ya29\.[\w-]{8,}",
            r"(?<!\w)sk-[\w-]{20,}",
            r"hf_[A-Za-z0-9]{20,}",
            r"npm_[A-Za-z0-9]{20,}",
            r"pypi-[\w-]{20,}",
            r"dop_v1_[0-9a-f]{20,}",
            r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{20,}",
            r"SG\.[\w-]{16,}(?:\.[\w-]+)?",
            r"hv[sbr]\.[\w-]{16,}",
            r"eyJ[\w-]{12,}(?:\.[\w-]*){0,4}",
        )
    )
)
"""Each takes its whole run of characters, so that no stretch of the text is looked at twice."""

_SCHEME = re.compile(r"(?<![\w-])(?P<scheme>bearer|basic)(?P<gap>[ \t]{1,3})(?P<value>[\w.~+/=-]{6,})", re.IGNORECASE)
_SURELY_NO_WORD = 20

_SECRET_NAME = re.compile(
    r"passw|passphrase|passcode|pass$|pwd|secret|token(?!s|i)|credential|authorization|cookie|signature|dsn$"
    r"|(?:api|access|account|private|encryption|signing|master|service|shared|storage|license|ssh)[-_.]?key"
    r"|session[-_.]?(?:id|key)|connection[-_.]?string|webhook[-_.]?url|[-_.]key$|(?:^|[-_.])(?:pw|auth|sig|jwt|pat)$",
    re.IGNORECASE,
)
_NO_SECRET_NAMES = frozenset({"PWD", "OLDPWD"})
"""The shell's own: folders."""


def black(secret: str) -> str:
    """What stands for a secret: never longer than it."""
    return _BLACK[: len(secret)]


def is_secret_name(name: str) -> bool:
    """Whether the value of what is called so is to be taken for a secret."""
    return name not in _NO_SECRET_NAMES and _SECRET_NAME.search(name) is not None


def without_tokens(text: str) -> str:
    """The text without what looks like a token."""
    text = _SCHEME.sub(_without_credentials, text)
    return _TOKENS.sub(lambda found: black(found[0]), text)


def _without_credentials(found: re.Match[str]) -> str:
    """`Basic authentication` and `bearer token` are English."""
    value = found["value"]
    is_word = value.isalpha() and (value.islower() or value.istitle()) and len(value) < _SURELY_NO_WORD
    return found[0] if is_word else f"{found['scheme']}{found['gap']}{black(value)}"
