"""The answers to `/ephemera explain` and `/ephemera help`."""

from datetime import datetime

from app.domain.environment import Environment
from app.domain.status import assess
from app.texts.rendering import render
from app.texts.scene import Scene


def explain(environment: Environment, now: datetime) -> str:
    """How things stand and why, in a few points."""
    return render("explain", scene=Scene(environment, assess(environment, now)))


def help_text() -> str:
    """What can be said on a pull request, and by whom."""
    return render("help")
