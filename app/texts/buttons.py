"""The buttons below a completed check run, chosen by how things stand: at most three, each of which does something."""

from app.domain.desired import Absent, Present
from app.domain.environment import Environment, Status
from app.domain.proposal import Proposal
from app.domain.report import Button
from app.domain.status import Assessment

REDEPLOY = Button("redeploy", "Redeploy", "Deploy the same commit once more")
DEPLOY = Button("redeploy", "Deploy", "Have an environment for this commit")
EXTEND = Button("extend", "Keep 24 h more", "Have it stay a day longer")
DESTROY = Button("destroy", "Destroy", "Remove the environment and its data")
RECREATE = Button("recreate", "Recreate", "Remove it with its data and make it anew")
ASK_AGAIN = Button("redeploy", "Ask again", "Propose the same commit once more")
APPROVE = Button("approve", "Approve this commit", "Let exactly this commit of a fork run")

_ALWAYS = {
    Status.FAILED: (REDEPLOY, RECREATE, DESTROY),
    Status.SLEEPING: (REDEPLOY, DESTROY),
    Status.WAITING: (APPROVE,),
}


def buttons(environment: Environment, assessment: Assessment) -> tuple[Button, ...]:
    """Those of a check run that is completed."""
    if environment.in_review is not None:
        return _in_review(environment, environment.in_review)
    match assessment.status:
        case Status.READY:
            return (REDEPLOY, DESTROY) if _is_of_fork(environment) else (REDEPLOY, EXTEND, DESTROY)
        case Status.DESTROYING | Status.DESTROYED:
            return (DEPLOY,) if _comes_back(environment) else ()
        case status:
            return _ALWAYS.get(status, ())


def _in_review(environment: Environment, proposal: Proposal) -> tuple[Button, ...]:
    if proposal.is_removal:
        return (DEPLOY,) if _comes_back(environment) else ()
    return (ASK_AGAIN, DESTROY) if proposal.is_refusal else (DESTROY,)


def _is_of_fork(environment: Environment) -> bool:
    """It ends with its approval, which is not extended but given again."""
    return isinstance(environment.desired, Present) and environment.desired.approval is not None


def _comes_back(environment: Environment) -> bool:
    """Somebody may ask for it again. What never was there, a draft say, is held back by more than that."""
    is_over = isinstance(environment.desired, Absent) and environment.desired.is_closed
    return not is_over and environment.published.commit is not None
