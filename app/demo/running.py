"""`make run`: the Procfile's processes against the GitHub and the cluster named in `.env`.

PostgreSQL and Valkey are embedded where no URL is given; their data stays in `.ephemera/`.
"""

import os
import sys
from contextlib import ExitStack
from pathlib import Path

from dotenv import dotenv_values

from app.demo import product
from app.demo.postgres import Postgres
from app.demo.processes import until_signalled
from app.demo.valkey import Valkey
from app.settings import Settings, SettingsError

DATA = product.PROJECT / ".ephemera"
_DATABASE, _REDIS = "EPHEMERA_DATABASE_URL", "EPHEMERA_REDIS_URL"


def run() -> int:
    """Run until Ctrl-C; returns the exit status. Mistakes in the settings are told before anything starts."""
    os.chdir(product.PROJECT)
    given = _given()
    placeholders = {_DATABASE: "postgresql://embedded/", _REDIS: "redis://embedded"}
    os.environ.update({name: value for name, value in placeholders.items() if name not in given})
    try:
        Settings.load()
    except SettingsError as error:
        print(f"ephemera: {error}\n\nSet them in the environment or in .env; see .env.example.", file=sys.stderr)
        return 1
    with until_signalled() as asked, ExitStack() as stack:
        settings = dict(os.environ) | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        if _DATABASE not in given:
            settings[_DATABASE] = _embedded_postgres(stack)
        if _REDIS not in given:
            settings[_REDIS] = _embedded_valkey(stack)
        stack.enter_context(product.processes(settings, logs=None))
        asked.wait()
    return 0


def _given() -> set[str]:
    """Names that are set in the environment or in `.env`."""
    return set(os.environ) | {name for name, value in dotenv_values(".env").items() if value}


def _embedded_postgres(stack: ExitStack) -> str:
    server = Postgres.start(DATA / "postgres")
    stack.callback(server.stop)
    return server.url()


def _embedded_valkey(stack: ExitStack) -> str:
    server = Valkey.start(DATA / "valkey")
    stack.callback(server.stop)
    return server.url()
