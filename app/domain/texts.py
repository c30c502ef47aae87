"""What people read on the pull request. Written to be read aloud; untrusted text only inside code."""

from app.domain.desired import Absent, Waiting
from app.domain.environment import Environment, Status
from app.domain.health import Cause, Problem
from app.domain.markdown import block, code
from app.domain.status import Assessment

HINTS = {
    Cause.IMAGE_PULL: "The image could not be pulled. Has the build for this commit finished and pushed its image? "
    "The environment becomes ready by itself when the image appears.",
    Cause.CRASH: "The container starts and exits again. Read its log, fix it and push.",
    Cause.QUOTA: "The environment's quota is used up. Ask for less CPU or memory, or have the quota raised.",
    Cause.UNSCHEDULABLE: "No node has room for it now. It starts by itself as soon as one has.",
    Cause.CONFIGURATION: "The container's configuration names something that does not exist or is not allowed.",
    Cause.JOB_FAILED: "A job of the environment failed. Read its log, fix it and push.",
    Cause.DEADLINE: "It may still become ready by itself; a redeploy tries again.",
}

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
            return f"Commit {_commit(environment)} runs at {environment.url}"
        case Status.DESTROYING | Status.DESTROYED:
            return _reason(environment)
        case _:
            return "\n\n".join((_happening(environment, assessment), *_troubles(assessment)))


def comment(environment: Environment, assessment: Assessment) -> str:
    """The sticky comment's Markdown, below its marker."""
    paragraphs = [f"### Preview environment: {_heading(assessment)}", _happening(environment, assessment)]
    paragraphs += _troubles(assessment)
    if assessment.status not in (Status.DESTROYED, Status.WAITING):
        paragraphs.append(_facts(environment, assessment))
    return "\n\n".join(paragraphs)


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
            return f"{_reason(environment)} Namespace {name} and everything in it no longer exist."
        case Status.DESTROYING:
            notes = environment.health.notes if environment.health else ()
            stuck = "\n\n" + block("\n".join(notes)) if assessment.is_stuck and notes else ""
            return f"{_reason(environment)} Its environment is being removed.{stuck}"
        case Status.WAITING | Status.PENDING:
            return _reason(environment)
        case _:
            return f"Commit {_commit(environment)} is being deployed. It will answer at {environment.url}"


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
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def _troubles(assessment: Assessment) -> list[str]:
    ours = [f"**Ephemera could not go on.**\n\n{block(error)}" for error in assessment.errors]
    return ours + [_problem(problem) for problem in assessment.problems[:5]]


def _problem(problem: Problem) -> str:
    heading = f"**{problem.cause.value.capitalize()}** at {code(problem.where)}"
    return f"{heading}\n\n{block(problem.message)}\n\n{HINTS[problem.cause]}"


def _first_cause(assessment: Assessment) -> str:
    if assessment.errors:
        return "Ephemera could not go on"
    return assessment.problems[0].cause.value
