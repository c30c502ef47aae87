"""Signed commits: what OpenSSH and Git make of our signatures, and what we make of theirs."""

import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from gitops.errors import SigningKeyError
from gitops.history import reading
from gitops.propose import Proposal, propose
from gitops.publish import publish
from gitops.repository import Repository
from gitops.sign_commits import divided, signed
from gitops.signing import Signer, verify
from tests.gitops.upstream import Upstream, change, unguarded

KEYS = {
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
    "nistp256": ec.generate_private_key(ec.SECP256R1()),
    "nistp384": ec.generate_private_key(ec.SECP384R1()),
    "nistp521": ec.generate_private_key(ec.SECP521R1()),
    "rsa": rsa.generate_private_key(65537, 2048),
}
needs_ssh_keygen = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="there is no ssh-keygen here")


def text_of(key: Any, form: str = "OpenSSH", passphrase: bytes | None = None) -> bytes:
    """A private key as a file holds it."""
    locked: serialization.KeySerializationEncryption = (
        serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    )
    text: bytes = key.private_bytes(serialization.Encoding.PEM, getattr(serialization.PrivateFormat, form), locked)
    return text


@pytest.fixture
def signer() -> Signer:
    """Give a signer with an Ed25519 key."""
    return Signer.load(text_of(KEYS["ed25519"]))


@needs_ssh_keygen
@pytest.mark.parametrize("kind", KEYS)
def test_openssh_takes_our_signatures_and_we_take_its(kind: str, tmp_path: Path) -> None:
    key, payload = tmp_path / "key", b"tree 1\n\nwords\n"
    key.write_bytes(text_of(KEYS[kind]))
    key.chmod(0o600)
    signer = Signer.load(key.read_bytes())
    (tmp_path / "signers").write_text(f"ephemera {signer.public_line}\n")
    (tmp_path / "ours.sig").write_text(signer.sign(payload))
    check = ["ssh-keygen", "-Y", "verify", "-f", "signers", "-I", "ephemera", "-n", "git", "-s", "ours.sig"]
    subprocess.run(check, cwd=tmp_path, input=payload, capture_output=True, check=True)
    sign = ["ssh-keygen", "-Y", "sign", "-f", "key", "-n", "git"]
    theirs = subprocess.run(sign, cwd=tmp_path, input=payload, capture_output=True, check=True).stdout.decode()
    assert verify(payload, theirs, [signer.public_line]) == signer.public_line


@pytest.mark.parametrize("kind", KEYS)
def test_signature_is_of_one_payload_by_one_key(kind: str) -> None:
    signer = Signer.load(text_of(KEYS[kind]))
    other = Signer.load(text_of(ed25519.Ed25519PrivateKey.generate()))
    armored = signer.sign(b"one")
    assert verify(b"one", armored, [other.public_line, f"{signer.public_line} ephemera"]) is not None
    assert verify(b"two", armored, [signer.public_line]) is None
    assert verify(b"one", armored, [other.public_line]) is None
    assert verify(b"one", armored, []) is None


@given(st.integers(0, 1000), st.characters(codec="ascii"))
def test_changed_signature_is_none(place: int, character: str) -> None:
    signer = Signer.load(text_of(KEYS["ed25519"]))
    armored = signer.sign(b"one")
    place %= len(armored)
    spoilt = armored[:place] + character + armored[place + 1 :]
    if "".join(spoilt.split()) != "".join(armored.split()):
        assert verify(b"one", spoilt, [signer.public_line]) is None


@pytest.mark.parametrize(
    "armored", ["", "-----BEGIN SSH SIGNATURE-----\nU1NI\n-----END SSH SIGNATURE-----\n", "é" * 99]
)
def test_nonsense_is_no_signature(signer: Signer, armored: str) -> None:
    assert verify(b"one", armored, [signer.public_line]) is None


