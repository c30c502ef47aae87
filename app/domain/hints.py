"""What a developer who has never seen Kubernetes can do about a problem: two sentences or so for each cause."""

import re

from app.domain.health import Cause, Problem

HINTS = {
    Cause.JOB_FAILED: "A job that has to be done before the environment is ready, such as a database migration, "
    "gave up. It is not tried again for this commit: read its log, fix it and push.",
    Cause.IMAGE_NAME: "That is not a name that an image can have. Correct the image's name in the configuration.",
    Cause.IMAGE_ARCHITECTURE: "The image was built for another kind of processor than the cluster has. Build it for "
    "the cluster's too, for example with `docker buildx build --platform linux/amd64,linux/arm64`.",
    Cause.IMAGE_UNAUTHORIZED: "The registry did not let the cluster have the image. Many registries say so of an "
    "image that does not exist, too: has the build for this commit pushed it? If it has, the cluster lacks the right "
    "to read it: ask whoever runs the registry or the cluster.",
    Cause.IMAGE_NOT_FOUND: "The registry has no such image. Has the build for this commit finished and pushed it? "
    "The environment becomes ready by itself when the image appears.",
    Cause.IMAGE_PULL: "The image could not be fetched. It is tried again by itself; if the message names something "
    "that you can mend, mend it and push.",
    Cause.MISSING_CONFIGURATION: "The container wants a Secret or ConfigMap, or a key in one, that the environment "
    "does not have. Add it, or correct the name.",
    Cause.ROOT: "The image runs as root, or does not say as which user, and environments must not run as root. Add a "
    "`USER` with a number, such as `USER 10001`, to the end of the Dockerfile.",
    Cause.CONFIGURATION: "The container's configuration names something that does not exist or is not allowed.",
    Cause.START: "The image is there, but the program that it should run is not, or may not be executed. Check "
    "`ENTRYPOINT` and `CMD` in the Dockerfile, and the command in the configuration.",
    Cause.OUT_OF_MEMORY: "The program used more memory than it may have, and was killed. Have it use less, or ask for "
    "a higher limit.",
    Cause.CRASH: "The program starts and fails, again and again. Read its log, fix it and push.",
    Cause.ENDED: "The program ends without an error where a server should go on. Does it run in the background, or is "
    "it a command that is simply done?",
    Cause.QUOTA: "What the environment may use is used up. Ask for less, or have its quota raised.",
    Cause.POD_SECURITY: "The cluster allows only containers with few rights. Change what the message names: it is in "
    "the `securityContext` of the container.",
    Cause.POLICY: "A policy of this cluster does not allow it. The message is that of the policy: change what it "
    "names, or ask whoever runs the cluster.",
    Cause.LIMITS: "What the container asks for lies outside the limits for one container. Change its resources.",
    Cause.INVALID: "Kubernetes does not accept the object. The message names the field: correct it and push.",
    Cause.REFUSED: "The cluster did not create it. If the message names nothing that you can change, ask whoever runs "
    "the cluster.",
    Cause.DEADLINE: "It may still become ready by itself; a redeploy tries again.",
    Cause.LIVENESS_PROBE: "The program is up but stops answering the check that tells whether it lives, so it is "
    "started again. Does it hang, or does it need longer than the check waits?",
    Cause.STARTUP_PROBE: "The program does not begin to answer in time. Does it listen on the right port and on all "
    "addresses (0.0.0.0, not 127.0.0.1), and does it start fast enough?",
    Cause.PROBE: "The program runs, but does not say that it is ready. Does it listen on the right port and on all "
    "addresses (0.0.0.0, not 127.0.0.1), and does what it depends on answer?",
    Cause.EVICTED: "The cluster stopped the program to free room on its machine, mostly because it wrote too much to "
    "its disk. Another one is started by itself.",
    Cause.VOLUME: "A disk that the program needs is not there yet. If that lasts, check the volume's name, class and "
    "size, or ask whoever runs the cluster.",
    Cause.REGISTRY_UNREACHABLE: "The cluster could not reach the registry. It is tried again by itself; if it lasts, "
    "look whether the registry works and the image's host name is right.",
    Cause.SANDBOX: "The machine could not prepare a place for the program. This is not about your change, and it is "
    "tried again by itself; if it lasts, tell whoever runs the cluster.",
    Cause.NODE_MISMATCH: "The cluster has no machine of the kind that the program asks for, or none that takes it. "
    "Check its node selector, affinity and tolerations, or ask whoever runs the cluster.",
    Cause.UNSCHEDULABLE: "No machine of the cluster has enough room left. It starts by itself as soon as one has; "
    "asking for less CPU or memory helps too.",
    Cause.OTHER: "The message is all that is known.",
}

_SYNC_HINTS = (
    (r"exceeded quota", HINTS[Cause.QUOTA]),
    (
        r"is immutable|may not change once set|updates to \w+ spec for fields other than",
        "A field that cannot be changed afterwards has changed. Recreate the environment to make the object anew.",
    ),
    (
        r"no matches for kind|could not find the requested resource|could not find .{0,300} CRD is installed",
        "The cluster does not know this kind of object: something has to be installed there first. Ask whoever runs "
        "the cluster.",
    ),
    (
        r"denied the request|denied request|violates PodSecurity",
        "A policy of the cluster refused an object. The message is that of the policy: change what it names.",
    ),
    (
        r"is not permitted in project|cannot (?:create|patch|update|delete|get|list) resource|is forbidden",
        "The syncer may not do this in the cluster, and so the environment may not have it. Leave the object out, or "
        "ask whoever runs the cluster.",
    ),
    (
        r"is invalid|field not declared in schema|unknown field|failed to validate|dry-run failed",
        "Kubernetes does not accept an object. The message names the field: correct it and push.",
    ),
    (
        r"authentication required|authorization failed|permission denied|could not read username|repository not found",
        "The syncer could not read the environments repository. This is not about your change: tell whoever runs "
        "Ephemera.",
    ),
    (
        r"manifest generation|kustomiz\w* build|accumulating resources|yaml:|unmarshal",
        "The manifests cannot be read. This is mostly not about your change: tell whoever runs Ephemera.",
    ),
)
"""Words of the API server, Argo CD and kustomize in what the syncer says, with what they are about; first match."""

_SYNC_HINT = "The syncer could not bring the commit into the cluster. It is tried again at the next commit."
_OVERDUE = (
    "Nothing failed, but nothing became ready either. It may still do so; a redeploy tries again. If that happens to "
    "others too, tell whoever runs the cluster."
)
_WRONG_FORMAT = re.compile(r"exec format error|cannot execute binary file")
_ENVIRONMENT = "Environment"


def hint(problem: Problem, log: str = "") -> str:
    """What to do about the problem; the failing container's log may tell more than its exit code."""
    match problem:
        case Problem(cause=Cause.SYNC):
            return next((text for words, text in _SYNC if words.search(problem.message)), _SYNC_HINT)
        case Problem(cause=Cause.DEADLINE, where=place) if place == _ENVIRONMENT:
            return _OVERDUE
        case Problem(cause=Cause.CRASH | Cause.JOB_FAILED) if _WRONG_FORMAT.search(log):
            # The runtime starts the program and only then fails to load it, which leaves an exit code and this line.
            return HINTS[Cause.IMAGE_ARCHITECTURE]
        case _:
            return HINTS[problem.cause]


_SYNC = tuple((re.compile(words, re.IGNORECASE), text) for words, text in _SYNC_HINTS)
