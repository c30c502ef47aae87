"""Label and field selectors: which objects a list or a watch is about.

Grammar: k8s.io/apimachinery/pkg/labels/selector.go and pkg/fields/selector.go.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.demo.kubernetes.apiserver import label_rules
from app.demo.kubernetes.apiserver.errors import bad_request
from app.demo.kubernetes.apiserver.kinds import Json, Kind

Requirement = Callable[[Json], bool]
"""Whether the labels of an object, or the object itself, fulfil one part of a selector."""

_SET_BASED = re.compile(r"(?P<key>\S+)\s+(?P<operator>in|notin)\s*\((?P<values>[^()]*)\)")
_EQUALITY = re.compile(r"(?P<key>[^=!\s]+)\s*(?P<operator>==|=|!=)\s*(?P<value>[^=!\s]*)")
_COMPARISON = re.compile(r"(?P<key>[^=!<>\s]+)\s*(?P<operator>[<>])\s*(?P<value>-?\d+)")
_EXISTENCE = re.compile(r"(?P<negation>!?)\s*(?P<key>[A-Za-z0-9][-A-Za-z0-9_./]*)")
_COMMAS = re.compile(r",(?![^()]*\))")


@dataclass(frozen=True, slots=True)
class Selector:
    """Both selectors of a request."""

    labels: tuple[Requirement, ...] = ()
    fields: tuple[Requirement, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether it selects everything."""
        return not self.labels and not self.fields

    def matches(self, body: Json) -> bool:
        """Whether the object is selected."""
        labels = body["metadata"].get("labels") or {}
        return all(part(labels) for part in self.labels) and all(part(body) for part in self.fields)


def parse_selector(kind: Kind, label_text: str, field_text: str) -> Selector:
    """The selector of `labelSelector` and `fieldSelector`. 400 when one does not parse or is not supported."""
    labels = tuple(_label_requirement(part.strip()) for part in _COMMAS.split(label_text) if part.strip())
    fields = tuple(_field_requirement(kind, part.strip()) for part in field_text.split(",") if part.strip())
    return Selector(labels, fields)


def _label_requirement(text: str) -> Requirement:
    if found := _SET_BASED.fullmatch(text):
        values = {value.strip() for value in found["values"].split(",")}
        _check_labels(found["key"], *values)
        return _is_in(found["key"], values) if found["operator"] == "in" else _is_not_in(found["key"], values)
    if found := _EQUALITY.fullmatch(text):
        _check_labels(found["key"], found["value"])
        is_equal = found["operator"] != "!="
        return _is_in(found["key"], {found["value"]}) if is_equal else _is_not_in(found["key"], {found["value"]})
    if found := _COMPARISON.fullmatch(text):
        return _compares(found["key"], int(found["value"]), is_more=found["operator"] == ">")
    if found := _EXISTENCE.fullmatch(text):
        return _exists(found["key"], is_wanted=not found["negation"])
    raise bad_request(f"unable to parse requirement: found '{text[:200]}'")


def _check_labels(key: str, *values: str) -> None:
    if not label_rules.is_key(key):
        raise bad_request(f'unable to parse requirement: <nil>: Invalid value: "{key[:200]}": {label_rules.KEY_RULE}')
    for value in values:
        if not label_rules.is_value(value):
            why = f'values[0][{key[:200]}]: Invalid value: "{value[:200]}": {label_rules.VALUE_RULE}'
            raise bad_request(f"unable to parse requirement: {why}")


def _compares(key: str, bound: int, *, is_more: bool) -> Requirement:
    def compares(labels: Json) -> bool:
        value = labels.get(key, "")
        if not re.fullmatch(r"-?\d+", value):
            return False
        return int(value) > bound if is_more else int(value) < bound

    return compares


def _is_in(key: str, values: set[str]) -> Requirement:
    return lambda labels: key in labels and labels[key] in values


def _is_not_in(key: str, values: set[str]) -> Requirement:
    return lambda labels: key not in labels or labels[key] not in values


def _exists(key: str, *, is_wanted: bool) -> Requirement:
    return lambda labels: (key in labels) == is_wanted


def _field_requirement(kind: Kind, text: str) -> Requirement:
    found = _EQUALITY.fullmatch(text)
    if found is None:
        raise bad_request(f"invalid field selector: {text[:200]!r}")
    path = found["key"]
    if path not in {"metadata.name", "metadata.namespace", *kind.fields}:
        raise bad_request(
            f'Unable to find "{kind.group}/{kind.version}, Resource={kind.plural}" that match label selector "",'
            f' field selector "{text[:200]}": field label not supported: {path[:200]}'
        )
    is_equal = found["operator"] != "!="
    return lambda body: (_value_at(body, path) == found["value"]) == is_equal


def _value_at(body: Json, path: str) -> str:
    value: Any = body
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return "" if value is None else str(value)
