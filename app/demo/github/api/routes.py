"""All operations of the API."""

from app.demo.github.api import (
    apps,
    checks,
    comments,
    contents,
    deployments,
    hooks,
    labels,
    limits,
    merges,
    pulls,
    refs,
    repositories,
    reviews,
    statuses,
)
from app.demo.github.call import Route


def api_routes() -> tuple[Route, ...]:
    """Return every route of the API."""
    return (
        *apps.ROUTES,
        *hooks.ROUTES,
        *limits.ROUTES,
        *repositories.ROUTES,
        *contents.ROUTES,
        *pulls.ROUTES,
        *merges.ROUTES,
        *reviews.ROUTES,
        *refs.ROUTES,
        *comments.ROUTES,
        *labels.ROUTES,
        *statuses.ROUTES,
        *checks.ROUTES,
        *deployments.ROUTES,
    )
