"""Whether a remote denies us, told from HTTP itself: git says it in English only."""

import urllib3

from gitops.remote import Remote

_TIMEOUT = urllib3.Timeout(connect=5, read=15)
# What GitHub and others answer to a token that ran out, may not write, or may not even see the repository.
_DENIALS = {401, 403, 404}


def is_forbidden(remote: Remote, service: str) -> bool:
    """Whether the address, our credentials or our permission is why `service` does not work.

    `service` is git-upload-pack to read, git-receive-pack to write (gitprotocol-http(5)). False when nobody can tell.
    """
    if not remote.url.startswith(("http://", "https://")):
        return False
    credentials = remote.credentials()
    headers = {} if credentials is None else {"Authorization": credentials.authorization}
    address = f"{remote.url.rstrip('/')}/info/refs?service={service}"
    try:
        with urllib3.PoolManager(timeout=_TIMEOUT, retries=False) as pool:
            response = pool.request("GET", address, headers=headers, preload_content=False)
            response.close()
            return response.status in _DENIALS
    except urllib3.exceptions.HTTPError:
        return False
