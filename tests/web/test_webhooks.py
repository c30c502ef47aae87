"""Webhooks: what is kept, marked and rung."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from app.demo.ports import free_port
from app.ports import Ring
from app.store.engine import Store
from app.web.signature import HEADER, sign
from tests.fixtures.derived import derived_payloads
from tests.fixtures.payloads import Payload, every_example, example, examples
from tests.web.house import OLD_SECRET, SECRET, House

OPENED = example("pull_request", "opened")


def test_new_pull_request_is_kept_marked_and_rung(house: House) -> None:
    answer = house.send(OPENED, "d-1")
    assert answer.status_code == 202
    assert answer.json == {"delivery": "d-1", "outcome": "marked", "reason": None}
    [delivery] = house.deliveries()
    assert (delivery.id, delivery.outcome, bytes(delivery.body)) == ("d-1", "marked", OPENED.body)
    [environment] = house.environments()
    assert (environment.number, environment.requested_generation) == (OPENED.document["number"], 1)
    assert (environment.asked_reason, environment.asked_delivery) == ("pull_request.opened", "d-1")
    assert house.bell.rung == [Ring.DECIDE]


def test_known_pull_request_is_marked_again(house: House) -> None:
    house.send(OPENED)
    answer = house.send(OPENED, "d-2")
    assert answer.status_code == 202
    [environment] = house.environments()
    assert (environment.requested_generation, environment.asked_delivery) == (2, "d-2")
    assert [bytes(delivery.body) for delivery in house.deliveries()] == [OPENED.body, OPENED.body]
    events = house.rows("SELECT kind, message, actor, delivery_id FROM events ORDER BY id")
    assert tuple(events[-1]) == ("asked", "pull_request.opened", OPENED.document["sender"]["login"], "d-2")


def test_delivery_that_comes_again_changes_nothing(house: House) -> None:
    house.send(OPENED, "d-1")
    again = [house.send(OPENED, "d-1") for _ in range(3)]
    assert {answer.status_code for answer in again} == {200}
    assert again[0].json is not None
    assert again[0].json["outcome"] == "duplicate"
    [environment] = house.environments()
    assert environment.requested_generation == 1
    assert len(house.deliveries()) == 1
    assert house.bell.rung == [Ring.DECIDE]


def test_closing_is_rung_for_cleaning_up(house: House) -> None:
    house.send(example("pull_request", "closed"))
    assert house.bell.rung == [Ring.CLEAN_UP]


def test_first_installation_that_a_payload_names_is_remembered(house: House) -> None:
    without = {name: value for name, value in OPENED.document.items() if name != "installation"}
    house.send(Payload("pull_request", "without", without))
    house.send(Payload("pull_request", "with", without | {"installation": {"id": 70}}))
    house.send(Payload("pull_request", "without", without))
    assert [row.installation_id for row in house.rows("SELECT installation_id FROM repositories")] == [70]
    [environment] = house.environments()
    assert environment.requested_generation == 3


def test_every_pull_request_example_is_accepted(house: House) -> None:
    payloads = [*examples("pull_request"), *derived_payloads()]
    assert len(payloads) >= 29 + 8
    answers = [house.send(payload) for payload in payloads]
    assert {answer.status_code for answer in answers} == {202}
    assert {answer.get_json()["outcome"] for answer in answers} == {"marked", "ignored"}
    marked = [row.action for row in house.deliveries() if row.outcome == "marked"]
    assert house.environments()[0].requested_generation == len(marked)
    assert set(marked) >= {"opened", "reopened", "synchronize", "closed", "edited", "labeled", "unlabeled"}


def test_every_other_example_is_accepted(house: House) -> None:
    payloads = [payload for payload in every_example() if payload.event != "pull_request"]
    answers = [house.send(payload) for payload in payloads]
    assert {answer.status_code for answer in answers} == {202}
    assert "quarantined" not in {answer.get_json()["outcome"] for answer in answers}


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
def test_every_secret_is_accepted_while_it_is_being_changed(house: House, secret: bytes) -> None:
    answer = house.deliver(OPENED.body, headers={HEADER: sign(OPENED.body, secret)})
    assert answer.status_code == 202


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "sha256=",
        "sha256=" + "0" * 64,
        sign(OPENED.body, b"another secret"),
        sign(b"another body", SECRET),
        sign(OPENED.body, SECRET).removeprefix("sha256="),
        sign(OPENED.body, SECRET).replace("sha256", "sha1"),
        sign(OPENED.body, SECRET).upper(),
        sign(OPENED.body, SECRET) + ",sha256=" + "0" * 64,
        "sha256=é" + "0" * 63,
        "sha256=\xff\xfe",
    ],
)
def test_delivery_that_is_not_signed_is_refused(house: House, signature: str) -> None:
    answer = house.deliver(OPENED.body, headers={HEADER: signature})
    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"
    assert "EPHEMERA_GITHUB_WEBHOOK_SECRETS" in answer.get_json()["detail"]
    assert (house.deliveries(), house.bell.rung) == ([], [])


def test_old_signature_header_is_not_enough(house: House) -> None:
    headers = {"X-Hub-Signature": "sha1=" + "0" * 40}
    answer = house.client.post("/webhooks/github", data=OPENED.body, headers=headers)
    assert answer.status_code == 401


def test_unsigned_body_is_refused_before_it_is_read_as_json(house: House) -> None:
    answer = house.deliver(b"[" * 100_000, headers={HEADER: "sha256=" + "0" * 64})
    assert answer.status_code == 401


@pytest.mark.parametrize("body", [b"", b"\xff", b"[" * 100_000, b"payload=%7B%7D", b'{"pull_request": {}}', b"\x00"])
def test_signed_body_that_cannot_be_used_is_quarantined_with_the_reason(house: House, body: bytes) -> None:
    answer = house.deliver(body, delivery="d-1")
    assert answer.status_code == 202
    assert answer.get_json()["outcome"] == "quarantined"
    [delivery] = house.deliveries()
    assert (bytes(delivery.body), delivery.outcome) == (body, "quarantined")
    assert delivery.reason == answer.get_json()["reason"]
    assert house.bell.rung == []


def test_same_body_without_a_delivery_id_is_kept_once(house: House) -> None:
    answers = [house.deliver(OPENED.body, headers={"X-GitHub-Delivery": "é"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 200]
    assert house.deliveries()[0].id.startswith("sha256:")


def test_body_that_is_too_large_is_refused(house: House) -> None:
    small = House(house.store, max_body_bytes=1_000)
    answer = small.deliver(b"x" * 1_001)
    assert answer.status_code == 413
    assert answer.mimetype == "application/problem+json"
    assert small.deliver(b"x" * 1_000).status_code == 202


@pytest.mark.parametrize("body", [OPENED.body, b"{}"])
def test_database_that_is_down_is_answered_with_try_again(body: bytes) -> None:
    house = House(Store(f"postgresql+psycopg2://nobody@127.0.0.1:{free_port()}/nothing"))
    answer = house.deliver(body)
    assert answer.status_code == 503
    assert answer.mimetype == "application/problem+json"
    assert int(answer.headers["Retry-After"]) >= 1
    assert house.bell.rung == []


def test_connection_that_was_cut_is_replaced(house: House) -> None:
    house.send(OPENED)
    house.send(OPENED)
    with house.store.begin() as session:
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = :name"
        session.execute(text(cut), {"name": house.store.engine.url.database})
    assert house.send(OPENED).status_code == 202
    assert house.environments()[0].requested_generation == 3


def test_database_without_tables_is_answered_with_try_again(house: House) -> None:
    house.send(OPENED)
    house.send(OPENED)
    house.execute("ALTER TABLE deliveries RENAME TO moved")
    assert house.send(OPENED).status_code >= 500
    house.execute("ALTER TABLE moved RENAME TO deliveries")
    assert house.send(OPENED).status_code == 202
    assert len(house.deliveries()) == 3


def test_plan_that_a_pooler_left_elsewhere_is_done_without(house: House) -> None:
    house.send(OPENED)
    house.send(OPENED)
    house.app.extensions["ephemera.intake"]._connection.cursor().execute("DEALLOCATE ALL")
    assert house.send(OPENED).status_code == 202
    assert house.environments()[0].requested_generation == 3


def test_deliveries_at_the_same_time_are_each_kept_and_counted(house: House) -> None:
    house.send(OPENED, "first")
    names = [f"d-{number // 2}" for number in range(40)]
    with ThreadPoolExecutor(8) as threads:
        codes = list(threads.map(lambda name: house.send(OPENED, name).status_code, names))
    assert sorted(codes) == [200] * 20 + [202] * 20
    assert (house.environments()[0].requested_generation, len(house.deliveries())) == (21, 21)


def test_new_and_known_pull_requests_at_the_same_time_are_each_marked(house: House) -> None:
    numbers = [number % 10 + 1 for number in range(40)]
    payloads = [Payload("pull_request", "any", OPENED.document | {"number": number}) for number in numbers]
    with ThreadPoolExecutor(8) as threads:
        codes = list(threads.map(lambda payload: house.send(payload).status_code, payloads))
    assert codes == [202] * 40
    assert {(row.number, row.requested_generation) for row in house.environments()} == {(n, 4) for n in range(1, 11)}
    assert len(house.rows("SELECT * FROM events WHERE kind = 'asked'")) == 40


def test_hostile_text_survives_byte_for_byte(house: House) -> None:
    document = OPENED.document | {"title": "party 😀 é \\ ' \" \u202e %s {} $1 \\x41"}
    for _ in range(2):
        house.send(Payload("pull_request", "hostile", document))
    body = Payload("pull_request", "hostile", document).body
    assert [bytes(delivery.body) for delivery in house.deliveries()] == [body, body]
