"""Why it is not ready: for each way to fail, from what a cluster sends, the cause and the words."""

import pytest

from app.cluster.pods import read_pod
from app.cluster.workloads import read_deployment, read_job
from app.domain.health import Cause, LogSource, Problem
from app.domain.hints import HINTS
from tests.cluster.raw import HASH, Json, condition, container, pod, waiting, workload

POD = f"web-{HASH}-x2x4z"
WHERE = f"Pod/{POD}"
IMAGE = "ghcr.io/acme/shop:0123456"
PULL = f'failed to pull and unpack image "{IMAGE}": '
RESOLVE = f'{PULL}failed to resolve reference "{IMAGE}": '
UNKNOWN = "rpc error: code = Unknown desc = "
NOT_FOUND = "rpc error: code = NotFound desc = "
TOKEN_URL = "https://ghcr.io/token?scope=repository%3Aacme%2Fshop%3Apull&service=ghcr.io"
RUNC = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
    "unable to start container process: error during container init: "
)

PULLS = [
    (NOT_FOUND + RESOLVE + f"{IMAGE}: not found", Cause.IMAGE_NOT_FOUND),
    (UNKNOWN + "reading manifest 0123456 in ghcr.io/acme/shop: manifest unknown", Cause.IMAGE_NOT_FOUND),
    (
        UNKNOWN + "Error response from daemon: manifest for acme/shop:1 not found: manifest unknown",
        Cause.IMAGE_NOT_FOUND,
    ),
    (
        UNKNOWN + RESOLVE + "unexpected status from HEAD request to https://ghcr.io/v2/acme/shop/manifests/0123456: "
        "404 Not Found",
        Cause.IMAGE_NOT_FOUND,
    ),
    (
        UNKNOWN
        + RESOLVE
        + f"failed to authorize: failed to fetch anonymous token: unexpected status from GET request to "
        f"{TOKEN_URL}: 401 Unauthorized",
        Cause.IMAGE_UNAUTHORIZED,
    ),
    (
        UNKNOWN + RESOLVE + f"failed to authorize: failed to fetch oauth token: unexpected status from GET request to "
        f"{TOKEN_URL}: 403 Forbidden",
        Cause.IMAGE_UNAUTHORIZED,
    ),
    (
        UNKNOWN
        + RESOLVE
        + "pull access denied, repository does not exist or may require authorization: server message: "
        "insufficient_scope: authorization failed",
        Cause.IMAGE_UNAUTHORIZED,
    ),
    (
        UNKNOWN + "reading manifest 1 in quay.io/acme/shop: unauthorized: access to the requested resource is not "
        "authorized",
        Cause.IMAGE_UNAUTHORIZED,
    ),
    (
        UNKNOWN
        + "Error reading manifest latest in docker.io/acme/shop: errors: denied: requested access to the resource "
        "is denied unauthorized: authentication required",
        Cause.IMAGE_UNAUTHORIZED,
    ),
    (NOT_FOUND + PULL + "no match for platform in manifest: not found", Cause.IMAGE_ARCHITECTURE),
    (
        UNKNOWN + 'choosing image instance: no image found in image index for architecture "amd64", OS "linux"',
        Cause.IMAGE_ARCHITECTURE,
    ),
    (UNKNOWN + "no matching manifest for linux/amd64 in the manifest list entries", Cause.IMAGE_ARCHITECTURE),
    (
        UNKNOWN
        + RESOLVE
        + 'failed to do request: Head "https://ghcr.io/v2/acme/shop/manifests/0123456": dial tcp: lookup '
        "ghcr.io on 10.96.0.10:53: no such host",
        Cause.REGISTRY_UNREACHABLE,
    ),
    (
        UNKNOWN + RESOLVE + 'failed to do request: Head "https://ghcr.io/v2/acme/shop/manifests/0123456": dial tcp '
        "140.82.121.33:443: i/o timeout",
        Cause.REGISTRY_UNREACHABLE,
    ),
    (
        UNKNOWN + RESOLVE + f'failed to authorize: failed to fetch anonymous token: Get "{TOKEN_URL}": net/http: TLS '
        "handshake timeout",
        Cause.REGISTRY_UNREACHABLE,
    ),
    (
        UNKNOWN + RESOLVE + 'failed to do request: Head "https://registry.acme.test/v2/": tls: failed to verify '
        "certificate: x509: certificate signed by unknown authority",
        Cause.REGISTRY_UNREACHABLE,
    ),
    (UNKNOWN + "toomanyrequests: You have reached your unauthenticated pull rate limit.", Cause.REGISTRY_UNREACHABLE),
    (
        'Failed to apply default image tag "ghcr.io/Acme/Shop": couldn\'t parse image name "ghcr.io/Acme/Shop": '
        "invalid reference format: repository name (Acme/Shop) must be lowercase",
        Cause.IMAGE_NAME,
    ),
    (UNKNOWN + PULL + "failed to extract layer: no space left on device", Cause.IMAGE_PULL),
    (
        NOT_FOUND
        + 'failed to pull and unpack image "ghcr.io/acme/unauthorized:403": ghcr.io/acme/unauthorized:403: not '
        "found",
        Cause.IMAGE_NOT_FOUND,
    ),
]


