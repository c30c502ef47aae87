"""Writes the one comment: found by its marker *and* its author, so that a quoted marker is never taken for ours."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.github import written
from app.github.errors import NotFound
from app.github.exchange import Method
from app.github.installations import Reach
from app.github.profile import Profile


@dataclass(frozen=True, slots=True)
class Place:
    """Where the comment belongs."""

    reach: Reach
    number: int
    marker: str
    """Its first line."""

    def __str__(self) -> str:
        return f"{self.reach.repository}#{self.number}"


class CommentWriter:
    """Creates and edits comments, one for each marker."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    def put(self, place: Place, body: str, known_id: int | None, *, look: bool) -> int:
        """Create or edit the comment and return its id: one write and no read where the known one is still there.

        Where it is not, an earlier try may have found that out as well, and created another.
        """
        if known_id is not None and _edit(place, known_id, body):
            return known_id
        if not look and known_id is None:
            return _create(place, body)
        return self._settle(place, body) or self._join(place, body, _create(place, body))

    def _settle(self, place: Place, body: str) -> int | None:
        """Of ours, edit the oldest that is still there and remove the others; None when there is none."""
        ours = self._ours(place)
        for index, comment_id in enumerate(ours):
            if _edit(place, comment_id, body):
                for other_id in ours[index + 1 :]:
                    _remove(place, other_id)
                return comment_id
        return None

    def _join(self, place: Place, body: str, made_id: int) -> int:
        """Look once more after creating: another process may have looked, and created, at the same time. All who do so
        agree on the oldest."""
        if self._ours(place) in ([made_id], []):
            return made_id
        return self._settle(place, body) or made_id

    def _ours(self, place: Place) -> Sequence[int]:
        """Oldest first."""
        return sorted(comment.id for comment in _comments(place) if self._is_ours(comment, place.marker))

    def _is_ours(self, comment: written.KnownComment, marker: str) -> bool:
        return comment.first_line.strip() == marker and self._profile.is_ours(comment.writer)


def _comments(place: Place) -> Iterator[written.KnownComment]:
    doing = f"looking for our comment on {place}"
    request = place.reach.request(doing, f"/issues/{place.number}/comments?per_page=100")
    for page in place.reach.pages(request):
        yield from written.comments(request, page)


def _edit(place: Place, comment_id: int, body: str) -> bool:
    """False when the comment is gone."""
    try:
        _write(place, f"/issues/comments/{comment_id}", "PATCH", body)
    except NotFound:
        return False
    return True


def _create(place: Place, body: str) -> int:
    return _write(place, f"/issues/{place.number}/comments", "POST", body)


def _write(place: Place, path: str, method: Method, body: str) -> int:
    request = place.reach.request(f"commenting on {place}", path, method, {"body": body})
    return written.identifier(request, place.reach.send(request))


def _remove(place: Place, comment_id: int) -> None:
    request = place.reach.request(f"removing a second comment from {place}", f"/issues/comments/{comment_id}", "DELETE")
    try:
        place.reach.send(request)
    except NotFound:
        return
