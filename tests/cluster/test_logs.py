"""The end of a container's log: what is asked for, and what is shown of it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cluster.access import ByToken
from app.cluster.connection import Api
from app.cluster.logs import LINES, MAX_BYTES, last_lines, readable, secret_variables, shown
from app.domain.health import LogSource
from app.domain.markdown import block
from app.errors import Stalled, Transient
from tests.cluster.conftest import Serve
from tests.cluster.scripted import Answer, Request, Script, status

POD = {
    "spec": {
        "initContainers": [{"name": "migrate", "envFrom": [{"secretRef": {"name": "all"}}]}],
        "containers": [
            {
                "name": "web",
                "env": [
                    {"name": "PORT", "value": "8080"},
                    {"name": "SHOP_MODE", "valueFrom": {"secretKeyRef": {"name": "shop", "key": "mode"}}},
                    {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
                ],
                "envFrom": [
                    {"prefix": "DB_", "secretRef": {"name": "db"}},
                    {"configMapRef": {"name": "open"}},
                ],
            }
        ],
    }
}
SOURCE = LogSource("web-1", "web", is_previous=True)
NOT_ENDED = 'previous terminated container "web" in pod "web-1" not found'


def script(*logs: Answer) -> Script:
    """A server that has the pod, and answers so each time it is asked for a log."""
    left = list(logs)

    def answer(request: Request) -> Answer:
        if request.path.endswith("/log"):
            return left.pop(0)
        return Answer(chunks=(json.dumps(POD).encode(),))

    return answer


def text(content: bytes) -> Answer:
    return Answer(chunks=(content,), headers={"Content-Type": "text/plain"})


def test_log_of_the_run_before_is_asked_for_by_its_end(serve: Serve) -> None:
    server = serve(script(text(b"one\ntwo\n")))
    assert last_lines(Api(ByToken(server.url)), "pr-7-shop", SOURCE) == "one\ntwo"
    asked = server.requests[-1]
    assert asked.path == "/api/v1/namespaces/pr-7-shop/pods/web-1/log"
    assert asked.query == {"container": "web", "previous": "true", "tailLines": "50", "limitBytes": "1048576"}


def test_container_that_was_not_started_again_gives_the_log_that_it_has(serve: Serve) -> None:
    server = serve(script(status(400, NOT_ENDED), text(b"only run\n")))
    assert last_lines(Api(ByToken(server.url)), "pr-7-shop", SOURCE) == "only run"
    assert [request.query["previous"] for request in server.requests[1:]] == ["true", "false"]


@pytest.mark.parametrize(
    "answers",
    [
        [status(404, 'pods "web-1" not found', name="web-1")],
        [status(400, NOT_ENDED), status(400, 'container "web" in pod "web-1" is waiting to start: ContainerCreating')],
        [text(b"")],
    ],
)
def test_no_log_is_an_empty_one(serve: Serve, answers: list[Answer]) -> None:
    assert last_lines(Api(ByToken(serve(script(*answers)).url)), "pr-7-shop", SOURCE) == ""


def test_pod_that_is_gone_has_no_log(serve: Serve) -> None:
    server = serve(lambda request: status(404, 'pods "web-1" not found', name="web-1"))
    assert last_lines(Api(ByToken(server.url)), "pr-7-shop", SOURCE) == ""


def test_refusal_names_the_right_that_is_missing(serve: Serve) -> None:
    server = serve(script(status(403, 'pods "web-1" is forbidden: cannot get resource "pods/log"')))
    with pytest.raises(Stalled, match=r"reading pods/log of web-1 in pr-7-shop: .*Grant the verb"):
        last_lines(Api(ByToken(server.url)), "pr-7-shop", SOURCE)


def test_node_that_does_not_answer_is_transient(serve: Serve) -> None:
    server = serve(script(status(500, 'Get "https://10.0.0.5:10250/containerLogs/": dial tcp: connection refused')))
    with pytest.raises(Transient, match="reading pods/log"):
        last_lines(Api(ByToken(server.url)), "pr-7-shop", SOURCE)


def test_names_cannot_leave_their_place_in_the_path(serve: Serve) -> None:
    server = serve(lambda request: status(404, "not found", name="x"))
    last_lines(Api(ByToken(server.url)), "pr-7/../x", LogSource("a/b?c", "web", is_previous=False))
    assert server.requests[0].path == "/api/v1/namespaces/pr-7%2F..%2Fx/pods/a%2Fb%3Fc"


def test_fewer_lines_are_asked_for_where_so_many_do_not_fit(serve: Serve) -> None:
    server = serve(script(text(b"x" * 1024 * 1024), text(b"the end\n")))
    assert last_lines(Api(ByToken(server.url)), "pr-7-shop", SOURCE) == "the end"
    assert [request.query["tailLines"] for request in server.requests[1:]] == ["50", "5"]


def test_values_of_variables_from_secrets_are_not_shown(serve: Serve) -> None:
    server = serve(script(text(b"SHOP_MODE=dark\nDB_HOST=db-1 PORT=8080\n")))
    assert last_lines(Api(ByToken(server.url)), "pr-7-shop", SOURCE) == "SHOP_MODE=***\nDB_HOST=*** PORT=8080"


def test_variables_are_known_by_the_containers_own_references() -> None:
    assert secret_variables(POD, "web") == {"SHOP_MODE", "DB_*"}
    assert secret_variables(POD, "migrate") == {"*"}
    assert secret_variables(POD, "other") == frozenset()
    assert secret_variables({}, "web") == frozenset()


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]0;never ended", ""),
        ("\x1bcreset", "reset"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("bell\x07 null\x00 tab\t", "bell null tab\t"),
        ("\u202eright to left\u200b", "right to left"),
        ("café 😀", "café 😀"),
    ],
)
def test_terminal_escapes_and_control_characters_are_gone(raw: str, expected: str) -> None:
    assert readable(raw) == expected


def test_invalid_utf_8_is_replaced() -> None:
    assert shown(b"caf\xc3\xa9 \xff\xfe end\n") == "café �� end"


def test_escape_inside_a_secret_does_not_hide_it() -> None:
    assert shown(b"pass\x1b[0mword=hun\x1b[1mter2\n") == "password=***"


def test_end_is_kept_and_the_secret_that_the_cut_would_have_halved_is_gone() -> None:
    body = b"a" * 100 + b" password=" + b"s3cret" * MAX_BYTES + b"\nthe end\n"
    assert shown(body) == "a" * 100 + " password=***\nthe end"


def test_only_the_last_lines_are_kept() -> None:
    lines = shown("".join(f"line {number}\n" for number in range(200)).encode()).split("\n")
    assert (len(lines), lines[0], lines[-1]) == (LINES, "line 150", "line 199")


@given(st.binary(max_size=400), st.integers(0, 60))
def test_what_is_shown_is_short_and_closed_in_its_block(piece: bytes, times: int) -> None:
    text = shown(piece * times)
    assert len(text.encode()) <= MAX_BYTES
    assert text.count("\n") < LINES
    fence, *inside, last = block(text, MAX_BYTES).split("\n")
    assert fence == last
    assert fence not in inside


def test_long_text_is_cut_at_a_line() -> None:
    text = shown(b"".join(b"%04d " % number + b"x" * 500 + b"\n" for number in range(50)))
    assert len(text.encode()) <= MAX_BYTES
    assert text.split("\n")[0][:5].strip().isdigit()
    assert text.endswith("0049 " + "x" * 500)
