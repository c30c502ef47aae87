"""Whatever JSON is sent, signed, it is kept once and nothing breaks."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.web.house import House

_NAMES = st.sampled_from(
    ["action", "number", "pull_request", "repository", "installation", "sender", "id", "full_name"]
)
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None), max_size=20)
    | st.sampled_from(["opened", "closed", "a/b", 42])
)
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES | st.text(max_size=5), inner, max_size=8),
    max_leaves=20,
)
_ALMOST = st.fixed_dictionaries(
    {
        "action": st.sampled_from(["opened", "closed", "synchronize"]) | _JSON,
        "number": st.integers(1, 9) | _JSON,
        "pull_request": st.just({}) | _JSON,
        "repository": st.fixed_dictionaries(
            {
                "id": st.integers(1, 3) | _JSON,
                "full_name": st.sampled_from(["acme/shop", "acme/Shop", "x/y.z", "x/y_z", "acme/" + "é"]) | _JSON,
            }
        )
        | _JSON,
    },
    optional={"installation": st.fixed_dictionaries({"id": st.integers(1, 2)}) | _JSON, "sender": _JSON},
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(document=_JSON | _ALMOST, event=st.sampled_from(["pull_request", "push", ""]))
def test_any_json_is_kept_once(quiet_house: House, document: Any, event: str) -> None:
    body = json.dumps(document).encode()
    first, second = (quiet_house.deliver(body, event, headers={"X-GitHub-Delivery": ""}) for _ in range(2))
    assert first.status_code in (200, 202)
    assert second.status_code == 200
    assert first.get_json()["delivery"] == second.get_json()["delivery"]


@settings(max_examples=100, deadline=None)
@given(body=st.binary(max_size=200), event=st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=120))
def test_any_bytes_are_kept(quiet_house: House, body: bytes, event: str) -> None:
    assert quiet_house.deliver(body, event).status_code == 202
