"""A house whose changes are reviewed, by some rules and before some court."""

from dataclasses import replace

from app.domain.review import Rules
from app.ports import Destination
from app.stages.changing import Changer
from app.stages.propose import Proposer
from app.stages.review import Reviewer
from tests.stages.court import Court
from tests.stages.house import CLUSTER, TEMPLATES, House


def use(house: House, court: Court, rules: Rules) -> None:
    """Have the house's changes reviewed by these rules; as after a restart with other settings."""
    destinations = {CLUSTER.name: Destination(house.syncer, follows_refs=True)}
    house.branch.destinations = destinations
    house.publisher = replace(house.publisher, rules=rules, destinations=destinations)
    changer = Changer(TEMPLATES, destinations)
    house.proposer = Proposer(house.store, court, house.bell, limits=None)
    house.reviewer = Reviewer(house.store, court, house.repository, changer, house.bell, rules)


def begun(court: Court) -> None:
    """Give the repository its first commit: there is no pull request into nothing."""
    tree = court.git("hash-object", "-t", "tree", "-w", "/dev/null")
    court.git("update-ref", "refs/heads/main", court.git("commit-tree", tree, "-m", "Begin"))
