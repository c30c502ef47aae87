"""What the server refuses: the checks whose absence would let a wrong manifest look right.

Not the whole of Kubernetes' validation: names, labels, annotations, immutable fields and the fields without which a
workload cannot run. Sources: apimachinery/pkg/util/validation and pkg/apis/*/validation.
"""

import json
import re
from collections.abc import Iterator

from app.demo.kubernetes.apiserver import kinds, label_rules
from app.demo.kubernetes.apiserver.errors import ApiError, Cause, bad_request, forbidden_value, invalid, required
from app.demo.kubernetes.apiserver.kinds import Json, Kind

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_DATA_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_DATA_KEY_RULE = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME', "
    " or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
_MOST_ANNOTATED = 256 * 1024
_LABEL_NAMED = (kinds.NAMESPACE, kinds.SERVICE)
_IMMUTABLE = {
    kinds.DEPLOYMENT: ("selector",),
    kinds.REPLICA_SET: ("selector",),
    kinds.STATEFUL_SET: ("selector", "serviceName", "podManagementPolicy", "volumeClaimTemplates"),
    kinds.JOB: ("selector", "template", "completions"),
    kinds.SERVICE: ("clusterIP",),
}
_TEMPLATED = (kinds.DEPLOYMENT, kinds.REPLICA_SET, kinds.STATEFUL_SET)


def check(kind: Kind, body: Json) -> None:
    """Raises 400 for a body that cannot be decoded and 422 for values that are not allowed."""
    check_decodes(kind, body)
    causes = [*_metadata_causes(kind, body["metadata"])]
    if kind in _TEMPLATED or kind is kinds.JOB:
        causes += _workload_causes(kind, body.get("spec") or {})
    if kind is kinds.POD:
        causes += _container_causes("spec", body.get("spec") or {})
    if kind is kinds.CONFIG_MAP:
        causes += _data_causes(body.get("data") or {})
    if causes:
        raise invalid(kind, body["metadata"]["name"], *causes)


def check_unchanged(kind: Kind, old: Json, new: Json) -> None:
    """Raises 422 when a field changes that may never, or that may not any more."""
    causes: list[Cause] = []
    for field in _IMMUTABLE.get(kind, ()):
        before, after = old.get("spec", {}).get(field), new.get("spec", {}).get(field)
        if before != after:
            causes.append(Cause(f"spec.{field}", f"Invalid value: {_shown(after)}: field is immutable"))
    added = set(new["metadata"].get("finalizers") or ()) - set(old["metadata"].get("finalizers") or ())
    if added and "deletionTimestamp" in old["metadata"]:
        why = "no new finalizers can be added if the object is being deleted, found new finalizers"
        causes.append(forbidden_value("metadata.finalizers", f"{why} []string{{{_shown(sorted(added))[1:-1]}}}"))
    if causes:
        raise invalid(kind, old["metadata"]["name"], *causes)


def check_decodes(kind: Kind, body: Json) -> None:
    """Raises 400 for a body with values of another type than its fields have."""
    metadata = body.get("metadata") or {}
    if not isinstance(metadata.get("name", ""), str):
        raise _cannot_decode(kind, "ObjectMeta.metadata.name", metadata["name"])
    template = (body.get("spec") or {}).get("template") if kind in _TEMPLATED or kind is kinds.JOB else None
    for place in (metadata, (template or {}).get("metadata") or {}):
        for field in ("labels", "annotations"):
            _check_strings(kind, f"ObjectMeta.metadata.{field}", place.get(field))
    if kind is kinds.CONFIG_MAP:
        _check_strings(kind, "ConfigMap.data", body.get("data"))


def _check_strings(kind: Kind, field: str, values: object) -> None:
    if values is None:
        return
    if not isinstance(values, dict):
        raise _cannot_decode(kind, field, values)
    for value in values.values():
        if not isinstance(value, str):
            raise _cannot_decode(kind, field, value)


def _metadata_causes(kind: Kind, metadata: Json) -> Iterator[Cause]:
    name = metadata["name"]
    if not name:
        yield required("metadata.name", "Required value: name or generateName is required")
    else:
        yield from _name_causes(kind, name)
    yield from _label_causes("metadata.labels", metadata.get("labels") or {})
    annotations = metadata.get("annotations") or {}
    if sum(len(key) + len(value) for key, value in annotations.items()) > _MOST_ANNOTATED:
        message = f"Too long: may not be more than {_MOST_ANNOTATED} bytes"
        yield Cause("metadata.annotations", message, "FieldValueTooLong")


def _name_causes(kind: Kind, name: str) -> Iterator[Cause]:
    pattern, limit = (_LABEL, 63) if kind in _LABEL_NAMED else (label_rules.SUBDOMAIN, 253)
    shown = f'Invalid value: "{name[:200]}"'
    if len(name) > limit:
        yield Cause("metadata.name", f"{shown}: must be no more than {limit} characters")
    elif not pattern.fullmatch(name):
        standard = "RFC 1123 label" if limit == 63 else "RFC 1123 subdomain"
        dot = "'-'" if limit == 63 else "'-' or '.'"
        rule = f"a lowercase {standard} must consist of lower case alphanumeric characters, {dot}"
        rule += ", and must start and end with an alphanumeric character"
        yield Cause("metadata.name", f"{shown}: {rule}")


def _label_causes(field: str, labels: Json) -> Iterator[Cause]:
    for key, value in labels.items():
        if not label_rules.is_key(key):
            yield Cause(field, f'Invalid value: "{key[:200]}": name part must be a qualified name')
        if problem := label_rules.value_problem(value):
            yield Cause(field, f'Invalid value: "{value[:200]}": {problem}')


def _data_causes(data: Json) -> Iterator[Cause]:
    for key in data:
        if not _DATA_KEY.fullmatch(key):
            yield Cause(f"data[{key[:200]}]", f'Invalid value: "{key[:200]}": {_DATA_KEY_RULE}')


def _workload_causes(kind: Kind, spec: Json) -> Iterator[Cause]:
    template = spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels")
    if kind in _TEMPLATED:
        selector = spec.get("selector") or {}
        wanted = selector.get("matchLabels") or {}
        is_empty = not wanted and not selector.get("matchExpressions")
        if is_empty:
            yield required("spec.selector")
        if is_empty or any((labels or {}).get(key) != value for key, value in wanted.items()):
            message = f"Invalid value: {_shown(labels)}: `selector` does not match template `labels`"
            yield Cause("spec.template.metadata.labels", message)
    yield from _label_causes("spec.template.metadata.labels", labels or {})
    yield from _container_causes("spec.template.spec", template.get("spec") or {})


def _container_causes(path: str, spec: Json) -> Iterator[Cause]:
    if not spec.get("containers"):
        yield required(f"{path}.containers")
    for field in ("initContainers", "containers"):
        for number, container in enumerate(spec.get(field) or ()):
            for name in ("name", "image"):
                if not container.get(name):
                    yield required(f"{path}.{field}[{number}].{name}")


def _shown(value: object) -> str:
    """As Go writes it in a message: compact JSON."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)[:500]


def _cannot_decode(kind: Kind, field: str, value: object) -> ApiError:
    found = {bool: "bool", int: "number", float: "number", list: "array", dict: "object"}.get(type(value), "null")
    return bad_request(
        f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: json: cannot unmarshal'
        f" {found} into Go struct field {field} of type string"
    )
