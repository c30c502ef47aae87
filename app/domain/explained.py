"""What is recorded of changes of the environments repository, and a commit of its history with what explains it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from app.domain.proposal import ProposalState
from app.domain.review import Merger
from gitops.logged import Commit


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a person should know about one commit, or about the history."""

    commit: str | None
    """None: about no single one."""
    what: str
    advice: str
    is_failure: bool = True
    """False: nothing is wrong; it only cannot be proven, and why is known."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asked for it, why, and by which webhook delivery."""

    by: str
    reason: str
    delivery: str | None


@dataclass(frozen=True, slots=True)
class Made:
    """What a change of one environment was made of, as it was recorded."""

    folder: str
    sync_path: str
    """Where the file beside the folder lies."""
    keep_path: str
    """Where the file lies that keeps the folder of such files in being."""
    number: int
    """The pull request's."""
    names: frozenset[str]
    """`owner/name` of its repository, in lower case: what it is called, and what it was called."""
    desired: Mapping[str, Any]
    templates: str
    """The digest of their version."""
    tree: str | None
    """Git tree id; None for a removal."""
    sync: str | None
    """Git blob id of the file beside the folder."""
    is_review_required: bool
    merged_by: Merger
    head_sha: str | None
    asked: Asked

    @property
    def namespace(self) -> str:
        """The environment's name."""
        return self.folder.rpartition("/")[2]

    @property
    def cluster(self) -> str:
        """The name of its cluster."""
        return self.folder.split("/")[1]


@dataclass(frozen=True, slots=True)
class Publication:
    """A row of `publications`."""

    id: int
    made: Made
    proposal: int | None
    """The id of the one by which it was accepted."""
    commit: str | None
    """None where it was never learnt, or there was none."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """A row of `proposals`."""

    id: int
    made: Made
    number: int | None
    """Of the pull request on the environments repository."""
    state: ProposalState
    decided_by: str | None
    merge_commit: str | None
    edited_tree: str | None = None
    """Git tree id of what a person made of it, and was accepted; None where nobody edited it."""

    @property
    def words(self) -> str:
        """What a person calls it."""
        return f"proposal {self.number}" if self.number else "a proposal that was never opened"


@dataclass(frozen=True, slots=True)
class Seen:
    """A row of `proposal_commits`: a commit that a proposal's branch was seen at."""

    proposal: int
    tree: str | None
    sync: str | None
    is_ours: bool
    is_allowed: bool


class Way(Enum):
    """How a commit came to be."""

    PUBLISHED = auto()
    """We pushed it."""
    PROPOSED = auto()
    """It lay on a proposal's branch."""
    MERGED = auto()
    """GitHub made it when a proposal was merged."""
    AMONG = auto()
    """It lay on a proposal's branch below the commit that was looked at: what came of it was checked there."""
    BEFORE = auto()
    """It is older than the first record."""
    UNKNOWN = auto()
    """Nothing recorded explains it."""


@dataclass(frozen=True, slots=True)
class Explained:
    """A commit and what is recorded of it."""

    commit: Commit
    way: Way
    publication: Publication | None = None
    proposal: Proposed | None = None
    seen: Seen | None = None

    @property
    def made(self) -> Made | None:
        """What it was made of; None where nothing is recorded."""
        if self.publication is not None:
            return self.publication.made
        return self.proposal.made if self.proposal is not None else None

    @property
    def is_by_us(self) -> bool:
        """Ephemera wrote it, rather than GitHub or a person."""
        is_our_branch = self.way is Way.PROPOSED and self.seen is not None and self.seen.is_ours
        return self.way is Way.PUBLISHED or is_our_branch

    @property
    def has_contents(self) -> bool:
        """Its bytes are to be proven by themselves."""
        return self.way in (Way.PUBLISHED, Way.PROPOSED) or (self.way is Way.MERGED and bool(self.commit.changes))


@dataclass(frozen=True, slots=True)
class Remade:
    """What the recorded templates make of a recorded spec now."""

    tree: str | None
    problem: str | None = None
    """Why they make nothing."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the record knows of causes."""

    deliveries: frozenset[str] = frozenset()
    """Ids of those that were received, out of all that rows name."""
    actors: frozenset[str] = frozenset()
    """Those who are known, out of all that rows name: `ada`, `token:ci`."""
    keeps: Mapping[str, str] = field(default_factory=dict)
    """{path of the file that keeps a folder in being: Git blob id}, by the settings of now."""
