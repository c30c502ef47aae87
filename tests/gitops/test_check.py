"""Checking: every way in which a template could break out of its environment, one row each."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import pytest
import yaml

from gitops.check import check
from gitops.errors import ManifestsError
from gitops.render import Templates
from gitops.spec import Spec

Object = dict[str, Any]
Break = Callable[[Object], object]
ENFORCE = "pod-security.kubernetes.io/enforce"


@pytest.fixture
def manifests(spec: Spec, templates: Templates) -> dict[str, Object]:
    """Give the product's manifests as values."""
    return {name: yaml.safe_load(content) for name, content in templates.render(spec).items()}


def problems_of(spec: Spec, manifests: Mapping[str, object]) -> list[str]:
    """What the check says about these manifests."""
    files = {name: yaml.safe_dump(manifest).encode() for name, manifest in manifests.items()}
    try:
        check(spec, files)
    except ManifestsError as error:
        return list(error.problems)
    return []


def pod(manifest: Object) -> Object:
    """The pod spec of a Deployment."""
    spec: Object = manifest["spec"]["template"]["spec"]
    return spec


def container(manifest: Object) -> Object:
    """The first container of a Deployment."""
    first: Object = pod(manifest)["containers"][0]
    return first


BREAKS: list[tuple[str, Break, str]] = [
    ("service.yaml", lambda it: it.update(kind="Secret"), "is not a kind"),
    ("service.yaml", lambda it: it.update(kind="ClusterRoleBinding"), "is not a kind"),
    ("service.yaml", lambda it: it.update(kind="Role"), "is not a kind"),
    ("service.yaml", lambda it: it.update(kind=["Service"]), "is not a kind"),
    ("service.yaml", lambda it: it.update(apiVersion="v2"), "is not a kind"),
    ("deployment.yaml", lambda it: it.update(apiVersion="extensions/v1beta1"), "is not a kind"),
    ("namespace.yaml", lambda it: it["metadata"].update(name="kube-system"), "metadata.name is 'kube-system'"),
    ("namespace.yaml", lambda it: it["metadata"]["labels"].pop(ENFORCE), "must be restricted"),
    ("service.yaml", lambda it: it["metadata"].update(namespace="kube-system"), "metadata.namespace is 'kube-system'"),
    ("service.yaml", lambda it: it["metadata"].pop("namespace"), "metadata.namespace is None"),
    ("service.yaml", lambda it: it.update(metadata=[]), "metadata.namespace is None"),
    ("service.yaml", lambda it: it["metadata"].pop("name"), "metadata.name is missing"),
    ("service.yaml", lambda it: it["metadata"].update(generateName="x"), "metadata.generateName"),
    ("service.yaml", lambda it: it["metadata"].update(finalizers=["x"]), "metadata.finalizers"),
    (
        "service.yaml",
        lambda it: it["metadata"]["labels"].pop("app.kubernetes.io/name"),
        "app.kubernetes.io/name is missing",
    ),
    (
        "service.yaml",
        lambda it: it["metadata"]["labels"].pop("ephemera.dev/environment"),
        "ephemera.dev/environment is",
    ),
    (
        "service.yaml",
        lambda it: it["metadata"]["labels"].update({"app.kubernetes.io/managed-by": "helm"}),
        "managed-by is 'helm'; make it ephemera",
    ),
    ("deployment.yaml", lambda it: it["metadata"]["annotations"].pop("ephemera.dev/head-sha"), "ephemera.dev/head-sha"),
    (
        "deployment.yaml",
        lambda it: it["spec"]["template"]["metadata"]["annotations"].pop("ephemera.dev/generation"),
        "pod template: annotation ephemera.dev/generation",
    ),
    (
        "deployment.yaml",
        lambda it: it["spec"]["template"]["metadata"]["labels"].pop("ephemera.dev/repository"),
        "pod template: label ephemera.dev/repository",
    ),
    ("service.yaml", lambda it: it["spec"].update(type="LoadBalancer"), "make it ClusterIP"),
    ("service.yaml", lambda it: it["spec"].update(type="NodePort"), "make it ClusterIP"),
    ("service.yaml", lambda it: it["spec"].update(type="ExternalName", externalName="x"), "make it ClusterIP"),
    ("service.yaml", lambda it: it["spec"].update(externalIPs=["10.0.0.1"]), "spec.externalIPs"),
    ("ingress.yaml", lambda it: it["spec"]["rules"][0].update(host="*"), "host is '*'"),
    ("ingress.yaml", lambda it: it["spec"]["rules"][0].pop("host"), "host is None"),
    ("ingress.yaml", lambda it: it["spec"]["tls"][0].update(hosts=["bank.example.com"]), "host is 'bank.example.com'"),
    ("ingress.yaml", lambda it: it["spec"].update(defaultBackend={}), "spec.defaultBackend"),
    (
        "ingress.yaml",
        lambda it: it["metadata"].update(annotations={"nginx.ingress.kubernetes.io/Server-Snippet": "x"}),
        "is not allowed",
    ),
    (
        "ingress.yaml",
        lambda it: it["metadata"].update(annotations={"nginx.ingress.kubernetes.io/server-alias": "bank"}),
        "is not allowed",
    ),
    ("network-policy-openings.yaml", lambda it: it["spec"].update(egress=[{}]), "opens every address"),
    (
        "network-policy-openings.yaml",
        lambda it: it["spec"].update(egress=[{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]),
        "metadata address 169.254.169.254",
    ),
    (
        "network-policy-openings.yaml",
        lambda it: it["spec"].update(egress=[{"to": [{"ipBlock": {"cidr": "::/0"}}]}]),
        "metadata address fd00:ec2::254",
    ),
    (
        "network-policy-openings.yaml",
        lambda it: it["spec"].update(egress=[{"to": [{"ipBlock": {"cidr": "everywhere"}}]}]),
        "is not a network",
    ),
    ("service-account.yaml", lambda it: it.pop("automountServiceAccountToken"), "automountServiceAccountToken"),
    ("deployment.yaml", lambda it: pod(it).update(hostNetwork=True), "hostNetwork"),
    ("deployment.yaml", lambda it: pod(it).update(hostPID=True), "hostPID"),
    ("deployment.yaml", lambda it: pod(it).update(nodeName="n1"), "nodeName"),
    ("deployment.yaml", lambda it: pod(it).update(volumes=[{"name": "x", "hostPath": {"path": "/"}}]), "is a hostPath"),
    (
        "deployment.yaml",
        lambda it: pod(it).update(volumes=[{"name": "x", "projected": {"sources": [{"serviceAccountToken": {}}]}}]),
        "service account token",
    ),
    ("deployment.yaml", lambda it: pod(it).pop("automountServiceAccountToken"), "automountServiceAccountToken"),
    ("deployment.yaml", lambda it: pod(it).update(enableServiceLinks=True), "enableServiceLinks"),
    ("deployment.yaml", lambda it: pod(it)["securityContext"].update(sysctls=[{}]), "securityContext.sysctls"),
    ("deployment.yaml", lambda it: pod(it)["securityContext"].update(runAsUser=0), "runAsUser must not be 0"),
    ("deployment.yaml", lambda it: pod(it)["securityContext"].pop("seccompProfile"), "seccompProfile.type is None"),
    (
        "deployment.yaml",
        lambda it: container(it)["securityContext"].update(seccompProfile={"type": "Unconfined"}),
        "seccompProfile.type is 'Unconfined'",
    ),
    ("deployment.yaml", lambda it: container(it)["securityContext"].update(runAsNonRoot=False), "runAsNonRoot"),
    ("deployment.yaml", lambda it: container(it)["securityContext"].update(privileged=True), "privileged"),
    (
        "deployment.yaml",
        lambda it: container(it)["securityContext"].pop("allowPrivilegeEscalation"),
        "allowPrivilegeEscalation must be false",
    ),
    (
        "deployment.yaml",
        lambda it: container(it)["securityContext"].pop("readOnlyRootFilesystem"),
        "readOnlyRootFilesystem must be true",
    ),
    ("deployment.yaml", lambda it: container(it)["securityContext"].pop("capabilities"), "must hold ALL"),
    (
        "deployment.yaml",
        lambda it: container(it)["securityContext"]["capabilities"].update(add=["SYS_ADMIN"]),
        "capabilities.add holds ['SYS_ADMIN']",
    ),
    ("deployment.yaml", lambda it: container(it)["ports"][0].update(hostPort=80), "hostPort is 80"),
    ("deployment.yaml", lambda it: container(it)["resources"]["limits"].pop("memory"), "resources.limits lacks memory"),
    ("deployment.yaml", lambda it: container(it).pop("resources"), "resources.requests lacks cpu, memory"),
    ("deployment.yaml", lambda it: container(it).pop("livenessProbe"), "needs a readinessProbe and a livenessProbe"),
    (
        "deployment.yaml",
        lambda it: container(it).update(livenessProbe=deepcopy(container(it)["readinessProbe"])),
        "equals its readinessProbe",
    ),
    (
        "deployment.yaml",
        lambda it: pod(it).update(initContainers=[{"name": "init"}]),
        "container 'init': securityContext.readOnly",
    ),
    ("deployment.yaml", lambda it: pod(it).update(containers=[]), "it has no containers"),
    ("deployment.yaml", lambda it: it.update(spec="nothing"), "it has no containers"),
]


@pytest.mark.parametrize(("file", "break_it", "expected"), BREAKS, ids=range(len(BREAKS)))
def test_breaking_out_is_seen(
    spec: Spec, manifests: dict[str, Object], file: str, break_it: Break, expected: str
) -> None:
    break_it(manifests[file])
    found = problems_of(spec, manifests)
    assert any(problem.startswith(f"{file}: ") and expected in problem for problem in found), found


def test_network_policy_may_open_the_internet_without_the_metadata_address(
    spec: Spec, manifests: dict[str, Object]
) -> None:
    block = {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16", "10.0.0.0/8"]}
    manifests["network-policy-openings.yaml"]["spec"]["egress"].append({"to": [{"ipBlock": block}]})
    assert problems_of(spec, manifests) == []


def test_all_problems_are_told_at_once(spec: Spec, manifests: dict[str, Object]) -> None:
    manifests["service.yaml"]["spec"]["type"] = "NodePort"
    manifests["ingress.yaml"]["spec"]["rules"][0]["host"] = "*"
    pod(manifests["deployment.yaml"])["hostIPC"] = True
    assert len(problems_of(spec, manifests)) == 3


def test_environment_without_its_namespace_is_refused(spec: Spec, manifests: dict[str, Object]) -> None:
    del manifests["namespace.yaml"]
    assert problems_of(spec, manifests) == [
        "there is no Namespace; add set base: without one the environment could never be removed"
    ]


def test_one_object_in_two_files_is_refused(spec: Spec, manifests: dict[str, Object]) -> None:
    manifests["again.yaml"] = manifests["service.yaml"]
    assert problems_of(spec, manifests) == ["Service 'web' is there 2 times; keep one"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "it is empty"),
        (b"# nothing\n", "it is empty"),
        (b"- a\n", "make it one object"),
        (b"text\n", "make it one object"),
        (b"a: 1\n---\nb: 2\n", "expected a single document"),
        (b"a: 1\na: 2\n", "key 'a' in line 2 is there twice"),
        (b"a: &x [1]\nb: *x\n", "alias in line 1"),
        (b"a: &x {b: *x}\n", "alias in line 1"),
        (b"<<: {a: 1}\n", "merge"),
        (b"1: a\n", "key 1 in line 1; quote it"),
        (b"a: !!python/object/apply:os.system [x]\n", "tag"),
        (b"a: 2026-01-01\n", "quote the value"),
        (b"a: !!binary aGk=\n", "quote the value"),
        (b"a: [\n", "file.yaml"),
        (b"a: \xff\n", "file.yaml"),
        (b"a: \x00\n", "file.yaml"),
        (b"[" * 5000, "file.yaml"),
    ],
    ids=range(17),
)
def test_file_that_is_not_one_plain_object_is_refused(
    spec: Spec, templates: Templates, content: bytes, expected: str
) -> None:
    with pytest.raises(ManifestsError) as caught:
        check(spec, templates.render(spec) | {"file.yaml": content})
    (problem,) = caught.value.problems
    assert problem.startswith("file.yaml: ")
    assert expected in problem
