"""The WSGI application that gunicorn serves: `gunicorn --config python:app.gunicorn app.wsgi:app`."""

from app.factory import create_app
from app.wiring import this_process

app = create_app(this_process().services)