@pytest.mark.parametrize(("words", "cause"), PULLS)
def test_failed_pull_is_explained_the_same_in_the_try_and_in_the_pause_after_it(words: str, cause: Cause) -> None:
    back_off = f'Back-off pulling image "{IMAGE}": ErrImagePull: {words}'
    for state in (waiting("ErrImagePull", words), waiting("ImagePullBackOff", back_off)):
        assert read_pod(pod(containerStatuses=[container(waiting=state)])).problem == Problem(
            cause, WHERE, f"container app: {words}"[:500]
        )


@pytest.mark.parametrize(
    ("state", "cause", "message"),
    [
        (waiting("InvalidImageName"), Cause.IMAGE_NAME, "container app: InvalidImageName"),
        (
            waiting("ErrImageNeverPull", f'Container image "{IMAGE}" is not present with pull policy of Never'),
            Cause.IMAGE_NOT_FOUND,
            f'container app: Container image "{IMAGE}" is not present with pull policy of Never',
        ),
        (
            waiting("CreateContainerConfigError", 'secret "db" not found'),
            Cause.MISSING_CONFIGURATION,
            'container app: secret "db" not found',
        ),
        (
            waiting("CreateContainerConfigError", 'configmap "shop" not found'),
            Cause.MISSING_CONFIGURATION,
            'container app: configmap "shop" not found',
        ),
        (
            waiting("CreateContainerConfigError", "couldn't find key PASSWORD in Secret pr-7-shop/db"),
            Cause.MISSING_CONFIGURATION,
            "container app: couldn't find key PASSWORD in Secret pr-7-shop/db",
        ),
        (
            waiting(
                "CreateContainerConfigError",
                "container has runAsNonRoot and image will run as root "
                f'(pod: "{POD}_pr-7-shop(9412359b-5c7f-474c-bdab-1d1545202c8e)", container: app)',
            ),
            Cause.ROOT,
            "container app: container has runAsNonRoot and image will run as root",
        ),
        (
            waiting(
                "CreateContainerConfigError",
                "container has runAsNonRoot and image has non-numeric user (node), cannot verify user is non-root "
                f'(pod: "{POD}_pr-7-shop(9412359b-5c7f-474c-bdab-1d1545202c8e)", container: app)',
            ),
            Cause.ROOT,
            "container app: container has runAsNonRoot and image has non-numeric user (node), cannot verify user is "
            "non-root",
        ),
        (
            waiting("CreateContainerConfigError", "failed to prepare subPath for volumeMount"),
            Cause.CONFIGURATION,
            "container app: failed to prepare subPath for volumeMount",
        ),
        (
            waiting("CreateContainerError", 'failed to generate container "1" spec: no command specified'),
            Cause.START,
            'container app: failed to generate container "1" spec: no command specified',
        ),
        (
            waiting("RunContainerError", RUNC + 'exec: "serve": executable file not found in $PATH'),
            Cause.START,
            "container app: " + RUNC + 'exec: "serve": executable file not found in $PATH',
        ),
        (
            waiting("RunContainerError", RUNC + 'exec: "/app": exec format error'),
            Cause.IMAGE_ARCHITECTURE,
            "container app: " + RUNC + 'exec: "/app": exec format error',
        ),
    ],
)
def test_container_that_cannot_be_made_says_why(state: Json, cause: Cause, message: str) -> None:
    problem = read_pod(pod(containerStatuses=[container(waiting=state)])).problem
    assert problem == Problem(cause, WHERE, message)


