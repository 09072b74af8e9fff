"""The tables that people and agents fill: uploads, imports, use of skills, and what each person has mounted."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base, Json
from store.library_tables import NAME, PERSON


class Upload(Base):
    """A file that was sent in: a source of a new job, or an archive of skills. `complete` when its last byte came.

    `request_key`: the Idempotency-Key under which it was completed.
    """

    __tablename__ = "uploads"
    __table_args__ = (UniqueConstraint("user_id", "request_key", name="one_upload_per_key"),)

    upload_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(PERSON, index=True)
    filename: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    sha256: Mapped[str | None]
    complete: Mapped[bool] = mapped_column(default=False)
    request_key: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class UploadChunk(Base):
    """A piece of an upload, kept as it came."""

    __tablename__ = "upload_chunks"

    upload_id: Mapped[UUID] = mapped_column(ForeignKey("uploads.upload_id", ondelete="CASCADE"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class UploadText(Base):
    """A text in an upload that is a source of a job, as the author model may read it; written once, at the start."""

    __tablename__ = "upload_texts"

    upload_id: Mapped[UUID] = mapped_column(ForeignKey("uploads.upload_id", ondelete="CASCADE"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    content: Mapped[str]


class SkillImport(Base):
    """One import: what was asked for, and the report on each skill once it is done."""

    __tablename__ = "skill_imports"

    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    upload_id: Mapped[UUID] = mapped_column(ForeignKey("uploads.upload_id"))
    user_id: Mapped[str] = mapped_column(PERSON)
    request: Mapped[Json]
    status: Mapped[str]
    report: Mapped[Json]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    completed_at: Mapped[datetime | None]


class UsageEvent(Base):
    """One use of a skill by an agent. Whoever reports it chooses the id, so that a report sent twice counts once."""

    __tablename__ = "usage_events"
    __table_args__ = (
        CheckConstraint("outcome IN ('success', 'failure', 'unknown')", name="outcome_known"),
        Index("usage_by_skill", "skill", "used_at"),
        Index("usage_by_session", "session"),
        Index("usage_by_time", "used_at"),
        Index("usage_by_person", "person", "received_at"),
    )

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    skill: Mapped[str] = mapped_column(NAME)
    version: Mapped[str | None]
    digest: Mapped[str | None]
    agent: Mapped[str]
    person: Mapped[str] = mapped_column(PERSON)
    session: Mapped[str | None]
    channel: Mapped[str]
    outcome: Mapped[str]
    note: Mapped[str | None]
    used_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Mount(Base):
    """A skill in a person's own set. `role`: the starting set it came with, if any."""

    __tablename__ = "mounts"

    user_id: Mapped[str] = mapped_column(PERSON, primary_key=True)
    skill: Mapped[str] = mapped_column(ForeignKey("skills.name"), primary_key=True)
    role: Mapped[str | None]
    mounted_at: Mapped[datetime] = mapped_column(server_default=func.now())
