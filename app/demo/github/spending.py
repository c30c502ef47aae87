"""Whose budget a call takes from."""

from app.demo.github.budget import Window
from app.demo.github.call import Anonymous, AsApp, AsInstallation, Principal
from app.demo.github.hub import Hub


def name_of(principal: Principal) -> str:
    """Return the name GitHub uses in "API rate limit exceeded for ..."."""
    match principal:
        case AsInstallation(installation=installation):
            return f"installation ID {installation.id}"
        case AsApp():
            return "app"
        case Anonymous():
            return "anonymous"


def window_of(hub: Hub, principal: Principal) -> Window:
    """Return the present hour of a principal; larger installations have a larger budget."""
    repositories = 0
    if isinstance(principal, AsInstallation):
        repositories = len(hub.state.repositories_of(principal.installation))
    return hub.budget.window(name_of(principal), repositories, hub.clock.now())
