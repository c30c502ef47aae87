"""What the words of a cluster are about: the cause behind a message that has no code of its own.

Neither the kubelet nor the API server tells in a field why an image cannot be pulled, why no node takes a pod, or which
plugin refused it: only the words do. So they are looked up here, and nowhere else, in tables of what those programs
write; words that no table knows are told under the wider cause, never dropped. Sources, by function: containerd
core/remotes/docker/{resolver,authorizer,errcode}.go and core/images/image.go, CRI-O's containers/image
docker/errors.go, Docker's distribution/errors.go; kubelet pkg/kubelet/{kubelet_pods,kuberuntime/security_context}.go
and runc libcontainer; kube-scheduler pkg/scheduler/framework/types.go and the plugins' reasons; the admission plugins
resourcequota, limitranger, podsecurity and webhook, and apimachinery pkg/api/errors.
"""

import re

from app.cluster.wording import steady
from app.domain.health import Cause
from app.domain.redact import redact

_Table = tuple[tuple[re.Pattern[str], Cause], ...]


def _table(*rows: tuple[str, Cause]) -> _Table:
    return tuple((re.compile(words, re.IGNORECASE), cause) for words, cause in rows)


_IMAGE = _table(
    (r"invalid reference format|couldn't parse image|could not parse reference", Cause.IMAGE_NAME),
    # Before `not found`, which containerd appends to it.
    (r"no match for (?:current )?platform|no matching manifest|no image found in", Cause.IMAGE_ARCHITECTURE),
    # Before `not found` too: what Docker says of an image that is private or does not exist.
    (
        r"\b40[13]\b|unauthorized|forbidden|denied|insufficient_scope|no basic auth credentials",
        Cause.IMAGE_UNAUTHORIZED,
    ),
    (r"not ?found|manifest unknown|name unknown|does not exist|\b404\b", Cause.IMAGE_NOT_FOUND),
    (
        r"dial tcp|no such host|connection (?:refused|reset)|timeout|timed out|deadline ?exceeded|handshake|x509|"
        r"registry is unavailable|server misbehaving|\bEOF\b|\b(?:429|50[0234])\b|too ?many ?requests",
        Cause.REGISTRY_UNREACHABLE,
    ),
)
_MISSING = (
    r"\b(?:secret|configmap)s? \"?\S+\"? not found|couldn't find key|references non-existent \w+ key",
    Cause.MISSING_CONFIGURATION,
)
_VOLUME = _table(_MISSING)
_START = _table(
    (r"exec format error", Cause.IMAGE_ARCHITECTURE),
    (r"runAsNonRoot|verify user is non-root", Cause.ROOT),
    _MISSING,
    (
        r"executable file not found|no such file or directory|permission denied|no command specified|is a directory",
        Cause.START,
    ),
)
_REFUSAL = _table(
    (r"exceeded quota", Cause.QUOTA),
    (r"failed quota|(?:maximum|minimum) \S+ usage per|must be less than or equal to \S+ limit", Cause.LIMITS),
    (r"violates PodSecurity|unable to validate against any security context constraint", Cause.POD_SECURITY),
    (r"denied the request|denied request|failed calling webhook", Cause.POLICY),
    (r"is invalid", Cause.INVALID),
)
_SCHEDULING = _table(
    # What would be enough by itself comes last: a node that has a taint is none that lacks room.
    (r"Insufficient |Too many pods", Cause.UNSCHEDULABLE),
    (
        r"PersistentVolume|persistentvolumeclaim|volume (?:node affinity|count)|available persistent volumes|"
        r"enough free storage",
        Cause.VOLUME,
    ),
)
_NAMES = re.compile(r'"[^"]*"|(?<!\S)[^\s/]*/\S*')
"""Image names, addresses: what somebody may have called `unauthorized` or `403`."""

_POD_OF_A_MESSAGE = re.compile(r" \(pod: \"[^\"]{0,300}\", container: [^)]{0,100}\)")
_CREATING = re.compile(r"^(?:Error creating: |[Cc]reate Pod \S{1,300} in StatefulSet \S{1,300} failed error: )")
_NAMED_POD = re.compile(r"^pods? \"[^\"]{0,300}\" is forbidden: ")
_NODES = re.compile(r"^\d+/\d+ nodes are available: ")
_AFTER_REASONS = re.compile(r"\.? (?:preemption: |no new claims to deallocate)")
_NO_MORE = ". not found"
"""What the scheduler appends to a reason that is about volume claims."""

_COUNT = re.compile(r"^\d+ ")
_TIMED_OUT = re.compile(r'^(?:ReplicaSet|Deployment) "[^"]{0,300}" has timed out progressing\.$')


def told(text: str) -> str:
    """A message as it is kept: redacted, on one line, the same for as long as nothing changes."""
    return steady(_POD_OF_A_MESSAGE.sub("", redact(text)))


def image_cause(words: str) -> Cause:
    """Why an image cannot be pulled."""
    return _cause(_IMAGE, _NAMES.sub("", words), Cause.IMAGE_PULL)


def start_cause(words: str, otherwise: Cause) -> Cause:
    """Why a container with its image at hand cannot be made or started."""
    return _cause(_START, words, otherwise)


def volume_cause(words: str) -> Cause:
    """Why a volume cannot be mounted."""
    return _cause(_VOLUME, words, Cause.VOLUME)


def refusal(message: str) -> tuple[Cause, str]:
    """Why the API server refused an object, and its words without the name of a pod that is another at each try."""
    words = _NAMED_POD.sub("", _CREATING.sub("", message))
    return _cause(_REFUSAL, message, Cause.REFUSED), told(words)


def scheduling(message: str) -> tuple[Cause, str]:
    """What keeps a pod from every node, and the reasons without the numbers of nodes, which come and go."""
    reasons = _reasons(message)
    words = f"no node takes it: {', '.join(reasons)}" if reasons else message
    return _cause(_SCHEDULING, words, Cause.NODE_MISMATCH if reasons else Cause.UNSCHEDULABLE), told(words)


def deadline(message: str) -> str:
    """The words of a Deployment that has waited for long enough, without the ReplicaSet's name."""
    return _TIMED_OUT.sub("the new version did not become available in the time it has for that", message)


def _cause(table: _Table, words: str, otherwise: Cause) -> Cause:
    return next((cause for pattern, cause in table if pattern.search(words)), otherwise)


def _reasons(message: str) -> list[str]:
    """`Insufficient cpu`, ...: sorted, for the scheduler sorts them by their counts."""
    start = _NODES.match(message)
    if start is None:
        return []
    listed = _AFTER_REASONS.split(message[start.end() :], maxsplit=1)[0].removesuffix(_NO_MORE).removesuffix(".")
    return sorted({_COUNT.sub("", reason) for reason in listed.split(", ")})
