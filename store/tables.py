"""The tables, typed. Every table here is written by something and read by something.

Rows that prove what happened (revisions, calls, evidence, versions) refer to their job without cascading deletes.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from domain.job import JobStatus, Phase
from domain.prompt import HitlType, PromptStatus
from store import evidence_tables, library_tables, usage_tables
from store.base import Base, Json, one_of

USER_ID = String(255)


class Job(Base):
    """One request for a skill, and where it stands."""

    __tablename__ = "jobs"
    __table_args__ = (
        one_of("status", JobStatus),
        one_of("current_phase", Phase),
        one_of("hitl_type", HitlType),
        Index("jobs_newest", "created_at", "job_id"),
    )

    job_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(USER_ID, index=True)
    job_type: Mapped[str] = mapped_column(default="create_skill")
    status: Mapped[str] = mapped_column(index=True)
    task_description: Mapped[str]
    task_description_refined: Mapped[str | None]
    current_phase: Mapped[str | None]
    hitl_type: Mapped[str | None]
    progress_message: Mapped[str] = mapped_column(default="")
    progress_percent: Mapped[int] = mapped_column(default=0)
    options: Mapped[Json]
    sources: Mapped[list[Any]]
    plan: Mapped[Json | None]
    result: Mapped[Json]
    error: Mapped[str | None]
    error_stack: Mapped[str | None]
    draft_path: Mapped[str | None]
    final_path: Mapped[str | None]
    promoted: Mapped[bool] = mapped_column(default=False)
    assignee: Mapped[str | None] = mapped_column(USER_ID, index=True)
    origin: Mapped[Json | None]
    proposal: Mapped[Json | None]
    budget: Mapped[Json | None]
    past_usage: Mapped[Json | None]
    validation_passed: Mapped[bool | None]
    validation_score: Mapped[float | None]
    last_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    parked_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    completed_at: Mapped[datetime | None]


class JobEvent(Base):
    """The live stream, kept. `event_key` makes a retried activity append nothing."""

    __tablename__ = "job_events"
    __table_args__ = (UniqueConstraint("job_id", "event_key", name="one_event_per_key"),)

    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.job_id"), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    event_key: Mapped[str]
    type: Mapped[str]
    status: Mapped[str]
    phase: Mapped[str | None]
    progress: Mapped[int]
    message: Mapped[str]
    data: Mapped[Json]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class HitlInteraction(Base):
    """One prompt and the answer that was claimed for it. `answer_digest` tells the same answer from another one."""

    __tablename__ = "hitl_interactions"
    __table_args__ = (
        one_of("status", PromptStatus),
        one_of("interaction_type", HitlType),
        UniqueConstraint("job_id", "interaction_type", "round_number", name="one_prompt_per_round"),
        Index("undelivered_answers", "responded_at", postgresql_where="delivered_at IS NULL AND status = 'responded'"),
        Index("prompts_by_due", "timeout_at", "created_at", postgresql_where="status = 'pending'"),
    )

    interaction_id: Mapped[UUID] = mapped_column(primary_key=True)
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.job_id"), index=True)
    round_number: Mapped[int]
    interaction_type: Mapped[str]
    prompt_data: Mapped[Json]
    form: Mapped[Json]
    response_data: Mapped[Json | None]
    answer_digest: Mapped[str | None]
    responded_by: Mapped[str | None] = mapped_column(USER_ID)
    channel: Mapped[str | None]
    responded_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    undeliverable: Mapped[str | None]
    applied_at: Mapped[datetime | None]
    status: Mapped[str] = mapped_column(default=PromptStatus.PENDING.value)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    timeout_at: Mapped[datetime | None]
    revision: Mapped[int | None]
    digest: Mapped[str | None]
    reminders: Mapped[int] = mapped_column(default=0, server_default="0")
    escalated_at: Mapped[datetime | None]
    reopened_at: Mapped[datetime | None]


class HitlDraft(Base):
    """A part of an answer, one per person and prompt."""

    __tablename__ = "hitl_drafts"

    interaction_id: Mapped[UUID] = mapped_column(ForeignKey("hitl_interactions.interaction_id"), primary_key=True)
    user_id: Mapped[str] = mapped_column(USER_ID, primary_key=True)
    draft_data: Mapped[Json]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class HitlAnswer(Base):
    """The audit: every answer as it came in and what became of it. Append-only: the database refuses changes.

    Refers to its prompt without a key: an answer to a prompt that never was is on record too. `entry_key`: for retries.
    """

    __tablename__ = "hitl_answers"
    __table_args__ = (UniqueConstraint("job_id", "entry_key", name="one_entry_per_key"),)

    number: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.job_id"), index=True)
    interaction_id: Mapped[UUID | None]
    person: Mapped[str] = mapped_column(USER_ID)
    channel: Mapped[str]
    outcome: Mapped[str]
    action: Mapped[str]
    body: Mapped[Json]
    digest: Mapped[str]
    note: Mapped[str | None]
    entry_key: Mapped[str | None]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())


class IdempotencyKey(Base):
    """The answer that a POST got under its `Idempotency-Key`; `status` is None while the request is at work."""

    __tablename__ = "idempotency_keys"

    user_id: Mapped[str] = mapped_column(USER_ID, primary_key=True)
    route: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_digest: Mapped[str]
    status: Mapped[int | None]
    headers: Mapped[Json | None]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    locked_until: Mapped[datetime]


class GroupMember(Base):
    """Who belongs to a group that jobs are assigned to."""

    __tablename__ = "group_members"

    group_name: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(USER_ID, primary_key=True, index=True)


class Notification(Base):
    """The outbox: what a webhook is to be told, written with the event it is about, delivered at least once."""

    __tablename__ = "notifications"
    __table_args__ = (Index("undelivered_notifications", "next_attempt_at", postgresql_where="delivered_at IS NULL"),)

    notification_id: Mapped[UUID] = mapped_column(primary_key=True)
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.job_id"), index=True)
    type: Mapped[str]
    payload: Mapped[Json]
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class DeepUnderstandingState(Base):
    """What a job asked and what it learned; one row a job."""

    __tablename__ = "deep_understanding_state"

    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.job_id"), primary_key=True)
    questions_asked: Mapped[list[Any]]
    answers: Mapped[list[Any]]
    understanding_summary: Mapped[str | None]
    user_problem: Mapped[str | None]
    user_goals: Mapped[list[Any]]
    readiness_score: Mapped[float | None] = mapped_column()
    complete: Mapped[bool] = mapped_column(default=False)
    research_performed: Mapped[list[Any]] = mapped_column(server_default="[]")
    still_unknown: Mapped[list[Any]] = mapped_column(server_default="[]")


class TddWorkflowState(Base):
    """The experiment of a job; one row a job. Every single run is in `evaluation_runs`."""

    __tablename__ = "tdd_workflow_state"

    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.job_id"), primary_key=True)
    phase: Mapped[str]
    cases: Mapped[list[Any]]
    baseline_tests_run: Mapped[int] = mapped_column(default=0)
    compliance_tests_run: Mapped[int] = mapped_column(default=0)
    rationalizations_identified: Mapped[list[Any]]
    checklist_state: Mapped[Json]
    comparisons: Mapped[list[Any]] = mapped_column(server_default="[]")


class EvaluationRun(Base):
    """One run of one case in one arm; without the skill `revision` is 0."""

    __tablename__ = "evaluation_runs"

    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.job_id"), primary_key=True)
    case_id: Mapped[str] = mapped_column(primary_key=True)
    arm: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    run: Mapped[int] = mapped_column(primary_key=True)
    passed: Mapped[bool]
    detail: Mapped[Json]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Revision(Base):
    """One state of a job's skill: a set of files under one digest."""

    __tablename__ = "revisions"

    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.job_id"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str]
    made_by: Mapped[str] = mapped_column(USER_ID)
    by_person: Mapped[bool]
    feedback: Mapped[str | None]
    changes: Mapped[list[Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class RevisionFile(Base):
    """One file of a revision."""

    __tablename__ = "revision_files"

    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.job_id"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class StepResult(Base):
    """The ledger: one row for each model call that answered, under a key that a retry arrives at again."""

    __tablename__ = "step_results"

    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.job_id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    label: Mapped[str]
    input_digest: Mapped[str]
    outputs: Mapped[list[Any]]
    model: Mapped[str]
    input_tokens: Mapped[int]
    output_tokens: Mapped[int]
    usd: Mapped[float | None]
    latency: Mapped[float]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ValidationReportRow(Base):
    """One verdict on one digest."""

    __tablename__ = "validation_reports"
    __table_args__ = (CheckConstraint("score BETWEEN 0 AND 1", name="score_is_a_share"),)

    report_id: Mapped[UUID] = mapped_column(primary_key=True)
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.job_id"), index=True)
    revision: Mapped[int]
    digest: Mapped[str]
    passed: Mapped[bool]
    score: Mapped[float]
    findings: Mapped[list[Any]]
    waived: Mapped[Json | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


ELSEWHERE = (evidence_tables, library_tables, usage_tables)
"""The modules of the other tables."""

METADATA = Base.metadata
"""All tables; importing it from here makes sure that they are declared."""
