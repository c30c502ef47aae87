"""Signs commits with an SSH key, and verifies such signatures, without any other program.

The format is OpenSSH's (PROTOCOL.sshsig in its source), in the namespace `git`, as git-config(1) has it under
`gpg.format=ssh`: `git verify-commit` takes what is made here.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

from gitops.errors import SigningKeyError
from gitops.text import shown

PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey

BEGIN, END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
RSA_LEAST_BITS = 2048
_MAGIC = b"SSHSIG"
_VERSION = 1
_NAMESPACE = b"git"
_HASH = b"sha512"
_HASHES = {b"sha512": hashlib.sha512, b"sha256": hashlib.sha256}
_RSA_HASHES: dict[bytes, hashes.HashAlgorithm] = {b"rsa-sha2-512": hashes.SHA512(), b"rsa-sha2-256": hashes.SHA256()}
# RFC 5656, 6.2.1.
_CURVES: dict[str, tuple[bytes, hashes.HashAlgorithm]] = {
    "secp256r1": (b"ecdsa-sha2-nistp256", hashes.SHA256()),
    "secp384r1": (b"ecdsa-sha2-nistp384", hashes.SHA384()),
    "secp521r1": (b"ecdsa-sha2-nistp521", hashes.SHA512()),
}
_ADVICE = "give an Ed25519, ECDSA or RSA key without a passphrase, as `ssh-keygen -t ed25519 -N ''` makes one"
_ARMOR = re.compile(rf"\s*{BEGIN}\r?\n([A-Za-z0-9+/=\s]+){END}\s*")
_LINE_LENGTH = 70


class _NotASignature(ValueError):
    """The text is no signature of the one known form."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Whoever holds the private key."""

    key: PrivateKey = field(repr=False)
    public_line: str
    """The public key as a line of OpenSSH's: `ssh-ed25519 AAAA...`; what `verify` and allowed signers files take."""

    @classmethod
    def load(cls, key: bytes) -> Self:
        """The signer with this private key, OpenSSH or PEM text. Raises SigningKeyError, which never holds the key."""
        loaded = _loaded(key)
        line = loaded.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
        return cls(loaded, line.decode("ascii"))

    def sign(self, payload: bytes) -> str:
        """An armored signature of the payload, ending with a line break."""
        algorithm, signature = _signature(self.key, _signed_data(payload, _HASH))
        blob = (
            _MAGIC
            + _VERSION.to_bytes(4, "big")
            + b"".join(map(_string, (key_blob(self.public_line), _NAMESPACE, b"", _HASH)))
            + _string(_string(algorithm) + _string(signature))
        )
        text = base64.b64encode(blob).decode("ascii")
        lines = [text[start : start + _LINE_LENGTH] for start in range(0, len(text), _LINE_LENGTH)]
        return "\n".join([BEGIN, *lines, END, ""])


def verify(payload: bytes, armored: str, allowed: Collection[str]) -> str | None:
    """The line of `allowed` whose key signed exactly this payload; None: none of them did.

    The lines are public keys, `ssh-ed25519 AAAA... comment`. Raises SigningKeyError for one that is none.
    """
    lines = {key_blob(line): line for line in allowed}
    try:
        blob, hash_name, algorithm, signature = _parsed(armored)
        if blob in lines and _is_by(_public_key(lines[blob]), algorithm, signature, _signed_data(payload, hash_name)):
            return lines[blob]
    except _NotASignature:
        pass
    return None


@lru_cache(maxsize=64)
def key_blob(line: str) -> bytes:
    """The key of a public line, as it stands in signatures. Raises SigningKeyError where it cannot be used."""
    _public_key(line)
    return base64.b64decode(line.split()[1])


def _loaded(key: bytes) -> PrivateKey:
    load = (
        serialization.load_ssh_private_key
        if b"BEGIN OPENSSH PRIVATE KEY" in key
        else serialization.load_pem_private_key
    )
    try:
        loaded = load(key.strip() + b"\n", None)
    except TypeError as error:  # what both raise for a key with a passphrase
        raise SigningKeyError(f"loading the key that signs commits: it has a passphrase; {_ADVICE}") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        # Not the library's words: they may quote what was given.
        is_locked = b"ENCRYPTED" in key or "assword" in str(error) or "assphrase" in str(error)
        why = "it has a passphrase" if is_locked else "it is no private key of a known form"
        raise SigningKeyError(f"loading the key that signs commits: {why}; {_ADVICE}") from None
    if not isinstance(loaded, PrivateKey) or not _is_usable(loaded.public_key()):
        raise SigningKeyError(f"loading the key that signs commits: a {type(loaded).__name__} is not used; {_ADVICE}")
    return loaded


