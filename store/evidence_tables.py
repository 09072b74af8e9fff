"""Tables of the proof: how descriptions were tried, what published versions were found to be worth, and traces."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base, Json


class TriggerTrial(Base):
    """How one description of a job was tried on queries; one row a description."""

    __tablename__ = "trigger_trials"

    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.job_id"), primary_key=True)
    description_digest: Mapped[str] = mapped_column(primary_key=True)
    report: Mapped[Json]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Evaluation(Base):
    """What a published version was found to be worth, with one agent model; kept when its job is gone."""

    __tablename__ = "evaluations"
    __table_args__ = (
        CheckConstraint("verdict IN ('keep', 'fix', 'retire')", name="verdict_is_known"),
        CheckConstraint("reason IN ('publication', 'demand', 'schedule')", name="reason_is_known"),
        Index("evaluations_by_version", "name", "version", "created_at"),
    )

    evaluation_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    version: Mapped[str]
    digest: Mapped[str]
    model: Mapped[str]
    reason: Mapped[str]
    verdict: Mapped[str]
    job_id: Mapped[UUID | None]
    report: Mapped[Json]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class StepTrace(Base):
    """What a model thought at one call of the ledger, as far as it told; `messages` only with full traces."""

    __tablename__ = "step_traces"

    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.job_id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    reasoning: Mapped[str]
    messages: Mapped[list[Any] | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
