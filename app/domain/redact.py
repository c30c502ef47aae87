"""Blacks out secrets in text that a pull request's program wrote, or a cluster about it.

What is taken for a secret:

    by its form    tokens with a known prefix, JSON Web Tokens, what follows `Bearer` and `Basic` (`tokens`); private
                   keys, also cut ones (`private_keys`); user and password in a URL
    by its name    whatever stands after a name such as `password`, `API_KEY` or `--token`, and the whole line after
                   `Authorization` and `Cookie`
    by its place   the values of environment variables that a container takes from a Secret, by the variable's name

Ephemera may not read Secrets, and so cannot look for their values: one that is printed without its name, and has no
form of its own, is not recognised. What is uncertain is blacked out: a word too many is missed by nobody.

The text never gets longer, and a second turn changes nothing. The time is proportional to the length: each repetition
in a pattern has an upper bound, or takes all that it has looked at.
"""

import re

from app.domain.private_keys import without_keys
from app.domain.tokens import black, is_secret_name, without_tokens

_SECRET_LINE = re.compile(
    r"(?P<name>(?<![\w-])(?:proxy-|x-)?authorization|(?<![\w-])(?:set-)?cookie)"
    r"(?P<sign>[\\\"']{0,4}[ \t]{0,3}[:=][ \t]{0,3})(?P<value>[^\s][^\n]*)",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"(?<![\w.-])(?P<name>[\w.-]{1,128})"
    # A colon directly after the name, or quotes around what follows it: `secret "db" : not found` names no value.
    r"(?P<sign>\\{0,3}[\"']?"
    r"(?:[ \t]{0,3}(?:=>|:=|={1,2})[ \t]{0,3}|:[ \t]{0,3}|[ \t]{1,3}:[ \t]{0,3}(?=\\{0,3}[\"'])))"
)
_FLAG = re.compile(r"(?<![\w-])(?P<name>--[\w-]{1,128})(?P<sign>[ \t]{1,3}(?=[^\s-]))")
_VALUE = re.compile(
    r"(?P<open>\\{0,3}[\"'])(?:(?P<held>[^\n]*?)(?<!\\)(?P=open)|(?P<rest>[^\n]+))"
    r"|(?P<bare>(?:(?:bearer|basic|digest|token)[ \t]{1,3})?\S+)",
    re.IGNORECASE,
)
_WORD = re.compile(r"\S+")
_AUTHORITY_END = re.compile(r"[/?#]")
_PORT = re.compile(r":\d{1,5}$")
_CAPITALS = re.compile(r"[A-Z][A-Z0-9_]+")
_ENGLISH = re.compile(
    r"(?:an?|the|is|was|not?|none|null|nil|undefined|true|false|invalid|unexpected|expired|missing|fail(?:ed|ing)|error"
    r"|cannot|could|unable|unauthorized|forbidden|denied|unknown|empty|required|server|rpc|dial|get|head|post|context"
    r"|status|[45]\d\d)[.,;:]{0,3}",
    re.IGNORECASE,
)
"""What error messages go on with after a name and a colon: `token: invalid`, `/token: 401 Unauthorized`."""


def redact(text: str, names: frozenset[str] = frozenset()) -> str:
    """The text with what may be secret blacked out.

    `names` are environment variables whose values are secret; `DB_*` stands for all that begin so, and `*` for every
    name in capitals: a container that takes over a whole Secret does not say which variables come of it.
    """
    text = without_keys(text, black)
    text = _WORD.sub(lambda word: _without_users(word[0]), text)
    text = without_tokens(_SECRET_LINE.sub(_without_line, text))
    text = _without_values(text, _FLAG, names)
    return _without_values(text, _NAME, names)


def _without_line(found: re.Match[str]) -> str:
    if _is_english(found["sign"], found["value"].split(maxsplit=1)[0]):
        return found[0]
    return f"{found['name']}{found['sign']}{black(found['value'])}"


def _without_values(text: str, pattern: re.Pattern[str], names: frozenset[str]) -> str:
    """The text without the values of what bears a secret name.

    Only a secret value is stepped over: that of another name may hold an assignment itself.
    """
    kept: list[str] = []
    done = position = 0
    while found := pattern.search(text, position):
        position = found.end()
        if not _is_secret(found, names):
            continue
        value = _VALUE.match(text, position)
        if value is None or _is_english(found["sign"], value["bare"] or ""):
            continue
        kept += (text[done:position], _blacked(value))
        done = position = value.end()
    return "".join((*kept, text[done:]))


def _is_secret(found: re.Match[str], names: frozenset[str]) -> bool:
    name, sign = found["name"], found["sign"]
    if is_secret_name(name):
        return True
    is_clear = "=" in sign or '"' in sign or "_" in name
    return any(
        (is_clear and _CAPITALS.fullmatch(name) is not None) if listed == "*" else _bears(name, listed)
        for listed in names
    )


def _bears(name: str, listed: str) -> bool:
    name, listed = name.casefold(), listed.casefold()
    return name.startswith(listed[:-1]) if listed.endswith("*") else name == listed


def _is_english(sign: str, word: str) -> bool:
    return ":" in sign and _ENGLISH.fullmatch(word) is not None


def _blacked(value: re.Match[str]) -> str:
    if value["bare"] is not None:
        return black(value["bare"])
    if value["held"] is not None:
        return f"{value['open']}{black(value['held'])}{value['open']}"
    return f"{value['open']}{black(value['rest'])}"


def _without_users(word: str) -> str:
    """The word without user and password in the URLs, and the MySQL addresses of Go programs, that it holds."""
    for network in ("@tcp(", "@unix("):
        user, found, address = word.rpartition(network)
        word = f"{black(user)}{found}{address}"
    first, *rest = word.split("://")
    return "://".join((first, *(_without_user(part) for part in rest)))


def _without_user(part: str) -> str:
    authority = _AUTHORITY_END.split(part, maxsplit=1)[0]
    # A colon without a port after it, and an `@` only later on: a password that should have been escaped.
    has_user = "@" in authority or (":" in authority and not _PORT.search(authority))
    user, found, host = part.rpartition("@")
    return f"{black(user)}@{host}" if found and has_user else part
