"""A container's status as the kubelet tells it: why it does not run, and how it ended.

Waiting reasons: k8s.io/kubernetes/pkg/kubelet/images/types.go, pkg/kubelet/container/sync_result.go and
pkg/kubelet/kuberuntime/kuberuntime_container.go. A message must not change while nothing does, or each turn of a
back-off would be news: so no counts, no delays, and the same words in a try and in the pause after it.
"""

import signal
from collections.abc import Mapping
from typing import Any

from app.cluster.why import image_cause, start_cause, told
from app.domain.health import Cause

Raw = Mapping[str, Any]

_IMAGE = {
    "ErrImagePull": None,
    "ImagePullBackOff": None,
    "ErrImageNeverPull": Cause.IMAGE_NOT_FOUND,
    "ImageInspectError": None,
    "InvalidImageName": Cause.IMAGE_NAME,
    "RegistryUnavailable": Cause.REGISTRY_UNREACHABLE,
    "SignatureValidationFailed": Cause.IMAGE_PULL,
}
"""Reasons about the image; None: the words tell. A first failed pull counts, for that is how a wrong tag shows."""

_BEFORE_START = {
    "CreateContainerConfigError": Cause.CONFIGURATION,
    "CreateContainerError": Cause.START,
    "RunContainerError": Cause.START,
    "CreatePodSandboxError": Cause.SANDBOX,
    "ConfigPodSandboxError": Cause.SANDBOX,
    "PreCreateHookError": Cause.CONFIGURATION,
    "PreStartHookError": Cause.CONFIGURATION,
    "PostStartHookError": Cause.START,
}
"""Reasons of a container that has its image, with the cause where the words tell no better one."""

_BACK_OFF = "CrashLoopBackOff"
_NEVER_STARTED = frozenset({"ContainerCannotRun", "StartError"})
_OUT_OF_MEMORY = "OOMKilled"
_PULL_ERROR = "ErrImagePull: "
_REPEATED = 2
"""Restarts from which a container that keeps failing is called a crash loop while the kubelet tries it once more."""

_SIGNALLED = 128
"""A shell and the runtime report the end by signal n as 128 + n."""

_EXIT_CODES = {126: "the command may not be executed", 127: "the command was not found"}
"""What every shell means by them (POSIX, Shell Command Language, 2.8.2)."""


def trouble(status: Raw, memory_limit: str | None) -> tuple[Cause, str] | None:
    """What keeps the container from running, in a message; None where nothing does yet."""
    waiting = (status.get("state") or {}).get("waiting") or {}
    reason = waiting.get("reason", "")
    words = (waiting.get("message") or reason).rpartition(_PULL_ERROR)[2]
    if reason in _IMAGE:
        return _IMAGE[reason] or image_cause(words), told(f"{_name(status)}: {words}")
    if reason in _BEFORE_START:
        return start_cause(words, _BEFORE_START[reason]), told(f"{_name(status)}: {words}")
    if reason == _BACK_OFF or _keeps_failing(status):
        end = last_end(status) or {}
        return _end_cause(end), ending(status, end, memory_limit)
    return None


def ending(status: Raw, end: Raw, memory_limit: str | None = None) -> str:
    """How the container ended, in the runtime's words alone.

    The message of one that did run is its own, written by whoever wrote the pull request, and often the tail of its
    log: it is not passed on. `memory_limit` is such as `64Mi`.
    """
    reason = end.get("reason") or "Error"
    if reason in _NEVER_STARTED:
        return told(f"{_name(status)} could not be started: {end.get('message') or reason}")
    if "exitCode" not in end:
        return told(f"{_name(status)} keeps ending")
    meaning = _meaning(reason, int(end["exitCode"]), memory_limit)
    return told(f"{_name(status)} ended with exit code {end['exitCode']} ({reason}){meaning and ': '}{meaning}")


def last_end(status: Raw) -> Raw | None:
    """How the container ended last; None when it never did."""
    state, last_state = status.get("state") or {}, status.get("lastState") or {}
    end: Raw | None = state.get("terminated") or last_state.get("terminated")
    return end


def failed_end(status: Raw) -> Raw | None:
    """How the container ended last, where that was a failure."""
    end = last_end(status)
    return end if end and end.get("exitCode") else None


def has_run(end: Raw | None) -> bool:
    """Whether the program itself ran, so that there is a log of it."""
    return bool(end) and (end or {}).get("reason") not in _NEVER_STARTED


def _keeps_failing(status: Raw) -> bool:
    return not status.get("ready") and status.get("restartCount", 0) >= _REPEATED and failed_end(status) is not None


def _end_cause(end: Raw) -> Cause:
    if end.get("reason") in _NEVER_STARTED:
        return start_cause(end.get("message") or "", Cause.START)
    if end.get("reason") == _OUT_OF_MEMORY:
        return Cause.OUT_OF_MEMORY
    return Cause.ENDED if end.get("exitCode") == 0 else Cause.CRASH


def _meaning(reason: str, exit_code: int, memory_limit: str | None) -> str:
    if reason == _OUT_OF_MEMORY:
        return f"it used more than its memory limit of {memory_limit}" if memory_limit else "it used too much memory"
    if exit_code in _EXIT_CODES:
        return _EXIT_CODES[exit_code]
    return f"ended by signal {name}" if (name := _signal(exit_code - _SIGNALLED)) else ""


def _signal(number: int) -> str:
    try:
        return f"{signal.Signals(number).name} ({signal.strsignal(number)})"
    except ValueError:
        return ""


def _name(status: Raw) -> str:
    return f"container {status['name']}"
