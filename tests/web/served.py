"""What gunicorn serves in the tests: `tests.web.served:serve()` on DATABASE_URL, with a bell that nobody hears."""

import os

from flask import Flask

from app.store.engine import Store
from tests.web.house import House


def serve() -> Flask:
    """The application."""
    return House(Store(os.environ["DATABASE_URL"])).app
