"""The tables of the library: what is listed, what each version was, and who did what to it.

Versions, their files, waivers and the record of changes are append-only: the database refuses to change them.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from domain.skill import SkillStatus
from store.base import Base, Json, one_of

NAME = String(64)
PERSON = String(255)


class Skill(Base):
    """A skill that is, or was, in the library. Its name is unique across all categories.

    `version` and `digest` are those that agents read now. `search` and `trigrams` are made by `store/search.py`.
    """

    __tablename__ = "skills"
    __table_args__ = (
        one_of("status", SkillStatus),
        Index("skills_words", "search", postgresql_using="gin"),
        Index("skills_trigrams", "trigrams", postgresql_using="gin"),
    )

    name: Mapped[str] = mapped_column(NAME, primary_key=True)
    category: Mapped[str]
    description: Mapped[str]
    status: Mapped[str]
    version: Mapped[str]
    digest: Mapped[str]
    tags: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    requires: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    note: Mapped[str | None]
    replaced_by: Mapped[str | None] = mapped_column(NAME)
    job_id: Mapped[UUID | None] = mapped_column(ForeignKey("jobs.job_id"), index=True)
    published_at: Mapped[datetime | None]
    search: Mapped[str | None] = mapped_column(TSVECTOR, deferred=True)
    trigrams: Mapped[list[str] | None] = mapped_column(ARRAY(Text), deferred=True)


class SkillVersion(Base):
    """What a version was, for ever: version → digest, and where it came from. `described` is its `metadata.json`."""

    __tablename__ = "skill_versions"

    name: Mapped[str] = mapped_column(ForeignKey("skills.name"), primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]
    job_id: Mapped[UUID | None] = mapped_column(ForeignKey("jobs.job_id"))
    revision: Mapped[int | None]
    promoted_by: Mapped[str] = mapped_column(PERSON)
    forced_reason: Mapped[str | None]
    changelog: Mapped[str] = mapped_column(default="", server_default="")
    described: Mapped[Json | None]
    provenance: Mapped[Json]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SkillFile(Base):
    """One file of a version, `metadata.json` among them: what is restored, compared and put into archives."""

    __tablename__ = "skill_files"
    __table_args__ = (ForeignKeyConstraint(["name", "version"], ["skill_versions.name", "skill_versions.version"]),)

    name: Mapped[str] = mapped_column(NAME, primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class SkillAlias(Base):
    """Another name under which a skill is found, with a warning."""

    __tablename__ = "skill_aliases"

    alias: Mapped[str] = mapped_column(NAME, primary_key=True)
    name: Mapped[str] = mapped_column(ForeignKey("skills.name"), index=True)
    made_by: Mapped[str] = mapped_column(PERSON)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SkillChange(Base):
    """The record of the library: who did what to which skill, when and why. `entry_key`: for retries."""

    __tablename__ = "skill_changes"
    __table_args__ = (UniqueConstraint("name", "entry_key", name="one_change_per_key"),)

    number: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(NAME)
    entry_key: Mapped[str]
    kind: Mapped[str]
    version: Mapped[str | None]
    digest: Mapped[str | None]
    person: Mapped[str] = mapped_column(PERSON)
    reason: Mapped[str | None]
    data: Mapped[Json]
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Publication(Base):
    """A publication under way: who holds the name until files and rows agree. `token` is the workflow that holds it.

    `kind`: `registered` says that the files lay there before, so that giving up must not take them away.
    """

    __tablename__ = "publications"

    name: Mapped[str] = mapped_column(NAME, primary_key=True)
    token: Mapped[str]
    path: Mapped[str]
    digest: Mapped[str]
    version: Mapped[str]
    kind: Mapped[str]
    person: Mapped[str] = mapped_column(PERSON)
    claimed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Waiver(Base):
    """One finding on one digest that a person lets stand. Another digest has no waivers."""

    __tablename__ = "waivers"
    __table_args__ = (UniqueConstraint("digest", "finding", name="one_waiver_per_finding"),)

    waiver_id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(index=True)
    finding: Mapped[str]
    code: Mapped[str]
    person: Mapped[str] = mapped_column(PERSON)
    reason: Mapped[str]
    job_id: Mapped[UUID | None] = mapped_column(ForeignKey("jobs.job_id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
