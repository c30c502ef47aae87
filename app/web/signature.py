"""GitHub's signature of a webhook delivery.

Source: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
"""

import hmac

HEADER = "X-Hub-Signature-256"
_PREFIX = "sha256="


def is_signed(body: bytes, header: str | None, secrets: tuple[bytes, ...]) -> bool:
    """Whether the header is the HMAC-SHA256 of these very bytes under one of the secrets.

    Compared as bytes: `compare_digest` raises TypeError on a str that is not ASCII, and anybody may send one.
    """
    if header is None or not header.startswith(_PREFIX):
        return False
    given = header.encode("utf-8", "surrogatepass")
    return any(hmac.compare_digest(given, sign(body, secret).encode()) for secret in secrets)


def sign(body: bytes, secret: bytes) -> str:
    """The header's value for a body."""
    return _PREFIX + hmac.digest(secret, body, "sha256").hex()
