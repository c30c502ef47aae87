"""What the server refuses: the checks whose absence would let a wrong manifest look right.

Not the whole of Kubernetes' validation: names, labels, annotations, immutable fields and the fields without which a
workload cannot run. Sources: apimachinery/pkg/util/validation and pkg/apis/*/validation.
"""

import re

from app.demo.kubernetes.apiserver import kinds
from app.demo.kubernetes.apiserver.errors import ApiError, bad_request, invalid
from app.demo.kubernetes.apiserver.kinds import Json, Kind

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
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
    metadata = body["metadata"]
    name = metadata["name"]
    _check_name(kind, name)
    for field in ("labels", "annotations"):
        _check_strings(kind, field, metadata.get(field))
    _check_labels(kind, name, "metadata.labels", metadata.get("labels") or {})
    _check_annotations(kind, name, metadata.get("annotations") or {})
    if kind in _TEMPLATED or kind is kinds.JOB:
        _check_workload(kind, name, body.get("spec") or {})


def check_unchanged(kind: Kind, old: Json, new: Json) -> None:
    """Raises 422 when a field that may never change does."""
    for field in _IMMUTABLE.get(kind, ()):
        before, after = old.get("spec", {}).get(field), new.get("spec", {}).get(field)
        if before != after:
            message = f"Invalid value: {str(after)[:200]}: field is immutable"
            raise invalid(kind, old["metadata"]["name"], f"spec.{field}", message)


def _check_name(kind: Kind, name: object) -> None:
    if not isinstance(name, str):
        raise _cannot_decode(kind, "ObjectMeta.metadata.name", name)
    if not name:
        message = "Required value: name or generateName is required"
        raise invalid(kind, "", "metadata.name", message, "FieldValueRequired")
    pattern, limit = (_LABEL, 63) if kind in _LABEL_NAMED else (_SUBDOMAIN, 253)
    if len(name) > limit or not pattern.fullmatch(name):
        standard = "RFC 1123 label" if limit == 63 else "RFC 1123 subdomain"
        message = f'Invalid value: "{name[:200]}": a lowercase {standard} must consist of lower case alphanumeric'
        message += f" characters or '-', and be no more than {limit} characters"
        raise invalid(kind, name, "metadata.name", message)


def _check_strings(kind: Kind, field: str, values: object) -> None:
    if values is None:
        return
    if not isinstance(values, dict):
        raise _cannot_decode(kind, f"ObjectMeta.metadata.{field}", values)
    for value in values.values():
        if not isinstance(value, str):
            raise _cannot_decode(kind, f"ObjectMeta.metadata.{field}", value)


def _check_labels(kind: Kind, name: str, field: str, labels: Json) -> None:
    for key, value in labels.items():
        prefix, _, short = key.rpartition("/")
        if len(short) > 63 or not _QUALIFIED.fullmatch(short) or (prefix and not _SUBDOMAIN.fullmatch(prefix)):
            raise invalid(kind, name, field, f'Invalid value: "{key[:200]}": name part must be a qualified name')
        if value and (len(value) > 63 or not _QUALIFIED.fullmatch(value)):
            message = f'Invalid value: "{value[:200]}": a valid label must be an empty string or consist of'
            message += " alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric"
            raise invalid(kind, name, field, f"{message} character, and be no more than 63 characters")


def _check_annotations(kind: Kind, name: str, annotations: Json) -> None:
    if sum(len(key) + len(value) for key, value in annotations.items()) > 256 * 1024:
        message = "Too long: may not be more than 262144 bytes"
        raise invalid(kind, name, "metadata.annotations", message, "FieldValueTooLong")


def _check_workload(kind: Kind, name: str, spec: Json) -> None:
    template = spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels") or {}
    _check_strings(kind, "labels", labels)
    _check_strings(kind, "annotations", (template.get("metadata") or {}).get("annotations"))
    _check_labels(kind, name, "spec.template.metadata.labels", labels)
    if not (template.get("spec") or {}).get("containers"):
        raise invalid(kind, name, "spec.template.spec.containers", "Required value", "FieldValueRequired")
    wanted = (spec.get("selector") or {}).get("matchLabels") or {}
    if kind not in _TEMPLATED:
        return
    if not wanted and not (spec.get("selector") or {}).get("matchExpressions"):
        raise invalid(kind, name, "spec.selector", "Required value", "FieldValueRequired")
    if any(labels.get(key) != value for key, value in wanted.items()):
        message = f"Invalid value: {labels}: `selector` does not match template `labels`"
        raise invalid(kind, name, "spec.template.metadata.labels", message)


def _cannot_decode(kind: Kind, field: str, value: object) -> ApiError:
    found = {bool: "bool", int: "number", float: "number", list: "array", dict: "object"}.get(type(value), "null")
    return bad_request(
        f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: json: cannot unmarshal'
        f" {found} into Go struct field {field} of type string"
    )
