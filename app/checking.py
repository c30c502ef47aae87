"""`ephemera check`: every setting against the world, each with what to do where it fails."""

from collections.abc import Callable, Iterable, Sequence

from app.domain.cluster import SyncerKind
from app.domain.finding import Finding
from app.errors import EphemeraError
from app.store import migrate
from app.wiring import Wiring
from gitops.errors import GitopsError
from gitops.probe import probe


def findings(wiring: Wiring) -> list[Finding]:
    """What was found, in the order of the settings. Nothing is changed anywhere."""
    checks: Sequence[tuple[str, Callable[[Wiring], Iterable[Finding]]]] = (
        ("PostgreSQL", _database),
        ("Redis", _redis),
        ("GitHub App", _github),
        ("environments repository", _repository),
        ("cluster", lambda held: held.cluster_findings()),
    )
    return [finding for what, check in checks for finding in _guarded(what, check, wiring)]


def _guarded(what: str, check: Callable[[Wiring], Iterable[Finding]], wiring: Wiring) -> list[Finding]:
    try:
        return list(check(wiring))
    except (EphemeraError, GitopsError) as error:
        return [Finding.bad(what, str(error), "mend the setting or the system it names, then check again")]


def _database(wiring: Wiring) -> Iterable[Finding]:
    revision = migrate.current(wiring.store)
    is_current = migrate.suffices(revision)
    detail = f"reachable, at migration {revision or 'none'}"
    yield Finding("PostgreSQL", is_current, detail, f"run `ephemera migrate` to bring it to {migrate.head()}")


def _redis(wiring: Wiring) -> Iterable[Finding]:
    is_up = wiring.redis_is_up()
    detail = "reachable" if is_up else "does not answer"
    yield Finding("Redis", is_up, detail, "start it, or mend EPHEMERA_REDIS_URL; until then only sweeps move things on")


def _github(wiring: Wiring) -> Iterable[Finding]:
    yield from wiring.github.checkup.findings(wiring.settings.environments_repository)


def _repository(wiring: Wiring) -> Iterable[Finding]:
    remote = wiring.repository.remote
    follows_refs = any(cluster.syncer is not SyncerKind.NONE for cluster in wiring.clusters)
    try:
        head = probe(wiring.repository, with_refs=follows_refs)
    except GitopsError as error:
        advice = (
            "check EPHEMERA_ENVIRONMENTS_REPOSITORY and _BRANCH and, for one that is not on that GitHub, "
            "EPHEMERA_GIT_USERNAME and EPHEMERA_GIT_PASSWORD"
        )
        yield Finding.bad("environments repository", str(error), advice)
        return
    refs = f", takes refs under {remote.environment_refs}" if follows_refs and head else ""
    detail = f"{remote.url} is readable and writable, {remote.branch} is at {head or 'no commit yet'}{refs}"
    yield Finding.good("environments repository", detail)