@needs_ssh_keygen
def test_signature_made_for_something_else_is_none(signer: Signer, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(text_of(KEYS["ed25519"]))
    (tmp_path / "key").chmod(0o600)
    sign = ["ssh-keygen", "-Y", "sign", "-f", "key", "-n", "file"]
    theirs = subprocess.run(sign, cwd=tmp_path, input=b"one", capture_output=True, check=True).stdout.decode()
    assert verify(b"one", theirs, [signer.public_line]) is None


@needs_ssh_keygen
def test_key_that_openssh_locked_says_so(tmp_path: Path) -> None:
    make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", str(tmp_path / "key")]
    subprocess.run(make, check=True)
    with pytest.raises(SigningKeyError, match="passphrase"):
        Signer.load((tmp_path / "key").read_bytes())


@pytest.mark.parametrize("form", ["PKCS8", "TraditionalOpenSSL"])
def test_key_with_a_passphrase_says_so(form: str) -> None:
    with pytest.raises(SigningKeyError, match="passphrase"):
        Signer.load(text_of(KEYS["rsa"], form, b"secret"))


@pytest.mark.parametrize(
    "key",
    [
        b"",
        b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
        text_of(rsa.generate_private_key(65537, 1024), "PKCS8"),
        text_of(dsa.generate_private_key(2048), "PKCS8"),
        text_of(ec.generate_private_key(ec.SECP256K1()), "PKCS8"),
    ],
    ids=["empty", "cut", "short", "dsa", "curve"],
)
def test_key_that_cannot_be_used_says_which_can(key: bytes) -> None:
    with pytest.raises(SigningKeyError, match="Ed25519, ECDSA or RSA"):
        Signer.load(key)


@pytest.mark.parametrize("form", ["OpenSSH", "PKCS8"])
def test_both_forms_of_a_key_are_one_key(form: str) -> None:
    assert (
        Signer.load(b"\n" + text_of(KEYS["nistp256"], form)).public_line
        == Signer.load(text_of(KEYS["nistp256"])).public_line
    )


@needs_ssh_keygen
def test_git_verifies_what_is_published(repository: Repository, signer: Signer, upstream: Upstream) -> None:
    signing = replace(repository, signer=signer)
    changes = [change(f"{n}", f"environments/main/acme/shop/pr-{n}-shop") for n in range(3)]
    results = publish(signing, lambda: changes, unguarded)
    assert upstream.head() == results[-1].commit
    assert upstream.commits()[-3:] == ["Update pr-7-shop"] * 3
    signers = upstream.workspace / "signers"
    signers.write_text(f"ephemera@localhost {signer.public_line}\n")
    settings = ["-c", "gpg.format=ssh", "-c", f"gpg.ssh.allowedSignersFile={signers}"]
    for result in results:
        assert result.commit is not None
        upstream.git(*settings, "verify-commit", result.commit)
    assert upstream.git("fsck", "--strict", "--no-dangling") == ""


def test_signed_commits_are_read_back_with_what_was_signed(repository: Repository, signer: Signer) -> None:
    signing = replace(repository, signer=signer)
    publish(signing, lambda: [change("one")], unguarded)
    publish(repository, lambda: [change("two")], unguarded)
    with reading(repository) as history:
        _, ours, unsigned = history.walk(with_signatures=True)
    assert ours.payload is not None
    assert ours.signature is not None
    assert verify(ours.payload, ours.signature, [signer.public_line]) == signer.public_line
    assert unsigned.signature is None


def test_proposals_are_signed_too(repository: Repository, signer: Signer, upstream: Upstream) -> None:
    signing = replace(repository, signer=signer)
    wanted = Proposal(change("one", Environment="pr-7-shop"), "pr-7-shop", None)
    (result,) = propose(signing, lambda: [wanted], unguarded)
    assert result.commit is not None
    raw = upstream.git("cat-file", "commit", result.commit).encode() + b"\n"
    payload, armored = divided(raw)
    assert verify(payload, armored or "", [signer.public_line]) == signer.public_line


@pytest.mark.slow
def test_two_hundred_signatures_take_well_under_a_second(repository: Repository, signer: Signer) -> None:
    changes = [change("one", f"environments/main/acme/shop/pr-{n}-shop") for n in range(200)]
    with repository.clone() as clone:
        commits = [made.commit for made in clone.commit(clone.head(), changes) if made is not None]
        start = time.perf_counter()
        assert len(signed(clone.command, commits, signer)) == 200
        assert time.perf_counter() - start < 0.5


def test_commit_with_two_signatures_has_none_that_counts() -> None:
    assert divided(b"tree 1\ngpgsig a\n b\ngpgsig c\n\nwords")[1] is None
    assert divided(b"tree 1\ngpgsig a\n b\nencoding x\n\ngpgsig no\n") == (
        b"tree 1\nencoding x\n\ngpgsig no\n",
        "a\nb\n",
    )
