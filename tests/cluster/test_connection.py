"""Requests to an API server: credentials, refusals, and what never reaches an error message."""

import socket
import threading
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from app.cluster.access import ByKubeconfig, ByToken, InCluster
from app.cluster.connection import Api, Ask, Limits
from app.cluster.failures import Expired, NotFound, NotServed
from app.errors import EphemeraError, Stalled, Transient
from tests.cluster.conftest import Serve
from tests.cluster.scripted import Answer, Request, in_order, status

ASK = Ask("listing pods", "/api/v1/pods")
OK = Answer(chunks=(b'{"kind": "PodList"}',))


def kubeconfig(path: Path, url: str, **user: object) -> Path:
    """Write a kubeconfig of one cluster, user and context; returns its path."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "here", "cluster": {"server": url}}],
        "users": [{"name": "me", "user": user}],
        "contexts": [{"name": "mine", "context": {"cluster": "here", "user": "me"}}],
        "current-context": "mine",
    }
    path.write_text(yaml.safe_dump(config))
    return path


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (status(401, "Unauthorized"), Stalled, "listing pods: the API server answered 401: Unauthorized. Renew the"),
        (status(403, "pods is forbidden"), Stalled, "pods is forbidden. Grant the verb on this resource"),
        (status(404, "no such pod", name="web"), NotFound, "no such pod"),
        (
            Answer(404, (b"404 page not found\n",)),
            NotServed,
            "page not found. The cluster does not serve this resource",
        ),
        (status(409, "modified"), Transient, "modified"),
        (status(410, "too old"), Expired, "too old"),
        (status(422, "invalid"), Stalled, "invalid. Is this the URL of a Kubernetes API server?"),
        (status(429, "too many"), Transient, "too many"),
        (status(500, "etcd"), Transient, "etcd"),
        (Answer(503, (b"<html>no upstream</html>",)), Transient, "no upstream"),
        (Answer(302, headers={"Location": "http://127.0.0.1:1/"}), Stalled, "answered 302: nothing"),
        (Answer(200, (b"<html>",)), Transient, "listing pods: the answer is not JSON"),
        (Answer(200, (b"[1]",)), Transient, "listing pods: the answer is no JSON object"),
    ],
)
def test_refusals_say_what_was_asked_and_whether_to_try_again(
    serve: Serve, answer: Answer, kind: type[EphemeraError], words: str
) -> None:
    api = Api(ByToken(serve(lambda request: answer).url, "secret"))
    with pytest.raises(kind) as refused:
        api.get(ASK)
    assert type(refused.value) is kind
    assert words in str(refused.value)
    assert "secret" not in str(refused.value)


def test_retry_after_is_handed_on(serve: Serve) -> None:
    api = Api(ByToken(serve(lambda request: status(429, "slow down", **{"Retry-After": "3"})).url))
    with pytest.raises(Transient) as refused:
        api.get(ASK)
    assert refused.value.retry_after == timedelta(seconds=3)


def test_closed_port_is_transient() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        api = Api(ByToken(f"http://127.0.0.1:{probe.getsockname()[1]}", "secret"))
        with pytest.raises(Transient, match="listing pods: "):
            api.get(ASK)


def test_server_that_says_nothing_is_given_up(serve: Serve) -> None:
    api = Api(ByToken(serve(lambda request: Answer(is_held=True)).url))
    with pytest.raises(Transient, match="timed out"):
        api.get(Ask("listing pods", "/api/v1/pods", limits=Limits(read_seconds=0.05)))


def test_token_goes_into_a_header_and_nowhere_else(serve: Serve) -> None:
    server = serve(lambda request: OK)
    access = ByToken(server.url + "/", "secret\n")
    assert Api(access).get(ASK) == {"kind": "PodList"}
    assert server.requests[0].headers.get("authorization") == "Bearer secret"
    assert "secret" not in repr(access)


@pytest.mark.parametrize("token", ["se\ncret", "secrét", "se\x00cret"])
def test_token_that_no_header_carries_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(Stalled) as refused:
        Api(ByToken("http://127.0.0.1:1", token))
    assert "characters that an HTTP header cannot carry" in str(refused.value)
    assert "cret" not in str(refused.value).replace("characters", "")


def test_proxy_of_the_environment_is_not_used_for_loopback(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    assert Api(ByToken(serve(lambda request: OK).url)).get(ASK)


def test_kubeconfig_names_server_and_token(serve: Serve, tmp_path: Path) -> None:
    server = serve(lambda request: OK)
    assert Api(ByKubeconfig(kubeconfig(tmp_path / "config", server.url, token="abc"))).get(ASK)
    assert server.requests[0].headers.get("authorization") == "Bearer abc"


def test_token_file_is_read_again_when_the_server_refuses_the_old_one(serve: Serve, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("old")

    def script(request: Request) -> Answer:
        return OK if request.headers.get("authorization") == "Bearer new" else status(401, "Unauthorized")

    api = Api(ByKubeconfig(kubeconfig(tmp_path / "config", serve(script).url, tokenFile=str(token))))
    with pytest.raises(Stalled):
        api.get(ASK)
    token.write_text("new")
    assert api.get(ASK)


def test_exec_plugin_is_asked_again_when_the_server_refuses_its_token(serve: Serve, tmp_path: Path) -> None:
    counter = tmp_path / "count"
    plugin = tmp_path / "plugin"
    plugin.write_text(
        f"""#!/bin/sh
