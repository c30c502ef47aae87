"""Proposals that read differently: what the previews and the tests of their texts are made from."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache

from app.domain.desired import Absent, Present
from app.domain.environment import Environment
from app.domain.evidence import Evidence, build
from app.domain.report import CheckRun
from app.domain.review import Merger, Rule, Rules, Subject, review
from app.texts.proposal import labels, proposal_body, proposal_check, proposal_title
from app.texts.samples import NOW, OLD_SHA, SHA, samples

_TEMPLATES = "4f1c" * 16
_FULL_URL = "https://ephemera.test/api/v1/environments/5/evidence"
_HEAD = "e" * 40
_SHOP = "Acme/Shop"
_WEB = """kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  template:
    metadata:
      annotations:
        ephemera.dev/head-sha: {sha}
    spec:
      containers:
        - name: web
          image: ghcr.io/acme/shop:{sha}
          env:
            - name: GREETING
              value: "hello"
            - name: SESSION_SECRET
              value: "{secret}"
          resources:
            limits:
              memory: 512Mi
"""
_CACHE = """kind: Deployment
metadata:
  name: cache
spec:
  template:
    spec:
      containers:
        - name: cache
          image: docker.io/library/redis@sha256:{digest}
          resources:
            limits:
              memory: 128Mi
"""
_QUOTA = """kind: ResourceQuota
metadata:
  name: environment
spec:
  hard:
    limits.memory: 8Gi
    pods: "20"
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """A proposal, and what is wrong with what its branch holds."""

    evidence: Evidence
    problems: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The pull request's."""
        return proposal_title(self.evidence)

    @property
    def labels(self) -> tuple[str, ...]:
        """The pull request's."""
        return labels(self.evidence)

    @property
    def body(self) -> str:
        """What the pull request says."""
        return proposal_body(self.evidence, _FULL_URL)

    @property
    def check(self) -> CheckRun:
        """The check run of its commit."""
        return proposal_check(self.evidence, _HEAD, self.evidence.environment_id, self.problems)


@cache
def proposals() -> Mapping[str, Sample]:
    """The proposals, each under the name of what it is about."""
    ready = samples()["ready"]
    return {
        "proposal": Sample(_evidence(ready)),
        "proposal-of-a-fork": Sample(_of_a_fork(ready)),
        "proposal-of-a-removal": Sample(_of_a_removal(ready)),
        "proposal-badly-edited": Sample(
            _evidence(ready),
            (
                "deployment.yaml: pod template: container 'web': runAsNonRoot must be true",
                "It changes environments/default/Acme/Shop/pr-7-shop/x.yaml, which is not part of its environment.",
            ),
        ),
    }


def _evidence(environment: Environment) -> Evidence:
    rules = Rules((Rule("large", memory_above=4 * 2**30), Rule("always")))
    requirement = review(rules, Subject(_SHOP, "default", is_from_fork=False, replicas=3, memory=1152 * 2**20))
    environment = replace(environment, published=replace(environment.published, head_sha=OLD_SHA))
    return build(environment, _files(SHA, "new"), _files(OLD_SHA, "old"), requirement, _TEMPLATES)


def _of_a_fork(ready: Environment) -> Evidence:
    assert isinstance(ready.desired, Present)
    environment = replace(
        ready,
        desired=replace(ready.desired, approval=9),
        published=replace(ready.published, tree=None, head_sha=None),
        expires_at=NOW + timedelta(hours=24),
        asked=replace(ready.asked, by="grace", reason="command.approve", delivery="d-2"),
    )
    rules = Rules((Rule("strangers", merged_by=Merger.EPHEMERA, forks=True),))
    requirement = review(rules, Subject(_SHOP, "default", is_from_fork=True))
    files = {"deployment.yaml": _CACHE.format(digest="a" * 64).encode(), "quota.yaml": _QUOTA.encode()}
    title = "Make it faster, @everyone | [click](https://evil.test) `now`"
    return build(environment, files, None, requirement, _TEMPLATES, title=title, approved_by="grace")


def _of_a_removal(ready: Environment) -> Evidence:
    environment = replace(
        ready,
        desired=Absent("The pull request was closed.", is_closed=True),
        published=replace(ready.published, head_sha=SHA),
        expires_at=None,
        asked=replace(ready.asked, reason="pull_request.closed"),
    )
    subject = Subject(_SHOP, "default", is_from_fork=False, is_removal=True)
    requirement = review(Rules((Rule("always"),), reviews_removals=True), subject)
    return build(environment, None, {"quota.yaml": _QUOTA.encode()}, requirement, _TEMPLATES)


def _files(sha: str, secret: str) -> dict[str, bytes]:
    cache_digest = ("b" if sha == SHA else "c") * 64
    return {
        "cache.yaml": _CACHE.format(digest=cache_digest).encode(),
        "quota.yaml": _QUOTA.encode(),
        "web.yaml": _WEB.format(sha=sha, secret=secret).encode(),
    }
