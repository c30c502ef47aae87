"""The one part of GitHub's web site that Apps need: registering an App from a manifest.

On GitHub the person who posts a manifest sees the App's name and presses a button; here the answer comes at once.
https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

import functools
from collections.abc import Callable
from html import escape
from urllib.parse import urlencode

from flask import Flask, Request, Response, request

from app.demo.github.hub import Hub
from app.demo.github.manifest import Manifest, read_manifest

PATHS = ("/settings/apps/new", "/organizations/<organization>/settings/apps/new")


def add_pages(flask: Flask, hub: Hub) -> None:
    """Serve the pages; they want no credentials, and no cookie either."""
    for path in PATHS:
        _add(flask, "GET", path, _show)
        _add(flask, "POST", path, functools.partial(_register, hub))


def _add(flask: Flask, method: str, path: str, view: Callable[[Request, str | None], Response]) -> None:
    flask.add_url_rule(
        path, f"page {method} {path}", lambda organization=None: view(request, organization), methods=[method]
    )


def _show(asked: Request, _organization: str | None) -> Response:
    """Show the empty form. `state` comes back to the redirect address."""
    return _page("Register new GitHub App", f'<form method="post" action="{escape(asked.full_path)}">{_FIELD}</form>')


_FIELD = '<label>Manifest <textarea name="manifest"></textarea></label> <button>Create GitHub App</button>'


def _register(hub: Hub, asked: Request, organization: str | None) -> Response:
    manifest, problems = read_manifest(asked.form.get("manifest", ""))
    with hub.state.lock:
        if not problems and hub.apps.is_taken(manifest.get("name", "")):
            problems = ["Name is already taken."]
        if problems:
            return _page("Invalid GitHub App configuration", _listed(problems), 422)
        code = hub.apps.register(manifest, organization, hub.clock.now())
    return Response(status=302, headers={"Location": _target(manifest, code, asked.args.get("state"))})


def _target(manifest: Manifest, code: str, state: str | None) -> str:
    address: str = manifest["redirect_url"]
    query = urlencode({"code": code} | ({"state": state} if state is not None else {}))
    return f"{address}{'&' if '?' in address else '?'}{query}"


def _listed(problems: list[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(problem)}</li>' for problem in problems)}</ul>"


def _page(title: str, content: str, status: int = 200) -> Response:
    document = f"<!doctype html><title>{title}</title><h1>{title}</h1>{content}"
    return Response(document, status, content_type="text/html; charset=utf-8")
