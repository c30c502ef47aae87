"""GraphQL node ids, which GitHub's REST documents carry as well."""

import base64


def node_id(prefix: str, number: int) -> str:
    """Return an opaque id such as `PR_kwDOQ...`, the same for the same thing."""
    encoded = base64.urlsafe_b64encode(b"\x93\x00\xce" + number.to_bytes(8, "big")).decode().rstrip("=")
    return f"{prefix}_{encoded}"
