"""An API server behind TLS, with a certificate authority of its own."""

import ssl
import threading
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from app.cluster.access import ByToken
from app.cluster.connection import Api, Ask
from app.errors import Stalled, Transient
from tests.cluster.conftest import Serve
from tests.cluster.scripted import Answer, ScriptedServer

ASK = Ask("listing pods", "/api/v1/pods")
OK = Answer(chunks=(b'{"kind": "PodList"}\n',))


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Give a PEM file with a key and its self-signed certificate for 127.0.0.1."""
    return self_signed(tmp_path / "tls.pem")


def self_signed(path: Path) -> Path:
    """Write a new key and its certificate there."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + signed.public_bytes(Encoding.PEM)
    )
    return path


def behind_tls(server: ScriptedServer, certificate: Path) -> str:
    """Put the server behind TLS from its next connection on; returns its URL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return server.url.replace("http:", "https:")


def test_named_authority_is_trusted(serve: Serve, certificate: Path) -> None:
    url = behind_tls(serve(lambda request: OK), certificate)
    assert Api(ByToken(url, "abc", certificate)).get(ASK)


def test_server_on_this_machine_needs_no_named_authority(serve: Serve, certificate: Path) -> None:
    url = behind_tls(serve(lambda request: OK), certificate)
    with pytest.warns(Warning, match="Unverified HTTPS request"):
        assert Api(ByToken(url, "abc")).get(ASK)


def test_unknown_authority_needs_a_person(serve: Serve, certificate: Path, tmp_path: Path) -> None:
    url = behind_tls(serve(lambda request: OK), certificate)
    with pytest.raises(Stalled, match="Name the file with the cluster's certificate authority"):
        Api(ByToken(url, "abc", self_signed(tmp_path / "other.pem"))).get(ASK)


def test_server_elsewhere_is_always_verified() -> None:
    assert ByToken("https://kubernetes.test:6443").is_verified
    assert not ByToken("https://127.0.0.1:6443").is_verified


def test_stream_over_tls_can_be_aborted_from_another_thread(serve: Serve, certificate: Path) -> None:
    server = serve(lambda request: Answer(chunks=OK.chunks, is_held=True))
    stream = Api(ByToken(behind_tls(server, certificate), "abc", certificate)).stream(ASK, 60)
    has_read = threading.Event()

    def read() -> None:
        try:
            for _ in stream.lines():
                has_read.set()
        except Transient:
            pass

    thread = threading.Thread(target=read)
    thread.start()
    assert has_read.wait(10)
    stream.abort()
    thread.join(10)
    assert not thread.is_alive()
    stream.__exit__()
    stream.abort()
