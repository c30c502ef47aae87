"""Two hundred proposals at once: pushed together, opened each once, merged in any order, all taken over."""

import random

import pytest

from app.domain.review import ALWAYS
from app.ports import Ring
from app.store import proposing
from tests.domain.builders import pull_request
from tests.stages.court import METHODS, Court
from tests.stages.house import House
from tests.stages.reviewed import begun, use

CROWD = 200


@pytest.mark.slow
def test_two_hundred_proposals_are_merged_in_any_order(house: House) -> None:
    chance = random.Random(8)
    court = Court(house.remote)
    begun(court)
    use(house, court, ALWAYS)
    for number in range(1, CROWD + 1):
        house.truth.pull_requests[number] = pull_request(number=number, head_sha=f"{number:040x}")
        house.deliver(f"d-{number}", "opened", number)
    house.settle()
    assert len(court.cases) == CROWD
    assert house.git("rev-list", "--count", "main").strip() == "1", "nothing is on the branch yet"
    assert house.git("rev-list", "--count", "--all").strip() == str(CROWD + 1), "one commit each"

    order = list(court.cases)
    chance.shuffle(order)
    for place, number in enumerate(order, start=1):
        court.decide_merge(number, chance.choice(METHODS))
        with house.store.begin() as session:
            proposing.ring(session, number)
        if place % 25 == 0:
            house.bell.ring(Ring.REVIEW)
            house.settle()
    states = house.values("SELECT state FROM proposals WHERE is_current")
    assert states == ["merged"] * CROWD
    assert house.values("SELECT count(*) FROM environments WHERE published_generation < decided_generation") == [0]
    for number in range(1, CROWD + 1):
        row = house.environment(number)
        manifest = house.git("show", f"main:{row.place.folder}/deployment.yaml")
        assert f"{number:040x}" in manifest
    assert house.git("for-each-ref", "refs/heads/ephemera/") == ""
