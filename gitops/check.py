"""Checks rendered manifests before they are committed: an environment is one namespace and what lies inside it.

Templates are the operator's and specs are validated; this is the second lock on the door. The bytes that will be
committed are what is parsed, so nothing that quoting missed can slip through. All problems are told at once.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from gitops.dig import Object, mapping_at, value_at
from gitops.errors import ManifestsError
from gitops.labels import NAME, annotations_of, labels_of
from gitops.network import ingress_problems, network_policy_problems, service_problems
from gitops.parse import NotPlainError, parse_object
from gitops.pods import pod_problems
from gitops.spec import Spec
from gitops.text import shown

Problems = Iterator[str]

KINDS: Mapping[str, str] = {
    "Namespace": "v1",
    "ResourceQuota": "v1",
    "LimitRange": "v1",
    "ServiceAccount": "v1",
    "ConfigMap": "v1",
    "Service": "v1",
    "PersistentVolumeClaim": "v1",
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "Job": "batch/v1",
    "CronJob": "batch/v1",
    "Ingress": "networking.k8s.io/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "PodDisruptionBudget": "policy/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
}
"""{kind: the one apiVersion it may have}. No roles, no cluster kinds, no Secret: a secret in Git is not one."""

_POD_TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
_LONG_RUNNING = {"Deployment", "StatefulSet"}
_ENFORCE = "pod-security.kubernetes.io/enforce"


def check(spec: Spec, files: Mapping[str, bytes]) -> None:
    """Return when the files, {name: bytes}, are manifests that the spec's environment may have.

    Raises ManifestsError with every problem, each beginning with its file's name.
    """
    problems: list[str] = []
    objects: dict[str, Object] = {}
    for name, content in files.items():
        try:
            objects[name] = parse_object(content)
        except NotPlainError as error:
            problems.append(f"{name}: {error}")
    for name, manifest in objects.items():
        problems += [f"{name}: {problem}" for problem in _object_problems(manifest, spec)]
    problems += _set_problems(list(objects.values()))
    if problems:
        raise ManifestsError(f"manifests of environment {spec.namespace}", problems)


def _object_problems(manifest: Object, spec: Spec) -> Problems:
    kind = manifest.get("kind")
    if not isinstance(kind, str) or manifest.get("apiVersion") != KINDS.get(kind):
        yield (
            f"{shown(manifest.get('apiVersion'))} {shown(kind)} is not a kind that an environment may have; "
            f"use one of {', '.join(KINDS)}"
        )
        return
    yield from _place_problems(manifest, kind, spec)
    yield from _label_problems(mapping_at(manifest, "metadata"), spec)
    if kind in _POD_TEMPLATES:
        yield from _workload_problems(manifest, kind, spec)
    match kind:
        case "Service":
            yield from service_problems(manifest)
        case "Ingress":
            yield from ingress_problems(manifest, spec)
        case "NetworkPolicy":
            yield from network_policy_problems(manifest)
        case "ServiceAccount" if manifest.get("automountServiceAccountToken") is not False:
            yield "automountServiceAccountToken must be false"


def _place_problems(manifest: Object, kind: str, spec: Spec) -> Problems:
    metadata = mapping_at(manifest, "metadata")
    if not metadata.get("name"):
        yield "metadata.name is missing; add it"
    for field in ("generateName", "ownerReferences", "finalizers"):
        if field in metadata:
            yield f"metadata.{field} is set; remove it"
    if kind != "Namespace":
        if metadata.get("namespace") != spec.namespace:
            yield f"metadata.namespace is {shown(metadata.get('namespace'))}; make it {spec.namespace}"
        return
    if metadata.get("name") != spec.namespace:
        yield f"metadata.name is {shown(metadata.get('name'))}; make it {spec.namespace}"
    if value_at(metadata, "labels", _ENFORCE) != "restricted":
        yield f"label {_ENFORCE} must be restricted"


def _label_problems(metadata: Object, spec: Spec) -> Problems:
    given = mapping_at(metadata, "labels")
    for label, wanted in labels_of(spec, ""):
        if label == NAME and not given.get(label):
            yield f"label {label} is missing; add it"
        elif label != NAME and given.get(label) != wanted:
            yield f"label {label} is {shown(given.get(label))}; make it {wanted}"


def _workload_problems(manifest: Object, kind: str, spec: Spec) -> Problems:
    template = mapping_at(manifest, *_POD_TEMPLATES[kind])
    yield from _annotation_problems(mapping_at(manifest, "metadata"), spec)
    for problem in (
        *_label_problems(mapping_at(template, "metadata"), spec),
        *_annotation_problems(mapping_at(template, "metadata"), spec),
        *pod_problems(mapping_at(template, "spec"), is_long_running=kind in _LONG_RUNNING),
    ):
        yield f"pod template: {problem}"


def _annotation_problems(metadata: Object, spec: Spec) -> Problems:
    given = mapping_at(metadata, "annotations")
    for annotation, wanted in annotations_of(spec):
        if given.get(annotation) != wanted:
            yield f"annotation {annotation} is {shown(given.get(annotation))}; make it {shown(wanted)}"


def _set_problems(objects: list[Object]) -> Problems:
    counted = Counter((str(each.get("kind")), str(value_at(each, "metadata", "name"))) for each in objects)
    for (kind, name), times in counted.items():
        if times > 1:
            yield f"{kind} {shown(name)} is there {times} times; keep one"
    if not any(kind == "Namespace" for kind, _ in counted):
        yield "there is no Namespace; add set base: without one the environment could never be removed"
