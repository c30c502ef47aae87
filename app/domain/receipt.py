"""The teardown receipt, and what is said of a removal that is stuck. Markdown, written to be read aloud."""

import json
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from app.domain.environment import Environment
from app.domain.health import Holding
from app.domain.markdown import block, code
from app.domain.teardown import Teardown

_NAMED = 20
"""How many objects a receipt names."""

_TOLD = 3
"""So many things that cannot be seen are told."""

_PRINTABLE = re.compile(r"[A-Za-z]+/[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
"""Names that a shell takes as they are; objects made by hand can have others."""

_UNNAMESPACED = {
    "Namespace": "namespace",
    "PersistentVolume": "persistentvolume",
}
_SYNCERS = {
    "Application": "applications.argoproj.io",
    "Kustomization": "kustomizations.kustomize.toolkit.fluxcd.io",
    "GitRepository": "gitrepositories.source.toolkit.fluxcd.io",
}
_BUILT_IN = re.compile(r"foregroundDeletion|orphan|kubernetes|([a-z0-9-]+\.)*(kubernetes|k8s)\.io/[A-Za-z0-9._-]+")
"""Finalizers of Kubernetes itself: what they guard is still in use, and they go by themselves when it is not."""


def receipt(environment: Environment) -> str:
    """What existed, what was removed and when each part was confirmed gone; empty where nothing ever existed."""
    teardown = environment.teardown
    if teardown is None or not teardown.is_complete or teardown.removed_commit is None:
        return ""
    return "\n".join(
        (
            f"<details><summary>Receipt: {_span(teardown)}</summary>",
            "",
            *_existed(teardown),
            "| Removed | Confirmed gone |",
            "|---|---|",
            *(f"| {code(part.name)} | {_time(part.gone_at)} |" for part in teardown.parts if part.gone_at),
            "",
            *_commits(teardown),
            "</details>",
        )
    )


def stuck(environment: Environment) -> str:
    """Why a removal does not end, and the one command that helps."""
    if environment.published.tree is not None or not environment.is_published:
        return f"Its folder is still in the environments repository. This tells why:\n\n{block('ephemera check')}"
    health = environment.health
    holding = min(health.holding, key=_rank, default=None) if health else None
    notes = health.notes if health else ()
    unseen = [_unseen(environment)] if environment.unseen else []
    if unseen and not holding and not notes:
        return "\n\n".join([*unseen, f"This tells what is missing:\n\n{block('ephemera check')}"])
    words = [*unseen, _held(holding) if holding else _unexplained(environment, is_silent=not notes)]
    if notes:
        words.append(block("\n".join(notes)))
    advice, command = _help(holding, environment)
    return "\n\n".join([*words, f"{advice}\n\n{block(command)}"])


def _span(teardown: Teardown) -> str:
    gone_at = max(part.gone_at for part in teardown.parts if part.gone_at is not None)
    took = f"gone {spoken(gone_at - teardown.removed_at)} after its folder left Git"
    if teardown.made_at is None:
        return took
    return f"{took}, having lived for {spoken(teardown.removed_at - teardown.made_at)}"


def _existed(teardown: Teardown) -> Sequence[str]:
    objects = [name for name in teardown.objects if not name.startswith("Namespace/")]
    if not objects:
        return ()
    first = ", ".join(code(name) for name in objects[:_NAMED])
    more = f" and {len(objects) - _NAMED} more" if len(objects) > _NAMED else ""
    return (f"Its namespace held {first}{more}. All of it went with the namespace.", "")


def _commits(teardown: Teardown) -> Sequence[str]:
    assert teardown.removed_commit is not None
    made = f"Commit {code(teardown.made_commit[:10])} made it. " if teardown.made_commit else ""
    removed = f"Commit {code(teardown.removed_commit[:10])} of the environments repository removed it."
    return (made + removed, "")


def _held(holding: Holding) -> str:
    finalizers = ", ".join(code(name) for name in holding.finalizers)
    noun = "finalizer" if len(holding.finalizers) == 1 else "finalizers"
    return f"{code(holding.name)} has been waiting for its {noun} {finalizers} since {_since(holding)}."


def _unseen(environment: Environment) -> str:
    words = block("\n".join(environment.unseen[:_TOLD]))
    return f"Not all of the cluster can be seen at present, so nobody knows whether it is gone:\n\n{words}"


def _unexplained(environment: Environment, *, is_silent: bool) -> str:
    parts = environment.teardown.parts if environment.teardown else ()
    left = [code(part.name) for part in parts if part.gone_at is None]
    if not left:
        return "Nobody could look at the cluster to see whether it is gone."
    return f"Still there: {', '.join(left)}.{' Nothing says why. Does the syncer run?' if is_silent else ''}"


def _rank(holding: Holding) -> tuple[int, str]:
    """What others wait for comes first: objects in the namespace, then volumes, the namespace, and what the syncer
    has, which waits for all of them."""
    kind = holding.name.partition("/")[0]
    order = 3 if kind in _SYNCERS else 2 if kind == "Namespace" else 1 if kind in _UNNAMESPACED else 0
    return order, holding.name


def _help(holding: Holding | None, environment: Environment) -> tuple[str, str]:
    """What a person may do, and the command for it. Only names that a shell takes as they are get into one."""
    namespace = environment.place.namespace
    kind, _, name = holding.name.partition("/") if holding else _first_left(environment).partition("/")
    if not _PRINTABLE.fullmatch(f"{kind}/{name}"):
        return _everything(namespace)
    if kind in _SYNCERS:
        command = f"kubectl get {_SYNCERS[kind]} -A --field-selector metadata.name={name} -o yaml"
        return "Its status and its events tell what the syncer waits for:", command
    if kind == "Namespace":
        return _everything(namespace)
    if kind in _UNNAMESPACED:
        return "This tells what uses it, and whether its policy keeps it:", f"kubectl describe {kind.lower()} {name}"
    kept = [finalizer for finalizer in holding.finalizers if _BUILT_IN.fullmatch(finalizer)] if holding else []
    if holding is None or len(kept) == len(holding.finalizers):
        return "This tells what still uses it:", f"kubectl -n {namespace} describe {kind.lower()} {name}"
    patch = json.dumps({"metadata": {"finalizers": kept or None}}, separators=(",", ":"))
    return (
        "Whoever set the finalizer should take it away. If that program is gone for good, this lets the object go; "
        "what it may have made outside the cluster stays:",
        f"kubectl -n {namespace} patch {kind.lower()} {name} --type=merge -p '{patch}'",
    )


def _first_left(environment: Environment) -> str:
    """The syncer's object where it is left, as it has to go first."""
    parts = environment.teardown.parts if environment.teardown else ()
    left = [part.name for part in parts if part.gone_at is None]
    return min(left, key=lambda name: (name.partition("/")[0] not in _SYNCERS, name), default="Namespace/")


def _everything(namespace: str) -> tuple[str, str]:
    return (
        "This lists what is left in the namespace:",
        "kubectl api-resources --verbs=list --namespaced -o name"
        f" | xargs -n 1 kubectl -n {namespace} get --show-kind --ignore-not-found",
    )


def _since(holding: Holding) -> str:
    try:
        return _time(datetime.fromisoformat(holding.since))
    except ValueError:
        return code(holding.since)


def _time(at: datetime) -> str:
    return f"{at.day} {at:%B %Y at %H:%M:%S} UTC"


def spoken(length: timedelta) -> str:
    """A length of time in its two largest units: `2 hours 3 minutes`."""
    seconds = max(int(length.total_seconds()), 0)
    units = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
    counted = []
    for name, size in units:
        count, seconds = divmod(seconds, size)
        if count:
            counted.append(f"{count} {name}{'' if count == 1 else 's'}")
    return " ".join(counted[:2]) or "less than a second"
