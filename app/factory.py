"""Puts the web application together."""

from flask_openapi.openapi import OpenAPI

from app.web import api, document, headers, health, problems, routing, webhooks
from app.web.problems import invalid
from app.web.services import Services, provide


def create_app(services: Services) -> OpenAPI:
    """The WSGI application on these services. Connects to nothing yet."""
    app = document.new_app("ephemera")
    app.validation_error_callback = invalid
    provide(app, services)
    routing.route_strictly(app)
    headers.harden(app)
    problems.handle_problems(app)
    app.register_blueprint(webhooks.blueprint())
    app.register_blueprint(health.blueprint())
    app.register_api(api.blueprint())
    app.add_url_rule(f"{api.PREFIX}/openapi.json", view_func=document.show_document)
    return app