def _is_usable(key: object) -> bool:
    match key:
        case ed25519.Ed25519PublicKey():
            return True
        case ec.EllipticCurvePublicKey():
            return key.curve.name in _CURVES
        case rsa.RSAPublicKey():
            return key.key_size >= RSA_LEAST_BITS
    return False


@lru_cache(maxsize=64)
def _public_key(line: str) -> PublicKey:
    try:
        loaded = serialization.load_ssh_public_key(line.strip().encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SigningKeyError(f"reading the public key {shown(line, 60)}: it is none that OpenSSH writes") from error
    if not isinstance(loaded, PublicKey) or not _is_usable(loaded):
        raise SigningKeyError(f"reading the public key {shown(line, 60)}: its kind or size is not used; {_ADVICE}")
    return loaded


def _signature(key: PrivateKey, data: bytes) -> tuple[bytes, bytes]:
    match key:
        case ed25519.Ed25519PrivateKey():
            return b"ssh-ed25519", key.sign(data)
        case rsa.RSAPrivateKey():
            return b"rsa-sha2-512", key.sign(data, padding.PKCS1v15(), hashes.SHA512())
        case _:
            algorithm, digest = _CURVES[key.curve.name]
            r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(digest)))
            return algorithm, _string(_mpint(r)) + _string(_mpint(s))


def _is_by(key: PublicKey, algorithm: bytes, signature: bytes, data: bytes) -> bool:
    try:
        match key:
            case ed25519.Ed25519PublicKey() if algorithm == b"ssh-ed25519":
                key.verify(signature, data)
            case rsa.RSAPublicKey() if algorithm in _RSA_HASHES:
                key.verify(signature, data, padding.PKCS1v15(), _RSA_HASHES[algorithm])
            case ec.EllipticCurvePublicKey() if algorithm == _CURVES[key.curve.name][0]:
                r, rest = _taken(signature)
                s, rest = _taken(rest)
                pair = utils.encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
                key.verify(pair, data, ec.ECDSA(_CURVES[key.curve.name][1]))
            case _:
                return False
    except InvalidSignature:
        return False
    return True


def _signed_data(payload: bytes, hash_name: bytes) -> bytes:
    digest = _HASHES[hash_name](payload).digest()
    return _MAGIC + b"".join(map(_string, (_NAMESPACE, b"", hash_name, digest)))


def _parsed(armored: str) -> tuple[bytes, bytes, bytes, bytes]:
    """Key, hash, algorithm and signature."""
    armor = _ARMOR.fullmatch(armored)
    if armor is None:
        raise _NotASignature("no armor")
    try:
        blob = base64.b64decode("".join(armor[1].split()), validate=True)
    except binascii.Error as error:
        raise _NotASignature("no base64") from error
    if not blob.startswith(_MAGIC + _VERSION.to_bytes(4, "big")):
        raise _NotASignature("another version")
    key, rest = _taken(blob[len(_MAGIC) + 4 :])
    namespace, rest = _taken(rest)
    _, rest = _taken(rest)
    hash_name, rest = _taken(rest)
    signature, rest = _taken(rest)
    algorithm, inner = _taken(signature)
    signature, more = _taken(inner)
    if namespace != _NAMESPACE or hash_name not in _HASHES or rest or more:
        raise _NotASignature("made for something else")
    return key, hash_name, algorithm, signature


def _taken(data: bytes) -> tuple[bytes, bytes]:
    """A string of RFC 4251, section 5, and what follows it."""
    length = int.from_bytes(data[:4], "big")
    if len(data) < 4 + length:
        raise _NotASignature("cut")
    return data[4 : 4 + length], data[4 + length :]


def _string(content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + content


def _mpint(number: int) -> bytes:
    return number.to_bytes(number.bit_length() // 8 + 1, "big") if number else b""
