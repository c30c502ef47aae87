"""`issue_comment.created`: somebody may have written a command below a pull request."""

import hashlib

from app.domain import command
from app.domain.command import CommandBell, Source
from app.store.asking import Receipt
from app.web.doorbell.letter import MAX_NUMBER, Letter, account, inner, integer, repository_of


def read(letter: Letter) -> Receipt:
    """The receipt, with the command where the comment holds one. Raises Odd.

    An edited comment is nothing: whoever may edit other people's comments could put words into their mouth.
    """
    if letter.action != "created":
        return letter.ignored("only a new comment can hold a command")
    issue, comment = inner(letter.payload, "issue"), inner(letter.payload, "comment")
    if not isinstance(issue.get("pull_request"), dict):
        return letter.ignored("the comment is not on a pull request")
    body, user = comment.get("body"), comment.get("user")
    said = command.parse(body) if isinstance(body, str) else None
    if said is None:
        return letter.ignored("the comment holds no command")
    # Our own comments tell how to write commands.
    if not isinstance(user, dict) or user.get("type") == "Bot":
        return letter.ignored("the comment was not written by a person")
    return letter.commands(_bell(letter, integer("comment.id", comment.get("id")), said.words))


def _bell(letter: Letter, comment_id: int, words: str) -> CommandBell:
    return CommandBell(
        source=Source.COMMENT,
        repository=repository_of(letter.payload),
        actor=account("comment.user", inner(letter.payload, "comment").get("user")),
        digest=hashlib.sha256(f"comment:{comment_id}".encode()).digest(),
        number=integer("issue.number", inner(letter.payload, "issue").get("number"), MAX_NUMBER),
        comment_id=comment_id,
        words=words,
    )
