"""Messages as they are kept: on one line, short, and the same for as long as nothing changes.

A message with a clock, a count or a port in it would be news each time it is written, so these are taken out. Sources:
argo-cd controller/appcontroller.go and reposerver/repository/repository.go (retries, the cache), fluxcd
kustomize-controller and source-controller (durations, temporary folders), Go's net package (the local port).
"""

import re

from app.cluster.seen import cut

_FLEETING = tuple(
    (re.compile(pattern), instead)
    for pattern, instead in (
        (r"\. Retrying attempt #\d+ at \S+$", ""),
        (r" \(retried \d+ times\)\.?$", ""),
        (r"(?i)manifest generation error \(cached\): ", ""),
        (r",? retrying in \d\S*", ""),
        (r"\bafter \d[\dhmsµun.]*s\b", "in time"),
        (r' "/dev/shm/\d+"', ""),
        (r"/[^\s:]*?/(?:kustomization-\d+|_argocd-repo/[0-9a-f-]{36}|gitrepository-[\w-]*\d+)/?", ""),
        (r"\b\d+(?:\.\d+){3}:\d+->", ""),
    )
)


def steady(text: str) -> str:
    """The text, cut, without what changes from one try to the next."""
    for pattern, instead in _FLEETING:
        text = pattern.sub(instead, text)
    return cut(text)
