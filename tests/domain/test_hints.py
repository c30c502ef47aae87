"""What to do about each problem, as a table."""

import pytest

from app.domain.health import Cause, Problem
from app.domain.hints import HINTS, hint


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause is not Cause.SYNC])
def test_every_cause_has_its_own_hint(cause: Cause) -> None:
    assert hint(Problem(cause, "Pod/web-1", "words")) == HINTS[cause]
    assert [other for other in HINTS if HINTS[other] == HINTS[cause]] == [cause]


@pytest.mark.parametrize(
    ("error", "about"),
    [
        ('pods "x" is forbidden: exceeded quota: environment, requested: pods=1', "is used up"),
        ('Job.batch "migrate" is invalid: spec.template: Invalid value: {}: field is immutable', "Recreate"),
        ('Service "db" is invalid: spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set', "Recreate"),
        (
            "The Kubernetes API could not find acme.example/Widget for requested resource pr-7-shop/x. Make sure the "
            '"Widget" CRD is installed on the destination cluster.',
            "does not know this kind",
        ),
        (
            'Widget/x dry-run failed: no matches for kind "Widget" in version "acme.example/v1"',
            "does not know this kind",
        ),
        ('admission webhook "validate.example.com" denied the request: images must be signed', "policy"),
        ("resource :Namespace is not permitted in project ephemera", "may not do this"),
        (
            'configmaps is forbidden: User "system:serviceaccount:flux-system:x" cannot create resource "configmaps"',
            "may not do this",
        ),
        ('Deployment.apps "web" is invalid: spec.template.spec.containers[0].image: Required value', "names the field"),
        ('error validating data: unknown field "spec.replica"', "names the field"),
        ("failed to list refs: authentication required: Repository not found.", "could not read"),
        ("Failed to load target state: failed to generate manifest: kustomize build failed", "cannot be read"),
        ("kustomize build failed: accumulating resources: MalformedYAMLError: yaml: line 3", "cannot be read"),
        ("something else", "It is tried again at the next commit"),
    ],
)
def test_sync_error_says_what_it_is_about(error: str, about: str) -> None:
    assert about in hint(Problem(Cause.SYNC, "Application/pr-7-shop", error))


def test_our_own_deadline_blames_no_workload() -> None:
    ours, rollout = (hint(Problem(Cause.DEADLINE, where, "late")) for where in ("Environment", "Deployment/web"))
    assert ours != rollout


def test_log_tells_of_a_program_for_another_processor_what_an_exit_code_cannot() -> None:
    crash = Problem(Cause.CRASH, "Pod/web-1", "container web ended with exit code 255 (Error)")
    assert hint(crash, "exec /app/serve: exec format error\n") == HINTS[Cause.IMAGE_ARCHITECTURE]
    assert hint(crash, "no such table") == HINTS[Cause.CRASH]
