"""Pull requests on the environments repository: implements the port `Proposals`.

An answer can be lost on its way, so what creates looks first where the caller says so, and what ends something finds
out whether it has ended already.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from app.domain.pull_request import Missing
from app.domain.report import CheckRun
from app.domain.review import BRANCHES, MergeMethod
from app.errors import Stalled, Transient
from app.github import proposed
from app.github.check_runs import CheckRunWriter
from app.github.errors import Conflict, NotAllowed, NotFound, Unprocessable
from app.github.exchange import Method, Request
from app.github.installations import Installations, Reach
from app.github.profile import Profile
from app.ports import Listed, NotMerged, Reviewed, Verdict

_MERGEABLE = ("clean", "unstable", "has_hooks")
"""States in which every rule for the branch is met
(https://docs.github.com/en/graphql/reference/enums#mergestatestatus)."""
_MAX_LABEL = 50
"""Characters of a label's name: GitHub answers 422 for more."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where changes are proposed."""

    repository: str | None
    """`owner/name` of the environments repository; None: its URL has none, and nothing can be proposed."""
    web_url: str
    """Where people see this GitHub."""
    merge_method: MergeMethod = "merge"
    """How Ephemera merges."""


class GitHubProposals:
    """GitHub, asked and written to through the App's installation on the environments repository."""

    def __init__(self, installations: Installations, profile: Profile, target: Target) -> None:
        self._installations = installations
        self._profile = profile
        self._target = target
        self._check_runs = CheckRunWriter(profile)

    def installation_id(self) -> int:
        """Whose budget is drawn on."""
        with self._reach() as reach:
            return reach.installation_id

    def open(self, branch: str, base: str, title: str, body: str, *, look: bool = True) -> int:
        """Open it and return its number. Whatever GitHub will not do is Transient: the branch may have been overtaken,
        and its next push changes that."""
        with self._reach() as reach:
            if look and (known := _open_for(reach, branch, base)) is not None:
                return known
            content = {"title": title, "body": body, "head": branch, "base": base}
            request = reach.request(f"proposing {branch} in {reach.repository}", "/pulls", "POST", content)
            try:
                return proposed.shown(request, reach.send(request)).number
            except Unprocessable as error:
                # GitHub says why in words alone; whether there is one already can be seen.
                if (known := _open_for(reach, branch, base)) is not None:
                    return known
                raise Transient(str(error)) from error

    def edit(self, number: int, title: str, body: str) -> None:
        """Have it say this."""
        with self._reach() as reach:
            content = {"title": title, "body": body}
            reach.send(_request(reach, "wording", number, method="PATCH", body=content))

    def label(self, number: int, labels: Sequence[str]) -> None:
        """Add labels; GitHub makes those that the repository does not have yet."""
        with self._reach() as reach:
            content = {"labels": [label[:_MAX_LABEL] for label in labels]}
            doing = f"labelling {reach.repository}#{number}"
            reach.send(reach.request(doing, f"/issues/{number}/labels", "POST", content))

    def put_check_run(self, check: CheckRun, known_id: int | None, *, look: bool = True) -> int:
        """Create or update the check run and return its id."""
        with self._reach() as reach:
            return self._check_runs.put(reach, check, known_id, look=look)

    def merge(self, number: int, head_sha: str) -> str | NotMerged:
        """Merge exactly that head where every rule for the branch is met, and return the merge commit.

        The App may push past the branch's rules, so GitHub might let it merge past them as well; it is looked first.
        """
        with self._reach() as reach:
            found = _read(reach, number)
            if found.verdict is Verdict.MERGED and found.head_sha == head_sha and found.merge_commit is not None:
                return found.merge_commit
            if found.verdict is not Verdict.OPEN:
                return NotMerged(f"it is {found.verdict}")
            if found.mergeable not in _MERGEABLE:
                return NotMerged(f"GitHub shows it as {found.mergeable}")
            content = {"sha": head_sha, "merge_method": self._target.merge_method}
            request = _request(reach, "merging", number, "/merge", method="PUT", body=content)
            try:
                return proposed.merged(request, reach.send(request))
            except (NotAllowed, Conflict) as error:
                return NotMerged(error.words)

    def close(self, number: int) -> None:
        """Close it; nothing when it is closed, merged or gone."""
        with self._reach() as reach:
            request = _request(reach, "closing", number, method="PATCH", body={"state": "closed"})
            try:
                reach.send(request)
            except NotFound as error:
                reach.prove_gone(error)
            except Unprocessable:
                if _read(reach, number).verdict is Verdict.OPEN:
                    raise

    def look_up(self, number: int) -> Reviewed | Missing:
        """As it is now; Missing only when the repository answered and the pull request did not."""
        with self._reach() as reach:
            try:
                found = _read(reach, number)
            except NotFound as error:
                reach.prove_gone(error)
                return Missing()
            match found.verdict:
                case Verdict.OPEN:
                    return found
                case Verdict.MERGED:
                    return replace(found, reviewers=_approvers(reach, number))
                case Verdict.CLOSED:
                    return replace(found, decided_by=_closed_by(reach, number), last_words=_last_words(reach, number))

    def all_open(self) -> Sequence[Listed]:
        """Every open one whose branch begins with `ephemera/`, each once, though pages shift while they are read."""
        with self._reach() as reach:
            ours = self._profile.get().bot_login
            found: dict[int, Listed] = {}
            for shown in _list(reach, {"state": "open"}):
                if shown.is_open and not shown.is_from_fork and shown.branch.startswith(BRANCHES):
                    found[shown.number] = Listed(shown.number, shown.branch, shown.head_sha, shown.author == ours)
            return list(found.values())

    def url(self, number: int) -> str:
        """Where people see it. Asks nobody: GitHub leads on from the name that the repository had before."""
        return f"{self._target.web_url}/{self._name()}/pull/{number}"

    @contextmanager
    def _reach(self) -> Iterator[Reach]:
        """The environments repository. Located anew after a refusal: it may have moved, or the App was installed
        anew."""
        name = self._name()
        try:
            yield self._installations.reviewed(name)
        except Stalled:
            self._installations.forget(name)
            raise

    def _name(self) -> str:
        if self._target.repository is None:
            raise Stalled(
                "reading EPHEMERA_ENVIRONMENTS_REPOSITORY: it is not like https://github.com/owner/name.git, so there "
                "is no repository on GitHub to propose anything in"
            )
        return self._target.repository


def _read(reach: Reach, number: int) -> Reviewed:
    request = _request(reach, "reading", number)
    answer = reach.send(request)
    _require_same(reach, request, proposed.shown(request, answer))
    return proposed.reviewed(request, answer)


def _open_for(reach: Reach, branch: str, base: str) -> int | None:
    """GitHub leaves a filter out that it cannot read, so what it lists is compared as well."""
    filters = {"state": "open", "head": f"{reach.known.owner}:{branch}", "base": base}
    numbers = [
        shown.number
        for shown in _list(reach, filters)
        if (shown.branch, shown.base) == (branch, base) and shown.is_open and not shown.is_from_fork
    ]
    return min(numbers, default=None)


def _list(reach: Reach, filters: dict[str, str]) -> Iterator[proposed.Shown]:
    query = urlencode(filters | {"per_page": 100})
    request = reach.request(f"listing the proposals in {reach.repository}", f"/pulls?{query}")
    for page in reach.pages(request):
        for shown in proposed.all_shown(request, page):
            _require_same(reach, request, shown)
            yield shown


def _require_same(reach: Reach, request: Request, shown: proposed.Shown) -> None:
    reach.require_same(request, replace(reach.known, id=shown.repository_id))


def _approvers(reach: Reach, number: int) -> tuple[str, ...]:
    request = _reviews(reach, number)
    return proposed.approvers(review for page in reach.pages(request) for review in proposed.reviews(request, page))


def _closed_by(reach: Reach, number: int) -> str | None:
    request = reach.request(f"reading who closed {reach.repository}#{number}", f"/issues/{number}")
    return proposed.closed_by(request, reach.send(request))


def _last_words(reach: Reach, number: int) -> str | None:
    reviews = _reviews(reach, number)
    comments = reach.request(
        f"reading the comments on {reach.repository}#{number}", f"/issues/{number}/comments?per_page=100"
    )
    said = [each for page in reach.pages(reviews) for each in proposed.said_in_reviews(reviews, page)]
    said += [each for page in reach.pages(comments) for each in proposed.said_in_comments(comments, page)]
    return proposed.last_words(said)


def _reviews(reach: Reach, number: int) -> Request:
    doing = f"reading the reviews of {reach.repository}#{number}"
    return reach.request(doing, f"/pulls/{number}/reviews?per_page=100")


def _request(
    reach: Reach,
    doing: str,
    number: int,
    below: str = "",
    *,
    method: Method = "GET",
    body: dict[str, str] | None = None,
) -> Request:
    return reach.request(f"{doing} {reach.repository}#{number}", f"/pulls/{number}{below}", method, body)
