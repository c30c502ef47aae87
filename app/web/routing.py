"""How addresses are read."""

from flask import Flask
from werkzeug.routing import BaseConverter, ValidationError

from app.web.parameters import MAX_ENVIRONMENT_ID


class EnvironmentId(BaseConverter):
    """An environment's id in an address; anything else is no such address."""

    regex = "[1-9][0-9]{0,9}"

    def to_python(self, value: str) -> int:
        """The id as PostgreSQL can hold it."""
        if int(value) > MAX_ENVIRONMENT_ID:
            raise ValidationError
        return int(value)


def route_strictly(app: Flask) -> None:
    """One spelling for each address. Redirects to a tidier one would name the Host that the sender made up."""
    app.url_map.converters["environment_id"] = EnvironmentId
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = True
