"""Makes deployments and tells how they go.

https://docs.github.com/en/rest/deployments/deployments and https://docs.github.com/en/rest/deployments/statuses
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from app.domain.report import Deployment
from app.github import written
from app.github.errors import NotFound
from app.github.installations import Reach
from app.github.profile import Profile

TASK = "deploy"


class DeploymentWriter:
    """Creates deployments, each only once, and adds statuses to them."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    def make(self, reach: Reach, deployment: Deployment, *, look: bool) -> int:
        """Have the deployment, in whatever state, and return its id."""
        found = self._oldest(reach, deployment) if look else None
        return _create(reach, deployment) if found is None else found.id

    def set_state(self, reach: Reach, deployment: Deployment, deployment_id: int) -> None:
        """Add a status. Nothing when the deployment is gone for certain.

        GitHub makes none inactive by itself: it would leave transient ones alone, and those of other commits are told
        one by one.
        """
        body = {"state": deployment.state.value, "description": deployment.description, "auto_inactive": False}
        urls = {"environment_url": deployment.environment_url, "log_url": deployment.log_url}
        body |= {name: url for name, url in urls.items() if url is not None}
        path = f"/deployments/{deployment_id}/statuses"
        try:
            reach.send(reach.request(_doing("telling the state of", reach, deployment), path, "POST", body))
        except NotFound as error:
            reach.prove_gone(error)

    def _oldest(self, reach: Reach, deployment: Deployment) -> written.KnownDeployment | None:
        wanted = _payload(deployment)
        ours = (one for one in _deployments(reach, deployment) if one.payload == wanted)
        return min((one for one in ours if self._profile.is_ours(one.writer)), key=lambda one: one.id, default=None)


def _deployments(reach: Reach, deployment: Deployment) -> Iterator[written.KnownDeployment]:
    query = urlencode({"sha": deployment.head_sha, "environment": deployment.environment, "per_page": 100})
    request = reach.request(_doing("looking for", reach, deployment), f"/deployments?{query}")
    for page in reach.pages(request):
        yield from written.deployments(request, page)


def _create(reach: Reach, deployment: Deployment) -> int:
    """Without waiting for checks, ours among them, and without merging the base branch into the head."""
    body = {
        "ref": deployment.head_sha,
        "task": TASK,
        "auto_merge": False,
        "required_contexts": [],
        "payload": _payload(deployment),
        "environment": deployment.environment,
        "description": deployment.description,
        "transient_environment": True,
        "production_environment": False,
    }
    request = reach.request(_doing("making", reach, deployment), "/deployments", "POST", body)
    return written.identifier(request, reach.send(request))


def _payload(deployment: Deployment) -> dict[str, Any]:
    return {"ephemera": deployment.external_id}


def _doing(what: str, reach: Reach, deployment: Deployment) -> str:
    return f"{what} the deployment {deployment.environment} of {reach.repository}@{deployment.head_sha[:7]}"
