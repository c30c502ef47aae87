"""The tables. Constraints live here and in the migrations, so that no program can write what makes no sense.

Start with `environments`: a row there is one pull request's environment.
"""

from app.store.models.audit import ProposalCommit, ProposalRow, PublicationRow, TemplateVersion
from app.store.models.base import Base
from app.store.models.clusters import ClusterRow
from app.store.models.environments import DeploymentRow, EnvironmentRow, Event, TroubleRow
from app.store.models.github import CatchUp, Delivery, GitHubWrite, Installation, MissedDelivery, Repository, User
from app.store.models.people import ApiToken, ApprovalRow, CommandRow

__all__ = [
    "ApiToken",
    "ApprovalRow",
    "Base",
    "CatchUp",
    "ClusterRow",
    "CommandRow",
    "Delivery",
    "DeploymentRow",
    "EnvironmentRow",
    "Event",
    "GitHubWrite",
    "Installation",
    "MissedDelivery",
    "ProposalCommit",
    "ProposalRow",
    "PublicationRow",
    "Repository",
    "TemplateVersion",
    "TroubleRow",
    "User",
]
