"""What every table has in common: names of constraints, and the types of columns."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import MetaData
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase

NAME = "name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'"
"""The condition of a DNS label."""


def one_of(column: str, values: type[StrEnum] | tuple[str, ...]) -> str:
    """The condition that a column holds one of the values."""
    names = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({names})"


class Base(DeclarativeBase):
    """Every table's base; constraint names are deterministic, so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        dict[str, Any]: JSONB(none_as_null=True),
        list[str]: JSONB(none_as_null=True),
        datetime: TIMESTAMP(timezone=True),
    }