echo x >> {counter}
cat <<END
{{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
  "status": {{"token": "token-$(wc -l < {counter})"}}}}
END
"""
    )
    plugin.chmod(0o755)
    command = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin), "interactiveMode": "Never"}

    def script(request: Request) -> Answer:
        return OK if request.headers.get("authorization") == "Bearer token-2" else status(401, "Unauthorized")

    assert Api(ByKubeconfig(kubeconfig(tmp_path / "config", serve(script).url, exec=command))).get(ASK)


@pytest.mark.parametrize("text", [None, "", "[", "apiVersion: v1\nkind: Config\n"])
def test_kubeconfig_that_is_missing_or_broken_is_named(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "config"
    if text is not None:
        path.write_text(text)
    with pytest.raises(Stalled, match=r"reading the cluster's configuration .*config"):
        Api(ByKubeconfig(path))


def test_unknown_context_is_named(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path / "config", "http://127.0.0.1:1", token="abc")
    with pytest.raises(Stalled, match="elsewhere"):
        Api(ByKubeconfig(path, "elsewhere"))


def test_missing_certificate_authority_is_named(tmp_path: Path) -> None:
    with pytest.raises(Stalled, match=r"ca\.pem"):
        Api(ByToken("https://127.0.0.1:1", "abc", tmp_path / "ca.pem"))


def test_in_cluster_access_outside_a_cluster_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(Stalled, match="Service host/port is not set"):
        Api(InCluster())


def test_patch_is_a_merge_patch(serve: Serve) -> None:
    server = serve(lambda request: OK)
    Api(ByToken(server.url)).merge_patch(ASK, {"metadata": {"annotations": {"a": "é"}}})
    request = server.requests[0]
    assert (request.method, request.headers["content-type"]) == ("PATCH", "application/merge-patch+json")
    assert b'"a": "\\u00e9"' in request.body


def test_broken_chunk_is_transient_and_line_before_it_is_read(serve: Serve) -> None:
    server = serve(in_order(Answer(chunks=(b'{"a": 1}\n{"b"',), is_held=True)))
    stream = Api(ByToken(server.url)).stream(ASK, 10)
    with stream:
        lines = stream.lines()
        assert next(lines) == b'{"a": 1}'
        server.ended.set()
        with pytest.raises(Transient, match="listing pods"):
            next(lines)


def test_answer_without_chunks_is_read_to_its_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        api = Api(ByToken(f"http://127.0.0.1:{server.getsockname()[1]}"))
        answering = threading.Thread(target=answer_and_hang_up, args=(server, b'{"a": 1}\n{"b": 2}\n{"c"'))
        answering.start()
        with api.stream(ASK, 10) as stream:
            assert list(stream.lines()) == [b'{"a": 1}', b'{"b": 2}']
        answering.join()


def answer_and_hang_up(server: socket.socket, body: bytes) -> None:
    """Answer one request as HTTP/1.0 does: the body ends with the connection."""
    connection, _ = server.accept()
    with connection:
        connection.recv(64 * 1024)
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + body)
