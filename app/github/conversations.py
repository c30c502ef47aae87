"""What people say on pull requests, and what they may do: implements the port `Conversations`."""

import re
from urllib.parse import quote

from app.domain.pull_request import Author, Missing, RepositoryRef
from app.github import heard
from app.github.errors import NotFound
from app.github.installations import Installations, Reach
from app.ports import Comment, Reaction

_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
"""Of a person. A bot's ends in `[bot]`, and anything else would be another path."""
_MAY_PUSH = frozenset({"admin", "write"})
"""A role of one's own making counts as what it is built on, and maintain as write
(https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user)."""


class GitHubConversations:
    """GitHub, asked through the App's installations."""

    def __init__(self, installations: Installations) -> None:
        self._installations = installations

    def comment(self, repository: RepositoryRef, comment_id: int) -> Comment | Missing:
        """The comment as it is now; Missing only when the repository answered and the comment did not."""
        reach = self._installations.reach(repository)
        request = reach.request(_comment(reach, "reading", comment_id), f"/issues/comments/{comment_id}")
        try:
            return heard.comment(request, reach.send(request))
        except NotFound as error:
            reach.prove_gone(error)
            return Missing()

    def react(self, repository: RepositoryRef, comment_id: int, reaction: Reaction) -> None:
        """Have our reaction below the comment: GitHub answers 200 instead of 201 where it is there already
        (https://docs.github.com/en/rest/reactions/reactions#create-reaction-for-an-issue-comment)."""
        reach = self._installations.reach(repository)
        path, body = f"/issues/comments/{comment_id}/reactions", {"content": reaction.value}
        request = reach.request(_comment(reach, "reacting to", comment_id), path, "POST", body)
        try:
            reach.send(request)
        except NotFound as error:
            reach.prove_gone(error)

    def may_write(self, repository: RepositoryRef, account: Author) -> bool:
        """A person with that id, not only that login, may push at this moment.

        Costs two reads: the first shows that the name still leads to the repository, and so whose permission this is.
        """
        if not _LOGIN.fullmatch(account.login):
            return False
        reach = self._installations.reach(repository)
        reach.see()
        doing = f"asking what {account.login} may do in {reach.repository}"
        request = reach.request(doing, f"/collaborators/{quote(account.login, safe='')}/permission")
        try:
            found = heard.permission(request, reach.send(request))
        except NotFound:
            return False
        return _is_person(found, account) and found.level in _MAY_PUSH


def _is_person(found: heard.Permission, account: Author) -> bool:
    """A login can be given up and taken by somebody else; the id cannot."""
    return found.account is not None and found.account.id == account.id and found.kind == "User"


def _comment(reach: Reach, doing: str, comment_id: int) -> str:
    return f"{doing} comment {comment_id} in {reach.repository}"
