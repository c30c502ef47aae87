"""The services of an environment: what runs, where it answers, and how it is."""

from dataclasses import dataclass

from app.domain.desired import Present
from app.domain.environment import Environment
from app.domain.health import Workload
from app.domain.markdown import Markdown

_JOB = "Job"


@dataclass(frozen=True, slots=True)
class Service:
    """A row of the table: foreign words are plain text."""

    name: str
    """`Deployment/web`."""
    state: Markdown
    commit: str | None = None
    """The commit that it runs, where that is not the wanted one."""
    is_public: bool = False
    """The preview's address leads to it."""


def services(environment: Environment) -> tuple[Service, ...]:
    """Everything of the commit that was published last that has to run, in the manifests' order."""
    health = environment.health
    seen = {workload.name: workload for workload in health.workloads} if health else {}
    public = _public(environment)
    return tuple(
        _service(name, seen.get(name), environment, is_public=name == public)
        for name in environment.published.workloads
    )


def _service(name: str, workload: Workload | None, environment: Environment, *, is_public: bool) -> Service:
    is_job = name.partition("/")[0] == _JOB
    if workload is None:
        return Service(name, Markdown("not seen yet"), is_public=is_public)
    if not _is_wanted(workload, environment):
        return Service(name, Markdown("not updated yet"), workload.head_sha, is_public)
    if workload.is_ready:
        return Service(name, Markdown("done" if is_job else "ready"), is_public=is_public)
    if workload.problem is not None:
        return Service(name, Markdown(workload.problem.cause.value), is_public=is_public)
    return Service(name, Markdown("running" if is_job else "starting"), is_public=is_public)


def _is_wanted(workload: Workload, environment: Environment) -> bool:
    if not isinstance(environment.desired, Present):
        return True
    spec = environment.desired.spec
    return (workload.head_sha, workload.generation) == (spec.head_sha, spec.generation)


def _public(environment: Environment) -> str | None:
    """The workload that bears the Ingress's name, or is the only one that could answer."""
    published = environment.published
    serving = [name for name in published.workloads if not name.startswith(f"{_JOB}/")]
    routed = {name.partition("/")[2] for name in published.objects if name.startswith("Ingress/")}
    named = [name for name in serving if name.partition("/")[2] in routed]
    candidates = named or serving
    return candidates[0] if len(candidates) == 1 else None
