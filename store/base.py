"""The types that every table shares: clean text, clean JSON, times with their zone."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Dialect, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import DateTime, TypeDecorator

from domain.text import clean, clean_json

Json = dict[str, Any]
"""A JSON document as PostgreSQL holds it; pydantic shapes are dumped into it and validated out of it at this border."""


class CleanText(TypeDecorator[str]):
    """Text without what PostgreSQL refuses, whoever sent it: a hostile character must never stop a record."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's
        """Clean on the way in."""
        return None if value is None else clean(value)


class CleanJson(TypeDecorator[Any]):
    """JSON without what PostgreSQL refuses."""

    impl = JSONB
    cache_ok = True

    def process_bind_param(self, value: Any | None, dialect: Dialect) -> Any | None:  # noqa: ANN401, ARG002
        """Clean on the way in."""
        return clean_json(value)


class Base(DeclarativeBase):
    """Types that every table shares: JSON is JSONB, times carry their zone."""

    type_annotation_map = {Json: CleanJson, list[Any]: CleanJson, datetime: DateTime(timezone=True), str: CleanText}


def columns_of(row: Base) -> Json:
    """All that a row holds, by column: what a copy of it is made from."""
    return {column.key: getattr(row, column.key) for column in row.__table__.columns}


def one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    """A closed set, checked by the database too."""
    allowed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({allowed})", name=f"{column}_known")
