"""What must be true in the end, whatever happened: GitHub's present state decides, and nothing is there twice."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from app.demo.evidence import Evidence
from app.demo.github.readings import PullRequest
from tests.scenarios import remote
from tests.scenarios.shop import Row, Shop
from tests.scenarios.world import World


@dataclass(frozen=True, slots=True)
class Verdict:
    """What GitHub's state of a pull request demands."""

    status: str
    said: tuple[str, str]
    """Check run and commit status."""
    heading: str
    runs: bool = False


READY = Verdict("ready", ("success", "success"), "Preview environment: ready", runs=True)
WAITING = Verdict("waiting", ("action_required", "pending"), "Preview environment: waiting for approval")
GONE = Verdict("destroyed", ("neutral", "success"), "Preview environment: gone")

_INVARIANTS = {
    "a watermark is ahead of the one before it": """SELECT id FROM environments WHERE NOT (
        published_generation <= decided_generation AND decided_generation <= requested_generation)""",
    "an environment that should be gone has an unfinished deployment": """SELECT e.id FROM environments e
        JOIN deployments d ON d.environment_id = e.id AND d.finished_at IS NULL WHERE e.status = 'destroyed'""",
    "a deployment of an old commit is not finished": """SELECT d.id FROM environments e
        JOIN deployments d ON d.environment_id = e.id AND d.finished_at IS NULL AND d.commit_sha <> e.commit_sha
        WHERE e.status = 'ready'""",
    "a delivery was kept as marked without a row": """SELECT d.id FROM deliveries d LEFT JOIN environments e
        ON e.repository_id = d.repository_id AND e.number = d.number
        WHERE d.outcome = 'marked' AND d.number IS NOT NULL AND e.id IS NULL""",
}


def demanded(shop: Shop, pull: PullRequest) -> Verdict:
    """What should be true of a pull request."""
    if pull.state != "open":
        return GONE
    if pull.head_repository != shop.name:
        return WAITING
    return GONE if pull.is_draft else READY


def assert_converged(shop: Shop) -> None:
    """Wait until all is settled; then everything is as GitHub demands, and a second sweep writes nothing."""
    pulls = [shop.world.github.pull_request(shop.name, number) for number in shop.numbers]
    _await_settled(shop, pulls)
    found = list(problems(shop, pulls))
    assert not found, "\n".join(found)
    before = _written(shop)
    shop.world.reconcile()
    _await_settled(shop, pulls)
    assert _written(shop) == before, f"a second sweep wrote: {_written(shop)} instead of {before}"


def problems(shop: Shop, pulls: list[PullRequest]) -> Iterator[str]:
    """What is not as it should be, a line each."""
    evidence = Evidence(shop.world.outside)
    wanted = {}
    for pull in pulls:
        verdict, row = demanded(shop, pull), shop.find(pull)
        if row is None:
            if verdict is not GONE:
                yield f"#{pull.number} has no row"
            continue
        if verdict.runs:
            wanted[row.folder] = pull.head_sha
        name = f"{shop.name}#{pull.number}"
        yield from (f"{name}: {problem}" for problem in _said(shop, pull, row, verdict))
        yield from (f"{name}: {problem}" for problem in _running(shop, evidence, pull, row, verdict))
    held = remote.heads(shop.world, f"environments/default/{shop.name}")
    if held != wanted:
        yield f"the remote holds {held}, not {wanted}"
    yield from _commits(shop.world)
    yield from _rows(shop.world)


def _said(shop: Shop, pull: PullRequest, row: Row, verdict: Verdict) -> Iterator[str]:
    comments, checks = shop.comments(pull), shop.checks(pull)
    is_silent = verdict is GONE and row.published_commit is None
    if len(comments) > 1 or (not comments and not is_silent):
        yield f"{len(comments)} comments"
    if len(checks) > 1 + _beginnings(shop, row, pull) or (not checks and not is_silent):
        yield f"{len(checks)} check runs at the head"
    if checks and shop.says(pull) != verdict.said:
        yield f"the head says {shop.says(pull)}, not {verdict.said}"
    if comments and verdict.heading not in comments[0]:
        yield f"the comment says {comments[0][:100]!r}, not {verdict.heading!r}"
    if comments and verdict.runs and pull.head_sha[:7] not in comments[0]:
        yield f"the comment does not name {pull.head_sha[:7]}"


def _beginnings(shop: Shop, row: Row, pull: PullRequest) -> int:
    """How often it was on its way anew at this head. GitHub does not open a completed check run again: what failed and
    healed, was reopened or redeployed has another one."""
    query = """SELECT split_part(message, ';', 1) IN ('pending', 'provisioning', 'updating')
        FROM events WHERE environment_id = %s AND kind = 'status' AND commit_sha = %s ORDER BY id"""
    under_way = [is_under_way for (is_under_way,) in shop.world.query(query, row.id, pull.head_sha)]
    return sum(now and not before for before, now in pairwise(under_way))


def _running(shop: Shop, evidence: Evidence, pull: PullRequest, row: Row, verdict: Verdict) -> Iterator[str]:
    if verdict.runs and evidence.running(row.namespace) != pull.head_sha:
        yield f"the cluster runs {evidence.running(row.namespace)}, not {pull.head_sha}"
    if not verdict.runs and not evidence.is_gone(row.namespace):
        yield f"namespace {row.namespace} is still there"
    (held,) = shop.world.query("SELECT published_tree FROM environments WHERE id = %s", row.id)
    if held[0] != remote.tree_of(shop.world, row.folder):
        yield f"PostgreSQL takes the folder for {held[0]}, it is {remote.tree_of(shop.world, row.folder)}"


def _commits(world: World) -> Iterator[str]:
    """One commit per environment, head and reason to commit: a reopened or redeployed one has another reason."""
    made = [commit for commit in remote.commits(world) if commit.trailers["Environment"]]
    trees = {commit.sha: commit.tree for commit in remote.commits(world)}
    yield from (f"{commit.sha} changes nothing" for commit in made if trees.get(commit.parent) == commit.tree)
    counted = Counter((commit.trailers["Environment"], commit.subject) for commit in made if _is_first(commit))
    yield from (f"{times} commits {what}" for what, times in counted.items() if times > 1)


def _is_first(commit: remote.Commit) -> bool:
    reason = commit.trailers["Reason"]
    is_asked_for = reason.partition(".")[0] in ("api", "command", "button", "rerequest")
    return not is_asked_for and reason not in ("pull_request.reopened", "pull_request.closed")


def _rows(world: World) -> Iterator[str]:
    for what, query in _INVARIANTS.items():
        if found := world.query(query):
            yield f"{what}: {found}"


def _written(shop: Shop) -> tuple[int, int, int]:
    return shop.writes(), len(remote.commits(shop.world)), remote.pushes(shop.world)


def _await_settled(shop: Shop, pulls: list[PullRequest]) -> None:
    for pull in pulls:
        if shop.find(pull) or demanded(shop, pull) is not GONE:
            shop.await_status(pull, demanded(shop, pull).status)
