"""What probes are told."""

from sqlalchemy import text

from app.demo.ports import free_port
from app.store.engine import Store
from tests.web.house import House


def unreachable() -> House:
    """An application whose PostgreSQL does not answer."""
    return House(Store(f"postgresql+psycopg2://nobody@127.0.0.1:{free_port()}/nothing"))


def test_process_is_healthy_whatever_else_is_down() -> None:
    answer = unreachable().client.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_migrated_database_and_redis_make_it_ready(house: House) -> None:
    answer = house.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.get_json()["status"] == "ok"
    assert [check["what"] for check in answer.get_json()["checks"]] == ["postgresql", "redis"]


def test_redis_that_is_down_only_degrades_it(house: House) -> None:
    house.redis_is_up = False
    answer = house.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.get_json()["status"] == "degraded"
    assert "EPHEMERA_REDIS_URL" in answer.get_json()["checks"][1]["advice"]


def test_database_that_is_down_makes_it_unready() -> None:
    answer = unreachable().client.get("/readyz")
    assert answer.status_code == 503
    check = answer.get_json()["checks"][0]
    assert (answer.get_json()["status"], check["is_ok"]) == ("unavailable", False)
    assert "EPHEMERA_DATABASE_URL" in check["advice"]


def test_database_that_is_not_migrated_makes_it_unready(house: House) -> None:
    with house.store.begin() as session:
        session.execute(text("DELETE FROM alembic_version"))
    answer = house.client.get("/readyz")
    assert answer.status_code == 503
    check = answer.get_json()["checks"][0]
    assert check["detail"].startswith("at migration none; this program needs ")
    assert "ephemera migrate" in check["advice"]


def test_pool_that_is_exhausted_does_not_hold_up_the_probe(house: House) -> None:
    held = [house.store.engine.connect() for _ in range(house.store.engine.pool.size() * 2)]  # type: ignore[attr-defined]
    assert house.client.get("/readyz").status_code == 200
    for connection in held:
        connection.close()
