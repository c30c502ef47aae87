"""What a label's key and value may look like: k8s.io/apimachinery/pkg/util/validation."""

import re

_LONGEST = 63
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
KEY_RULE = (
    "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an"
    " alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is"
    " '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/'"
    " (e.g. 'example.com/MyName')"
)
VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and"
    " end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is"
    " '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
LENGTH_RULE = f"must be no more than {_LONGEST} bytes"


def is_key(key: str) -> bool:
    """Whether a label, or an annotation, may be called so."""
    prefix, slash, short = key.rpartition("/")
    is_prefixed = not slash or bool(SUBDOMAIN.fullmatch(prefix))
    return is_prefixed and len(short) <= _LONGEST and bool(_QUALIFIED.fullmatch(short))


def is_value(value: str) -> bool:
    """Whether a label may have this value."""
    return not value_problem(value)


def value_problem(value: str) -> str:
    """The rule that a label's value breaks; empty when it breaks none."""
    if len(value.encode()) > _LONGEST:
        return LENGTH_RULE
    return "" if not value or _QUALIFIED.fullmatch(value) else VALUE_RULE
