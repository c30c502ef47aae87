"""Writes the one comment: found by its marker *and* its author, so that a quoted marker is never taken for ours."""

from collections.abc import Iterator

from app.github import parse
from app.github.errors import NotFound
from app.github.exchange import Method
from app.github.installations import Reach
from app.github.profile import Profile


class CommentWriter:
    """Creates and edits comments, one for each marker."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    def put(self, reach: Reach, number: int, marker: str, body: str, known_id: int | None) -> int:
        """Create or edit the comment and return its id."""
        if known_id is not None and _edit(reach, number, known_id, body):
            return known_id
        for comment in _comments(reach, number):
            if self._is_ours(comment, marker) and _edit(reach, number, comment.id, body):
                return comment.id
        return _write(reach, number, f"/issues/{number}/comments", "POST", body)

    def _is_ours(self, comment: parse.KnownComment, marker: str) -> bool:
        if comment.first_line.strip() != marker:
            return False
        app = self._profile.get()
        return comment.app_id == app.id or comment.login == app.bot_login


def _comments(reach: Reach, number: int) -> Iterator[parse.KnownComment]:
    doing = f"looking for our comment on {reach.repository}#{number}"
    request = reach.request(doing, f"/issues/{number}/comments?per_page=100")
    for page in reach.pages(request):
        yield from parse.comments(request, page)


def _edit(reach: Reach, number: int, comment_id: int, body: str) -> bool:
    """False when the comment is gone."""
    try:
        _write(reach, number, f"/issues/comments/{comment_id}", "PATCH", body)
    except NotFound:
        return False
    return True


def _write(reach: Reach, number: int, path: str, method: Method, body: str) -> int:
    request = reach.request(f"commenting on {reach.repository}#{number}", path, method, {"body": body})
    return parse.comment_id(request, reach.send(request))
