"""What people read on the pull request. Written to be read aloud; untrusted text only inside code."""

from app.domain.desired import Absent, Waiting
from app.domain.environment import Environment, Status
from app.domain.health import FailureLog, Problem, Sync
from app.domain.hints import hint
from app.domain.markdown import block, code
from app.domain.receipt import receipt, stuck
from app.domain.status import Assessment

_LOG_BYTES = 8192
"""A log is read at this length at most; no character grows by being shown."""

_SHOWN = 5
"""So many problems, and objects that were changed by hand, are shown."""

_TITLES = {
    Status.PENDING: "Waiting for its turn",
    Status.PROVISIONING: "Preparing the environment",
    Status.UPDATING: "Updating the environment",
    Status.READY: "Ready",
    Status.SLEEPING: "Asleep",
}


def title(environment: Environment, assessment: Assessment) -> str:
    """One line for the check run and the commit status; the same while an environment goes and when it is gone."""
    match assessment.status:
        case Status.WAITING:
            return "Waiting for approval"
        case Status.FAILED:
            return f"Failed: {_first_cause(assessment)}"
        case Status.DESTROYING | Status.DESTROYED:
            return f"No environment. {_reason(environment)}"
        case status:
            return _TITLES[status]


def summary(environment: Environment, assessment: Assessment) -> str:
    """The check run's Markdown."""
    match assessment.status:
        case Status.READY:
            runs = f"Commit {_commit(environment)} runs at {environment.url}"
            return "\n\n".join((runs, *_drift(environment), *_page(environment)))
        case Status.DESTROYING | Status.DESTROYED:
            return _reason(environment)
        case Status.WAITING:
            return "\n\n".join(_story(environment, assessment))
        case _:
            return "\n\n".join((*_story(environment, assessment), *_page(environment)))


def comment(environment: Environment, assessment: Assessment) -> str:
    """The sticky comment's Markdown, below its marker."""
    paragraphs = [f"### Preview environment: {_heading(assessment)}", *_story(environment, assessment)]
    if assessment.status not in (Status.DESTROYED, Status.WAITING):
        paragraphs.append(_facts(environment, assessment))
    return "\n\n".join(paragraphs)


def _story(environment: Environment, assessment: Assessment) -> list[str]:
    is_going = assessment.status in (Status.DESTROYING, Status.DESTROYED)
    return [
        _happening(environment, assessment),
        *_troubles(assessment, environment.failure_log),
        *([] if is_going else _drift(environment)),
    ]


def _heading(assessment: Assessment) -> str:
    match assessment.status:
        case Status.PROVISIONING | Status.PENDING:
            return "on its way"
        case Status.DESTROYING:
            return "stuck while being removed" if assessment.is_stuck else "being removed"
        case Status.DESTROYED:
            return "gone"
        case Status.WAITING:
            return "waiting for approval"
        case status:
            return status.value


def _happening(environment: Environment, assessment: Assessment) -> str:
    match assessment.status:
        case Status.READY:
            return f"**{environment.url}** runs commit {_commit(environment)}."
        case Status.FAILED:
            return f"Commit {_commit(environment)} does not run."
        case Status.DESTROYED:
            name = code(environment.place.namespace)
            gone = f"{_reason(environment)} Namespace {name} and everything in it no longer exist."
            return "\n\n".join((gone, *([folded] if (folded := receipt(environment)) else [])))
        case Status.DESTROYING:
            going = f"{_reason(environment)} Its environment is being removed."
            return "\n\n".join((going, *([stuck(environment)] if assessment.is_stuck else [])))
        case Status.WAITING | Status.PENDING:
            return _reason(environment)
        case _:
            return f"Commit {_commit(environment)} {_progress(environment)}. It will answer at {environment.url}"


def _progress(environment: Environment) -> str:
    """Whether the syncer has turned to the commit; where it cannot be told, it is said to."""
    sync, commit = _sync(environment), environment.published.commit
    if sync is None or not sync.is_exact or not environment.is_published or commit in (None, sync.tried, sync.applied):
        return "is being deployed"
    return f"is in the environments repository and waits for {_syncer(sync)}"


def _sync(environment: Environment) -> Sync | None:
    return environment.health.sync if environment.health else None


def _syncer(sync: Sync) -> str:
    return "Argo CD" if sync.name.startswith("Application/") else "Flux"


def _drift(environment: Environment) -> list[str]:
    sync = _sync(environment)
    if sync is None or not sync.drift:
        return []
    names = ", ".join(code(name) for name in sync.drift[:_SHOWN])
    more = f" and {len(sync.drift) - _SHOWN} more" if len(sync.drift) > _SHOWN else ""
    them = "it" if len(sync.drift) == 1 else "them"
    return [f"Changed by hand in the cluster: {names}{more}. {_syncer(sync)} puts {them} back."]


def _reason(environment: Environment) -> str:
    match environment.desired:
        case Absent(reason, _) | Waiting(reason):
            return reason
        case _:
            return environment.notice or "Its turn has not come yet."


def _commit(environment: Environment) -> str:
    return code((environment.commit_sha or "unknown")[:7])


def _facts(environment: Environment, assessment: Assessment) -> str:
    rows = [("Commit", _commit(environment)), ("Namespace", code(environment.place.namespace))]
    if assessment.status is Status.READY and environment.published.commit:
        rows.append(("Recorded as", code(environment.published.commit[:10])))
    if environment.page:
        rows.append(("Argo CD", f"[{environment.place.namespace}]({environment.page})"))
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def _page(environment: Environment) -> list[str]:
    return [f"[See it in Argo CD]({environment.page})"] if environment.page else []


def _troubles(assessment: Assessment, log: FailureLog | None) -> list[str]:
    ours = [f"**Ephemera could not go on.**\n\n{block(error)}" for error in assessment.errors]
    shown = assessment.problems[:_SHOWN]
    told = [_problem(problem, log.text if log and problem.log else "") for problem in shown]
    has_log = log is not None and any(problem.log for problem in shown)
    return ours + told + ([_folded(log)] if log and has_log else [])


def _problem(problem: Problem, log: str) -> str:
    # Not `capitalize`, which would make `Pod Security` small.
    title = problem.cause.value[0].upper() + problem.cause.value[1:]
    return f"**{title}** at {code(problem.where)}\n\n{block(problem.message)}\n\n{hint(problem, log)}"


def _folded(log: FailureLog) -> str:
    """A closed fold; GitHub reads Markdown inside it after an empty line."""
    head = f"<details><summary>The last lines of its log</summary>\n\n{code(log.of)}:"
    return f"{head}\n\n{block(log.text, _LOG_BYTES)}\n\n</details>"


def _first_cause(assessment: Assessment) -> str:
    if assessment.errors:
        return "Ephemera could not go on"
    return assessment.problems[0].cause.value
