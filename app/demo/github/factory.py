"""Joins the parts into one WSGI application."""

import functools
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, request

from app.demo.github.api.routes import api_routes
from app.demo.github.call import Answer, Call, Route
from app.demo.github.control.routes import control_routes, obey
from app.demo.github.dispatch import dispatch
from app.demo.github.gate import CONTROL, Gate, WsgiApp
from app.demo.github.hub import Hub, open_hub
from app.demo.github.options import Options
from app.demo.github.pages import add_pages
from app.demo.github.records import Account
from app.demo.github.refusals import not_found


def create_app(options: Options) -> WsgiApp:
    """Return the application of an empty GitHub at which the App of `options` is registered."""
    hub = open_hub(options)
    _open_accounts(hub)
    flask = Flask(__name__, static_folder=None)
    flask.url_map.strict_slashes = False
    for index, route in enumerate(api_routes()):
        _add(flask, f"api{index}", route.method, route.path, functools.partial(_dispatch, hub, route))
    for index, control in enumerate(control_routes()):
        path = CONTROL.rstrip("/") + control.path
        _add(
            flask,
            f"control{index}",
            control.method,
            path,
            lambda _route=control, **args: obey(hub, _route, request, args),
        )
    add_pages(flask, hub)
    flask.register_error_handler(404, lambda _error: _dispatch(hub, Route("GET", "", _refuse, "anyone")))
    flask.register_error_handler(405, lambda _error: _dispatch(hub, Route("GET", "", _refuse, "anyone")))
    return Gate(hub, flask.wsgi_app)


def _add(flask: Flask, name: str, method: str, path: str, view: Callable[..., Response]) -> None:
    flask.add_url_rule(path, name, view, methods=[method], provide_automatic_options=False)


def _dispatch(hub: Hub, route: Route, **args: Any) -> Response:
    return dispatch(hub, route, request, args)


def _refuse(_call: Call) -> Answer:
    raise not_found()


def _open_accounts(hub: Hub) -> None:
    """Make the account that registered the App, and the App's own."""
    now = hub.clock.now()
    for login, kind in (("app-owner", "Organization"), (f"{hub.options.slug}[bot]", "Bot")):
        account = Account(hub.state.next_id("account"), login, kind, now)
        hub.state.accounts[account.id] = account
