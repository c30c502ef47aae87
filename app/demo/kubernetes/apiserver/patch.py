"""The patches the API takes: JSON merge (RFC 7396), JSON patch (RFC 6902), and Kubernetes' strategic merge.

Server-side apply is in `ownership`.
"""

import json
from collections.abc import Callable
from typing import Any

import yaml

from app.demo.kubernetes.apiserver.errors import ApiError, bad_request, unsupported_media_type
from app.demo.kubernetes.apiserver.kinds import Json, Kind

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"

# patchMergeKey tags of k8s.io/api.
_MERGE_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "volumes": "name",
    "env": "name",
    "imagePullSecrets": "name",
    "conditions": "type",
    "ownerReferences": "uid",
    "volumeMounts": "mountPath",
    "tolerations": "key",
}
_MERGED_SETS = ("finalizers",)


def read_patch(kind: Kind, content_type: str, text: bytes) -> Callable[[Json], Json]:
    """The edit that a patch's body asks for. 400 when it does not parse, 415 when its kind is not taken."""
    media_type = content_type.partition(";")[0].strip()
    accepted = [JSON_PATCH, MERGE_PATCH, *([] if kind.is_custom else [STRATEGIC_PATCH]), APPLY_PATCH]
    if media_type not in accepted:
        raise unsupported_media_type(", ".join(accepted))
    patch = _parse(media_type, text)
    if media_type == JSON_PATCH:
        return lambda body: _json_patched(body, patch)
    if media_type == MERGE_PATCH or kind.is_custom:
        return lambda body: _as_object(merge(body, patch))
    return lambda body: _as_object(_strategic(body, patch))


def read_config(text: bytes) -> Json:
    """What an apply wants the object to be. 400 when it does not parse."""
    return _as_object(_parse(APPLY_PATCH, text))


def merge(target: Any, patch: Any) -> Any:
    """The target with a JSON merge patch applied; `null` removes."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


def _parse(media_type: str, text: bytes) -> Any:
    try:
        patch = yaml.safe_load(text) if media_type == APPLY_PATCH else json.loads(text)
    except (ValueError, yaml.YAMLError) as error:
        raise bad_request(f"error decoding patch: {error}") from error
    wanted = list if media_type == JSON_PATCH else dict
    if not isinstance(patch, wanted):
        raise bad_request(f"error decoding patch: json: cannot unmarshal into Go value of type {wanted.__name__}")
    return patch


def _as_object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _strategic(target: Any, patch: Any, field: str = "") -> Any:
    if isinstance(patch, list):
        return _merged_list(target if isinstance(target, list) else [], patch, field)
    if not isinstance(patch, dict):
        return patch
    if patch.get("$patch") == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"}
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if key.startswith("$"):
            continue
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _strategic(merged.get(key), value, key)
    return merged


def _merged_list(target: list[Any], patch: list[Any], field: str) -> list[Any]:
    if field in _MERGED_SETS:
        return [*target, *(item for item in patch if item not in target)]
    key = _MERGE_KEYS.get(field)
    if key is None:
        return patch
    merged = {item.get(key): item for item in target}
    for item in patch:
        if item.get("$patch") == "delete":
            merged.pop(item.get(key), None)
        else:
            merged[item.get(key)] = _strategic(merged.get(item.get(key)), item)
    return list(merged.values())


def _json_patched(body: Json, operations: list[Json]) -> Json:
    for operation in operations:
        try:
            _apply(body, operation)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            message = "the server rejected our request due to an error in our request"
            raise ApiError(422, "Invalid", message) from error
    return body


def _apply(body: Json, operation: Json) -> None:
    path = _steps(operation["path"])
    match operation["op"]:
        case "add":
            _add(body, path, operation["value"])
        case "remove":
            _take(body, path)
        case "replace":
            _take(body, path)
            _add(body, path, operation["value"])
        case "test":
            if _look(body, path) != operation["value"]:
                raise ValueError(f"testing value {operation['path']} failed")
        case "copy":
            _add(body, path, json.loads(json.dumps(_look(body, _steps(operation["from"])))))
        case "move":
            _add(body, path, _take(body, _steps(operation["from"])))
        case unknown:
            raise ValueError(f"unexpected kind: {unknown}")


def _steps(pointer: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def _look(body: Any, path: list[str]) -> Any:
    for step in path:
        body = body[int(step)] if isinstance(body, list) else body[step]
    return body


def _add(body: Json, path: list[str], value: Any) -> None:
    parent = _look(body, path[:-1])
    if isinstance(parent, list):
        parent.insert(len(parent) if path[-1] == "-" else int(path[-1]), value)
    else:
        parent[path[-1]] = value


def _take(body: Json, path: list[str]) -> Any:
    parent = _look(body, path[:-1])
    return parent.pop(int(path[-1]) if isinstance(parent, list) else path[-1])