@pytest.mark.parametrize(
    ("end", "cause", "message"),
    [
        ({"exitCode": 1, "reason": "Error"}, Cause.CRASH, "ended with exit code 1 (Error)"),
        (
            {"exitCode": 139, "reason": "Error"},
            Cause.CRASH,
            "ended with exit code 139 (Error): ended by signal SIGSEGV (Segmentation fault)",
        ),
        (
            {"exitCode": 137, "reason": "Error"},
            Cause.CRASH,
            "ended with exit code 137 (Error): ended by signal SIGKILL (Killed)",
        ),
        (
            {"exitCode": 127, "reason": "Error"},
            Cause.CRASH,
            "ended with exit code 127 (Error): the command was not found",
        ),
        ({"exitCode": 255, "reason": "Error"}, Cause.CRASH, "ended with exit code 255 (Error)"),
        (
            {"exitCode": 137, "reason": "OOMKilled"},
            Cause.OUT_OF_MEMORY,
            "ended with exit code 137 (OOMKilled): it used more than its memory limit of 64Mi",
        ),
        ({"exitCode": 0, "reason": "Completed"}, Cause.ENDED, "ended with exit code 0 (Completed)"),
    ],
)
def test_crash_loop_says_how_it_ends_and_whose_log_tells_more(end: Json, cause: Cause, message: str) -> None:
    states = [
        container(waiting=waiting("CrashLoopBackOff", "back-off 40s restarting failed"), restarts=3, last=end),
        container(waiting=waiting("CrashLoopBackOff", "back-off 5m0s restarting failed"), restarts=9, last=end),
    ]
    if end["exitCode"]:
        states += [container(terminated=end, restarts=3), container(running={}, restarts=3, last=end)]
    for state in states:
        raw = pod(containerStatuses=[state])
        raw["spec"] = {"containers": [{"name": "app", "resources": {"limits": {"memory": "64Mi"}}}]}
        expected = Problem(cause, WHERE, f"container app {message}", LogSource(POD, "app", is_previous=True))
        assert read_pod(raw).problem == expected


@pytest.mark.parametrize(
    ("message", "cause", "end"),
    [
        (RUNC + 'exec: "serve": executable file not found in $PATH', Cause.START, "StartError"),
        (RUNC + 'exec: "/app": exec format error', Cause.IMAGE_ARCHITECTURE, "ContainerCannotRun"),
    ],
)
def test_program_that_never_ran_has_no_log(message: str, cause: Cause, end: str) -> None:
    ended = {"exitCode": 128, "reason": end, "message": message}
    seen = read_pod(pod(containerStatuses=[container(waiting=waiting("CrashLoopBackOff"), restarts=1, last=ended)]))
    assert seen.problem == Problem(cause, WHERE, f"container app could not be started: {message}")
    assert seen.ending_log is None


def unscheduled(message: str) -> Problem | None:
    return read_pod(pod(conditions=[condition("PodScheduled", "False", "Unschedulable", message)])).problem


TAINT = "node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }"
HELPLESS = (
    "preemption: 0/5 nodes are available: 2 Preemption is not helpful for scheduling, 3 No preemption victims found."
)


