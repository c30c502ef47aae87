"""What gunicorn serves in the tests: `tests.web.served:serve()`, on the database in DATABASE_URL, with a bell unheard."""

import os

from flask import Flask

from app.store.engine import Store
from tests.web.house import House


def serve() -> Flask:
    """The application."""
    return House(Store(os.environ["DATABASE_URL"])).app
