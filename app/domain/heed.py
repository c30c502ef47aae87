"""Whether the syncer has turned to what was published: a poke can be lost, or come while it looks at an older one."""

from app.domain.desired import Present
from app.domain.environment import Environment
from app.domain.health import Phase


def is_unheeded(environment: Environment) -> bool:
    """Nothing shows yet that the syncer works on the commit that was published last, or took the environment away; or
    the namespace is not there although that commit is applied.

    A syncer that follows the branch names commits of other environments too, so of that it can only be told whether it
    has begun or ended.
    """
    if not environment.is_published:
        return False
    sync = environment.health.sync if environment.health else None
    if not isinstance(environment.desired, Present):
        return sync is not None and not _is_going(environment, sync.name)
    if sync is None or environment.health is None or environment.health.phase in (Phase.PARTIAL, Phase.ABSENT):
        return True
    return sync.is_exact and environment.published.commit not in (sync.tried, sync.applied)


def has_come_or_gone(environment: Environment) -> bool:
    """What makes and removes the environments' own objects has to look, not only the environment's own."""
    health = environment.health
    return environment.published.tree is None or health is None or health.sync is None or health.phase is Phase.PARTIAL


def _is_going(environment: Environment, name: str) -> bool:
    """The syncer's object is being deleted: it waits for what it made."""
    health = environment.health
    is_ending = health is not None and health.phase is Phase.TERMINATING
    return is_ending or (health is not None and any(holding.name == name for holding in health.holding))
