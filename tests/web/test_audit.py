"""The REST API about what was recorded: evidence of one environment, changes of all."""

from sqlalchemy import text

from app.domain.review import ALWAYS, Subject, review
from app.store import asking
from app.store.asking import Ask
from app.store.models import ProposalRow
from app.store.tokens import Scope, create
from tests.domain.builders import SHOP
from tests.store.published import ELDER, YOUNGER, published
from tests.web.house import POLICY, House

RULES = review(ALWAYS, Subject("Acme/Shop", "default", is_from_fork=False)).to_json()


def get(house: House, path: str) -> dict[str, object]:
    """The answer to somebody who may read."""
    with house.store.begin() as session:
        session.execute(text("DELETE FROM api_tokens"))
        token = create(session, "reader", Scope.READ)
    answer = house.client.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.get_json()
    return found


def commits(answer: dict[str, object]) -> list[str]:
    """Of the items."""
    items = answer["items"]
    assert isinstance(items, list)
    return [item["commit"] for item in items]


def add(house: House) -> int:
    """An environment with two recorded changes; returns its id."""
    with house.store.begin() as session:
        environment = asking.mark(session, Ask(SHOP, 42, "ada", "pull_request.opened"), POLICY)
    published(house.store, environment, ELDER)
    published(house.store, environment, YOUNGER)
    return environment


def test_evidence_is_shown_as_it_was_kept(house: House) -> None:
    environment = add(house)
    assert get(house, f"/environments/{environment}/evidence")["proposal"] is None
    with house.store.begin() as session:
        session.add(
            ProposalRow(
                environment_id=environment,
                number=31,
                url="https://github.test/acme/environments/pull/31",
                state="refused",
                generation=1,
                desired={"kind": "absent"},
                templates="t",
                requirement=RULES,
                evidence={"kept": ["as", {"it": "was"}]},
                asked_by="ada",
                asked_reason="x",
                decided_by="grace",
                decided_words="too large",
            )
        )
    answer = get(house, f"/environments/{environment}/evidence")
    shown = answer["proposal"]
    assert isinstance(shown, dict)
    assert (shown["state"], shown["number"], shown["decided_by"]) == ("refused", 31, "grace")
    assert shown["evidence"] == {"kept": ["as", {"it": "was"}]}
    assert shown["requirement"]["results"] == [{"rule": "always", "fits": True, "why": "it has no conditions"}]
    assert commits(answer) == [YOUNGER, ELDER]


def test_changes_are_paged_newest_first(house: House) -> None:
    environment = add(house)
    for path in (f"/environments/{environment}/evidence", "/audit"):
        first = get(house, f"{path}?limit=1")
        assert commits(first) == [YOUNGER]
        rest = get(house, str(first["next"]).removeprefix("/api/v1"))
        assert (commits(rest), rest["next"]) == ([ELDER], None)


def test_changes_are_filtered(house: House) -> None:
    add(house)
    for query, found in (
        ("repository=ACME/shop", 2),
        ("repository=acme/other", 0),
        ("by=ada", 2),
        ("by=grace", 0),
        ("from=2020-01-01T00:00:00Z", 2),
        ("to=2020-01-01T00:00:00Z", 0),
        ("from=2020-01-01T00:00:00%2B01:00&to=2999-01-01T00:00:00Z", 2),
    ):
        assert len(commits(get(house, f"/audit?{query}"))) == found, query
