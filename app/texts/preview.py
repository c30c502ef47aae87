"""Every text as it reads, for `ephemera preview-texts`."""

from app.domain.markdown import Markdown
from app.domain.report import STATUS_CONTEXT, CheckRun, Deployment, Telling
from app.texts.answers import explain
from app.texts.proposal_samples import Sample, proposals
from app.texts.report import report
from app.texts.samples import NOW, samples


def states() -> list[str]:
    """What there is to preview: states of environments, then proposals."""
    return [*samples(), *proposals()]


def preview(state: str) -> str:
    """All that the pull request of a sample is told, or that a proposal says. Raises KeyError for a name of which there
    is none."""
    if (sample := proposals().get(state)) is not None:
        return _proposal(state, sample)
    environment = samples()[state]
    said = report(environment, NOW, Telling(status_context=STATUS_CONTEXT))
    when = "" if said.is_settled else ", once it takes a while"
    status = said.status and f"{said.status.state}: {said.status.description} -> {said.status.target_url}"
    parts = (
        f"# {state}",
        "## Check run",
        _check(said.check) if said.check else "None.",
        "## Deployment",
        _deployment(said.deployment) if said.deployment else "Left as it is.",
        "## Commit status",
        status or "None.",
        f"## Comment{when}",
        said.comment or "None.",
        "## Answer to `explain`",
        explain(environment, NOW),
    )
    return Markdown("\n\n".join(parts) + "\n")


def _proposal(name: str, sample: Sample) -> str:
    labels = ", ".join(f"`{label}`" for label in sample.labels)
    parts = (f"# {name}", f"## {sample.title}", labels, sample.body, "## Check run", _check(sample.check))
    return Markdown("\n\n".join(parts) + "\n")


def _check(check: CheckRun) -> str:
    conclusion = f" ({check.conclusion})" if check.conclusion else ""
    buttons = "".join(f"\n\n[{each.label}] {each.description}: `{each.identifier}`" for each in check.buttons)
    return f"{check.status}{conclusion}: {check.title}\n\n{check.summary}{buttons}"


def _deployment(deployment: Deployment) -> str:
    what = f"{deployment.environment} at {deployment.head_sha[:7]}: {deployment.state}: {deployment.description}"
    return f"{what} -> {deployment.environment_url}, log {deployment.log_url}"
