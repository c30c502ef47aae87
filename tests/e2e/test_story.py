"""What people do with pull requests, on the real thing. `assert_converged` asks GitHub, Git, PostgreSQL and the cluster."""

from tests.scenarios.oracle import assert_converged
from tests.scenarios.shop import Shop


def test_opened_pushed_closed(shop: Shop) -> None:
    pull = shop.open_until_ready()
    assert_converged(shop)
    pull = shop.push(pull)
    shop.await_status(pull, "ready")
    assert_converged(shop)
    shop.close(pull)
    shop.await_status(pull, "destroyed")
    assert_converged(shop)
    assert "Receipt" in shop.comment(pull)