@pytest.mark.parametrize(
    ("message", "cause", "told"),
    [
        (
            f"0/5 nodes are available: 2 {TAINT}, 3 Insufficient cpu. {HELPLESS}",
            Cause.UNSCHEDULABLE,
            f"no node takes it: Insufficient cpu, {TAINT}",
        ),
        (
            f"0/9 nodes are available: 1 {TAINT}, 8 Insufficient cpu. no new claims to deallocate, {HELPLESS}",
            Cause.UNSCHEDULABLE,
            f"no node takes it: Insufficient cpu, {TAINT}",
        ),
        (
            "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.",
            Cause.UNSCHEDULABLE,
            "no node takes it: Insufficient cpu, Insufficient memory",
        ),
        ("0/1 nodes are available: 1 Too many pods.", Cause.UNSCHEDULABLE, "no node takes it: Too many pods"),
        (
            f"0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. {HELPLESS}",
            Cause.NODE_MISMATCH,
            "no node takes it: node(s) didn't match Pod's node affinity/selector",
        ),
        (f"0/1 nodes are available: 1 {TAINT}. {HELPLESS}", Cause.NODE_MISMATCH, f"no node takes it: {TAINT}"),
        (
            f"0/3 nodes are available: 3 node(s) had volume node affinity conflict. {HELPLESS}",
            Cause.VOLUME,
            "no node takes it: node(s) had volume node affinity conflict",
        ),
        (
            f"0/5 nodes are available: pod has unbound immediate PersistentVolumeClaims. {HELPLESS}",
            Cause.VOLUME,
            "no node takes it: pod has unbound immediate PersistentVolumeClaims",
        ),
        (
            '0/1 nodes are available: persistentvolumeclaim "data" not found.',
            Cause.VOLUME,
            'no node takes it: persistentvolumeclaim "data" not found',
        ),
        (
            '0/3 nodes are available: persistentvolumeclaim "nothing" not found. not found',
            Cause.VOLUME,
            'no node takes it: persistentvolumeclaim "nothing" not found',
        ),
        (
            "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found",
            Cause.VOLUME,
            "no node takes it: pod has unbound immediate PersistentVolumeClaims",
        ),
        ("no nodes available to schedule pods", Cause.UNSCHEDULABLE, "no nodes available to schedule pods"),
    ],
)
def test_unschedulable_pod_says_what_is_missing(message: str, cause: Cause, told: str) -> None:
    assert unscheduled(message) == Problem(cause, WHERE, told)


def test_numbers_of_nodes_are_no_news() -> None:
    found = {
        unscheduled("0/3 nodes are available: 1 Insufficient memory, 2 Insufficient cpu."),
        unscheduled("0/5 nodes are available: 1 Insufficient cpu, 4 Insufficient memory."),
        unscheduled(f"0/40 nodes are available: 20 Insufficient cpu, 20 Insufficient memory. {HELPLESS}"),
    }
    assert len(found) == 1


def test_evicted_pod_says_what_it_used_up() -> None:
    raw = pod(phase="Failed", reason="Evicted", message='Usage of EmptyDir volume "tmp" exceeds the limit "512Mi". ')
    told = Problem(Cause.EVICTED, WHERE, 'Usage of EmptyDir volume "tmp" exceeds the limit "512Mi".')
    assert read_pod(raw).problem == told


