"""Everything this library raises on purpose. Anything else is a bug and is left to rise."""

from collections.abc import Sequence


class GitopsError(Exception):
    """Says what was being done, then why it stopped."""


class ProblemsError(GitopsError):
    """Several things are wrong with one value; all of them are told at once."""

    def __init__(self, doing: str, problems: Sequence[str]) -> None:
        super().__init__(f"{doing}: " + "; ".join(problems))
        self.problems = tuple(problems)


class SpecError(ProblemsError):
    """A spec has missing, unknown or unusable values."""


class TemplatesError(GitopsError):
    """A template is missing, malformed, or cannot be rendered: its author, the operator, must change it."""


class ManifestsError(ProblemsError):
    """Rendered manifests are not what an environment may consist of: the template's author must change them."""


class OddContents(GitopsError):
    """What lies in an environment's folder cannot be an environment: a link, a folder, too much."""


class SigningKeyError(GitopsError):
    """A key cannot be used to sign commits, or to verify them: the operator must give another."""


class UnknownRevision(GitopsError):
    """The followed branch's history does not hold the commit that somebody named."""


class PublishError(GitopsError):
    """A publication did not happen. Nothing is half done: the remote has all of it or none of it."""


class RemoteUnavailable(PublishError):
    """The remote is down, slow or answered nonsense: try again later."""


class Contended(PublishError):
    """The branch moved under every try: try again later."""


class Rejected(PublishError):
    """The remote refuses what we may send, by a hook, a rule or a permission: an operator must change it."""


class HistoryRewritten(Rejected):
    """The branch no longer contains commits it had: somebody replaced its history. The next call starts from there."""


class RefsRefused(Rejected):
    """The remote refuses environments' own refs where they are set to lie. The branch did not move either."""


class CloneUnusable(PublishError):
    """The local clone fails even after it was made anew, as on a full disk: the operator's to look at."""
