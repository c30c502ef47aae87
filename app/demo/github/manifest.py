"""What GitHub refuses in an App manifest.

https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest#github-app-manifest-parameters
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from app.demo.github.registry import LONGEST_NAME

Manifest = Mapping[str, Any]

LEVELS = ("read", "write", "admin")
# An App gets these whatever it asks for, and must not ask: https://docs.github.com/webhooks/webhook-events-and-payloads
UNASKED = frozenset({"installation", "installation_repositories", "github_app_authorization", "ping", "meta"})
# Event -> the permissions of which it needs one; what is not listed here needs none that the simulator knows of.
NEEDED: Mapping[str, frozenset[str]] = {
    "check_run": frozenset({"checks"}),
    "check_suite": frozenset({"checks"}),
    "deployment": frozenset({"deployments"}),
    "deployment_status": frozenset({"deployments"}),
    "issue_comment": frozenset({"issues", "pull_requests"}),
    "pull_request": frozenset({"pull_requests"}),
    "push": frozenset({"contents"}),
    "registry_package": frozenset({"packages"}),
    "status": frozenset({"statuses"}),
    "workflow_run": frozenset({"actions"}),
}


def read_manifest(text: str) -> tuple[Manifest, list[str]]:
    """Return a manifest and what is wrong with it, a sentence each; none when it is right."""
    try:
        manifest = json.loads(text)
    except ValueError:
        return {}, ["The manifest is not valid JSON."]
    if not isinstance(manifest, dict):
        return {}, ["The manifest is not a JSON object."]
    return manifest, list(_problems(manifest))


def _problems(manifest: Manifest) -> Iterator[str]:
    for key in ("url", "redirect_url"):
        if not _is_address(manifest.get(key)):
            yield f"{key} must be a URL."
    if "hook_attributes" in manifest and not _is_address(manifest["hook_attributes"].get("url")):
        yield "hook_attributes needs a URL."
    if len(manifest.get("name", "")) > LONGEST_NAME:
        yield f"Name is too long (maximum is {LONGEST_NAME} characters)."
    permissions = manifest.get("default_permissions", {})
    unknown = [name for name, level in permissions.items() if level not in LEVELS]
    if unknown:
        yield f"Default permissions have an unknown level: {', '.join(unknown)}."
    yield from _event_problems(manifest.get("default_events", []), frozenset(permissions))


def _event_problems(events: list[str], granted: frozenset[str]) -> Iterator[str]:
    unasked = sorted(UNASKED & set(events))
    if unasked:
        yield f"Default events unsupported: {', '.join(unasked)}."
    forbidden = [name for name in events if name in NEEDED and not NEEDED[name] & granted]
    if forbidden:
        yield f"Default events are not supported by permissions: {', '.join(forbidden)}."


def _is_address(value: object) -> bool:
    return isinstance(value, str) and value.startswith(("http://", "https://"))
