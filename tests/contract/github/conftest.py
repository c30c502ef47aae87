"""The simulated GitHub and its callers."""

from tests.fixtures.github import (
    _organizations,
    _receiving,
    app_key,
    as_app,
    as_installation,
    github,
    public_key_file,
    receiver,
    running_github,
    shop,
    watched,
)

__all__ = [
    "_organizations",
    "_receiving",
    "app_key",
    "as_app",
    "as_installation",
    "github",
    "public_key_file",
    "receiver",
    "running_github",
    "shop",
    "watched",
]