FORBIDDEN = f'pods "web-{HASH}-abcde" is forbidden: '
REFUSALS = [
    (
        FORBIDDEN + "exceeded quota: environment, requested: limits.memory=4Gi, used: limits.memory=5Gi, limited: "
        "limits.memory=8Gi",
        Cause.QUOTA,
        "exceeded quota: environment, requested: limits.memory=4Gi, used: limits.memory=5Gi, limited: "
        "limits.memory=8Gi",
    ),
    (
        FORBIDDEN + "failed quota: environment: must specify limits.cpu for: app",
        Cause.LIMITS,
        "failed quota: environment: must specify limits.cpu for: app",
    ),
    (
        FORBIDDEN + "maximum memory usage per Container is 2Gi, but limit is 4Gi",
        Cause.LIMITS,
        "maximum memory usage per Container is 2Gi, but limit is 4Gi",
    ),
    (
        FORBIDDEN + 'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "app" must '
        "set securityContext.allowPrivilegeEscalation=false)",
        Cause.POD_SECURITY,
        'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "app" must set '
        "securityContext.allowPrivilegeEscalation=false)",
    ),
    (
        'admission webhook "validate.example.com" denied the request: images must be signed',
        Cause.POLICY,
        'admission webhook "validate.example.com" denied the request: images must be signed',
    ),
    (
        FORBIDDEN + "ValidatingAdmissionPolicy 'images' with binding 'all' denied request: images must be signed",
        Cause.POLICY,
        "ValidatingAdmissionPolicy 'images' with binding 'all' denied request: images must be signed",
    ),
    (
        'Internal error occurred: failed calling webhook "validate.example.com": failed to call webhook: Post '
        '"https://guard.guard.svc:443/validate?timeout=10s": dial tcp 10.96.3.4:443: connect: connection refused',
        Cause.POLICY,
        'Internal error occurred: failed calling webhook "validate.example.com": failed to call webhook: Post '
        '"https://guard.guard.svc:443/validate?timeout=10s": dial tcp 10.96.3.4:443: connect: connection refused',
    ),
    (
        'Pod "web-0" is invalid: spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal '
        "to cpu limit of 1",
        Cause.LIMITS,
        'Pod "web-0" is invalid: spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal '
        "to cpu limit of 1",
    ),
    (
        'Pod "web-0" is invalid: spec.volumes[0].name: Duplicate value: "tmp"',
        Cause.INVALID,
        'Pod "web-0" is invalid: spec.volumes[0].name: Duplicate value: "tmp"',
    ),
    (
        FORBIDDEN + 'error looking up service account pr-7-shop/robot: serviceaccount "robot" not found',
        Cause.REFUSED,
        'error looking up service account pr-7-shop/robot: serviceaccount "robot" not found',
    ),
]


@pytest.mark.parametrize(("message", "cause", "told"), REFUSALS)
def test_deployment_whose_pods_are_refused_says_why(message: str, cause: Cause, told: str) -> None:
    conditions = [condition("ReplicaFailure", "True", "FailedCreate", message)]
    seen = read_deployment(workload(observedGeneration=2, conditions=conditions))
    assert seen.workload.problem == Problem(cause, "Deployment/web", told)


def test_deadline_of_a_rollout_names_no_replica_set() -> None:
    late = condition(
        "Progressing", "False", "ProgressDeadlineExceeded", f'ReplicaSet "web-{HASH}" has timed out progressing.'
    )
    seen = read_deployment(workload(observedGeneration=2, conditions=[late]))
    told = "the new version did not become available in the time it has for that"
    assert seen.workload.problem == Problem(Cause.DEADLINE, "Deployment/web", told)


def test_failed_migration_says_so_and_its_pod_whose_log_tells_more() -> None:
    words = "Job has reached the specified backoff limit"
    job = read_job(workload("migrate", conditions=[condition("Failed", "True", "BackoffLimitExceeded", words)]))
    ended = read_pod(
        pod("migrate-x", owner=("Job", "migrate"), containerStatuses=[container(terminated={"exitCode": 3})])
    )
    assert job.workload.problem == Problem(Cause.JOB_FAILED, "Job/migrate", words)
    assert ended.ending == "container app ended with exit code 3 (Error)"
    assert ended.ending_log == LogSource("migrate-x", "app", is_previous=False)


def test_every_cause_has_a_hint_of_its_own() -> None:
    assert set(HINTS) == set(Cause) - {Cause.SYNC}
    assert len(set(HINTS.values())) == len(HINTS)


def test_words_of_a_cluster_lose_their_secrets() -> None:
    words = (
        f"{UNKNOWN}{PULL}failed to copy: httpReadSeeker: failed open: unexpected status from GET request to "
        "https://blobs.example.com/sha256/ab?X-Amz-Credential=AKIAIOSFODNN7EXAMPLE&X-Amz-Signature=0a1b2c3d: 403"
    )
    problem = read_pod(pod(containerStatuses=[container(waiting=waiting("ErrImagePull", words))])).problem
    assert problem is not None
    assert problem.cause is Cause.IMAGE_UNAUTHORIZED
    assert "AKIA" not in problem.message
    assert "0a1b2c3d" not in problem.message
