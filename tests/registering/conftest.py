"""A simulated GitHub with the pages that register an App."""

from tests.fixtures.github import _receiving, app_key, public_key_file, running_github

__all__ = ["_receiving", "app_key", "public_key_file", "running_github"]
