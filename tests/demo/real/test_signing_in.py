"""Certificates, tokens and the kubeconfig: made for one stack, readable by its owner alone."""

import ipaddress
import ssl
import stat
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.verification import PolicyBuilder, Store

from app.demo.real.certificates import Certificates
from app.demo.real.layout import Layout
from app.demo.real.signing_in import write_kubeconfig, write_tokens


def mode(path: Path) -> str:
    return stat.filemode(path.stat().st_mode)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Give the folders of a stack."""
    return Layout.make(tmp_path / "stack")


@pytest.fixture
def certificates(layout: Layout) -> Certificates:
    """Give new certificates."""
    return Certificates.make(layout.secrets)


def test_the_server_is_trusted_on_loopback_by_who_trusts_the_authority(certificates: Certificates) -> None:
    authority = x509.load_pem_x509_certificate(certificates.authority.read_bytes())
    server = x509.load_pem_x509_certificate(certificates.certificate.read_bytes())
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    chain = PolicyBuilder().store(Store([authority])).build_server_verifier(address).verify(server, [])
    assert chain == [server, authority]


def test_certificate_and_key_belong_together(certificates: Certificates) -> None:
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificates.certificate, certificates.key)


def test_the_key_that_signs_tokens_is_in_the_format_that_the_api_server_reads(certificates: Certificates) -> None:
    pem = certificates.service_account_key.read_bytes()
    assert pem.startswith(b"-----BEGIN EC PRIVATE KEY-----")
    assert isinstance(load_pem_private_key(pem, None), ec.EllipticCurvePrivateKey)


def test_what_is_secret_is_for_the_owner_alone(layout: Layout, certificates: Certificates) -> None:
    write_kubeconfig(layout, certificates, "abc")
    write_tokens(layout.secrets / "tokens.csv", "abc")
    assert mode(layout.secrets) == "drwx------"
    secret = [certificates.key, certificates.service_account_key, layout.kubeconfig, layout.secrets / "tokens.csv"]
    assert {mode(path) for path in secret} == {"-rw-------"}


def test_the_kubeconfig_leads_to_the_api_server_with_its_authority(layout: Layout, certificates: Certificates) -> None:
    write_kubeconfig(layout, certificates, "abc")
    document = yaml.safe_load(layout.kubeconfig.read_text())
    assert document["clusters"][0]["cluster"] == {
        "server": layout.api_url,
        "certificate-authority": str(certificates.authority),
    }
    assert document["users"][0]["user"] == {"token": "abc"}


def test_ports_are_distinct(layout: Layout) -> None:
    assert len(set(layout.ports.values())) == len(layout.ports)


def test_clones_that_nobody_may_open_are_deleted_and_what_they_link_to_is_not(layout: Layout) -> None:
    clone = layout.temporary / "_argocd-repo" / "clone"
    clone.mkdir(parents=True)
    (clone / "README.md").write_text("x")
    (clone / "link").symlink_to(layout.home)
    layout.home.chmod(0o755)
    clone.chmod(0)
    clone.parent.chmod(0o300)
    layout.clear_temporary()
    assert not layout.temporary.exists()
    assert mode(layout.home) == "drwxr-xr-x"
