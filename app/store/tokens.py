"""Bearer tokens of the REST API. The token itself is shown once and never stored."""

import hashlib
import secrets
from enum import StrEnum

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.store.models import ApiToken

PREFIX = "eph_"
"""Makes a leaked token recognizable to secret scanners."""


class Scope(StrEnum):
    """What a token may do; `act` includes `read`."""

    READ = "read"
    ACT = "act"


def create(session: Session, name: str, scope: Scope) -> str | None:
    """A new token of 256 random bits, or None when the name is taken."""
    token = PREFIX + secrets.token_urlsafe(32)
    query = insert(ApiToken).values(name=name, scope=scope.value, digest=_digest(token))
    created = session.execute(query.on_conflict_do_nothing(index_elements=["name"]).returning(ApiToken.id))
    return token if created.scalar_one_or_none() is not None else None


def find(session: Session, token: str) -> tuple[str, Scope] | None:
    """The name and scope of a token, or None for one that was never made."""
    found = session.scalars(select(ApiToken).where(ApiToken.digest == _digest(token))).one_or_none()
    if found is None:
        return None
    session.execute(update(ApiToken).where(ApiToken.id == found.id).values(last_used_at=func.now()))
    return found.name, Scope(found.scope)


def may_act(session: Session, name: str) -> bool:
    """There is a token of that name, and it may do more than read."""
    query = select(ApiToken.id).where(ApiToken.name == name, ApiToken.scope == Scope.ACT.value)
    return session.scalars(query).one_or_none() is not None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
