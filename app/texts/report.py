"""`report`: what a pull request should say about its environment. A pure function of the row and the time.

The texts of a commit under way change only when one of its steps is reached or something goes wrong, so that a push
costs few writes.
"""

from datetime import datetime

from app.domain.desired import Absent, Present, Waiting
from app.domain.environment import Environment, Status
from app.domain.markdown import cut, shorten
from app.domain.report import (
    MAX_COMMENT,
    MAX_DESCRIPTION,
    MAX_SUMMARY,
    CheckRun,
    CheckStatus,
    CommitStatus,
    Conclusion,
    Deployment,
    DeploymentState,
    Report,
    State,
    Telling,
    marker,
)
from app.domain.status import assess
from app.texts.buttons import buttons
from app.texts.rendering import line, render
from app.texts.scene import SHOWN, Scene

LOG_BYTES = 8192
"""A log is read at this length at most; no character grows by being shown."""

_NAMED = 10
"""So many objects are named of those that a commit added, of those that it changed, and of those that it removed."""

_DEFAULT = Telling()

_PROGRESS = {
    Status.PENDING: (CheckStatus.QUEUED, None, State.PENDING),
    Status.WAITING: (CheckStatus.COMPLETED, Conclusion.ACTION_REQUIRED, State.PENDING),
    Status.PROVISIONING: (CheckStatus.IN_PROGRESS, None, State.PENDING),
    Status.UPDATING: (CheckStatus.IN_PROGRESS, None, State.PENDING),
    Status.READY: (CheckStatus.COMPLETED, Conclusion.SUCCESS, State.SUCCESS),
    Status.SLEEPING: (CheckStatus.COMPLETED, Conclusion.NEUTRAL, State.SUCCESS),
    Status.FAILED: (CheckStatus.COMPLETED, Conclusion.FAILURE, State.FAILURE),
    Status.DESTROYING: (CheckStatus.COMPLETED, Conclusion.NEUTRAL, State.SUCCESS),
    Status.DESTROYED: (CheckStatus.COMPLETED, Conclusion.NEUTRAL, State.SUCCESS),
}
_DEPLOYMENTS = {
    Status.READY: DeploymentState.SUCCESS,
    Status.SLEEPING: DeploymentState.SUCCESS,
    Status.FAILED: DeploymentState.FAILURE,
}


def report(environment: Environment, now: datetime, telling: Telling = _DEFAULT) -> Report:
    """What the pull request should say now; empty while there is nothing to say."""
    scene = Scene(environment, assess(environment, now))
    if _is_silent(scene):
        return Report()
    check = _check(scene)
    return Report(
        check=check,
        status=_status(check, scene, telling.status_context) if telling.status_context else None,
        comment=_comment(scene) if telling.comment else None,
        deployment=_deployment(scene),
        is_settled=not (scene.is_under_way or _awaits_review(environment)) or scene.is_answer_new,
    )


def _is_silent(scene: Scene) -> bool:
    environment = scene.environment
    if environment.commit_sha is None or (environment.desired is None and not scene.assessment.errors):
        return True
    is_over = isinstance(environment.desired, Absent) and environment.desired.is_closed
    return is_over and not _was_deployed(environment) and environment.answer is None


def _awaits_review(environment: Environment) -> bool:
    return environment.proposal is not None and environment.proposal.awaits_review


def _was_deployed(environment: Environment) -> bool:
    return environment.published.commit is not None


def _check(scene: Scene) -> CheckRun:
    environment, assessment = scene.environment, scene.assessment
    status, conclusion = _check_state(scene)
    is_complete = status is CheckStatus.COMPLETED
    return CheckRun(
        head_sha=scene.head_sha,
        external_id=str(environment.id),
        status=status,
        conclusion=conclusion,
        title=line("title", scene=scene),
        summary=shorten(render("summary", scene=scene, **_lengths()), MAX_SUMMARY),
        details_url=_link(scene),
        buttons=buttons(environment, assessment) if is_complete else (),
    )


def _check_state(scene: Scene) -> tuple[CheckStatus, Conclusion | None]:
    """A head that is not to run says so at once, unless what runs instead of it fails."""
    status, conclusion, _ = _PROGRESS[scene.assessment.status]
    if scene.is_pinned and (scene.is_under_way or conclusion is Conclusion.SUCCESS):
        return CheckStatus.COMPLETED, Conclusion.NEUTRAL
    if status is CheckStatus.IN_PROGRESS and not scene.environment.is_published:
        return CheckStatus.QUEUED, None
    return status, conclusion


def _status(check: CheckRun, scene: Scene, context: str) -> CommitStatus:
    return CommitStatus(
        head_sha=check.head_sha,
        state=_PROGRESS[scene.assessment.status][2],
        description=cut(check.title, MAX_DESCRIPTION),
        target_url=check.details_url,
        context=context,
    )


def _link(scene: Scene) -> str | None:
    if scene.environment.in_review is not None:
        return scene.environment.in_review.url
    return scene.environment.url if scene.assessment.status is Status.READY else None


def _comment(scene: Scene) -> str | None:
    environment = scene.environment
    if _awaits_review(environment) and not scene.is_answer_new:
        return None  # the check run says it; what the comment says runs on meanwhile
    is_news = isinstance(environment.desired, Waiting) or scene.status not in ("destroying", "destroyed")
    if not _was_deployed(environment) and not is_news and environment.answer is None:
        # A draft, say: the check run tells why there is nothing; a comment would be noise.
        return None
    body = f"{marker(environment.id)}\n{render('comment', scene=scene, **_lengths())}"
    return shorten(body, MAX_COMMENT)


def _deployment(scene: Scene) -> Deployment | None:
    environment = scene.environment
    sha, state = _deployed(scene)
    if sha is None:
        return None
    return Deployment(
        head_sha=sha,
        environment=f"pr-{environment.number}",
        external_id=str(environment.id),
        state=state,
        description=cut(line("deployment", scene=scene), MAX_DESCRIPTION),
        environment_url=environment.url if state is DeploymentState.SUCCESS else None,
        log_url=_checks_page(environment),
    )


def _deployed(scene: Scene) -> tuple[str | None, DeploymentState]:
    """Which commit it is about, and how it stands; None where nothing runs and nothing is to run. While a commit waits
    for somebody's approval it is about the one that runs meanwhile; while a change is in review all stays as it is."""
    environment = scene.environment
    if environment.in_review is not None:
        return None, DeploymentState.INACTIVE
    match environment.desired:
        case Present(spec):
            under_way = DeploymentState.IN_PROGRESS if environment.is_published else DeploymentState.QUEUED
            return spec.head_sha, _DEPLOYMENTS.get(scene.assessment.status, under_way)
        case Absent() if _was_deployed(environment):
            return environment.progress.head_sha, DeploymentState.INACTIVE
        case Waiting():
            return scene.running_sha, DeploymentState.SUCCESS
        case _:
            return None, DeploymentState.INACTIVE


def _checks_page(environment: Environment) -> str | None:
    """The pull request's page with our check run; known from what should run."""
    if not isinstance(environment.desired, Present):
        return None
    web_url = environment.desired.spec.web_url
    return f"{web_url}/{environment.repository.full_name}/pull/{environment.number}/checks"


def _lengths() -> dict[str, int]:
    return {"log_bytes": LOG_BYTES, "shown": SHOWN, "named": _NAMED}
