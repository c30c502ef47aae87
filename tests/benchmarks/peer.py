"""The peer of P5: FastAPI and uvicorn doing what most receivers of webhooks do. One insert, and one job for each.

It verifies, keeps the same columns and answers the same; it marks nothing, keeps no history, and logs nothing.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg  # type: ignore[import-untyped]  # it comes without types
from fastapi import FastAPI, HTTPException, Request
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from app.web.signature import HEADER, is_signed

_CONNECTIONS = 8
_INSERT = """
    INSERT INTO deliveries (id, event, action, body, outcome, repository_id, number)
    VALUES ($1, $2, $3, $4, 'marked', $5, $6) ON CONFLICT (id) DO NOTHING"""


def create_app() -> FastAPI:
    """The application, on DATABASE_URL, REDIS_URL and SECRET."""
    app = FastAPI(lifespan=_connected)
    app.add_api_route("/webhooks/github", _receive, methods=["POST"], status_code=202)
    return app


@asynccontextmanager
async def _connected(app: FastAPI) -> AsyncIterator[None]:
    app.state.secrets = (os.environ["SECRET"].encode(),)
    app.state.queue = Queue(connection=Redis.from_url(os.environ["REDIS_URL"]), serializer=JSONSerializer)
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=_CONNECTIONS, max_size=_CONNECTIONS) as pool:
        app.state.pool = pool
        yield


async def _receive(request: Request) -> dict[str, str]:
    state, body = request.app.state, await request.body()
    if not is_signed(body, request.headers.get(HEADER), state.secrets):
        raise HTTPException(401)
    payload, delivery = json.loads(body), request.headers["X-GitHub-Delivery"]
    named = payload["repository"]["id"], payload["number"]
    await state.pool.execute(_INSERT, delivery, request.headers["X-GitHub-Event"], payload["action"], body, *named)
    await asyncio.to_thread(state.queue.enqueue, "jobs.look_at", delivery)
    return {"delivery": delivery, "outcome": "marked"}
