"""What a job is: its options, its phases, its states, and how people see it. Shapes only."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field, JsonValue

from domain.budget import Budget
from domain.evaluation import Evidence
from domain.prompt import MAX_ANSWER, MAX_NAME, HitlType
from domain.shape import Heard, Shape, StrictShape
from domain.text import clipped

MIN_WORDS = 3
MAX_DESCRIPTION = 8_000
LEAST_QUESTIONS = 2
"""The first round asks at least this many, unless fewer are allowed."""

MAX_SOURCES = 64 * 1024
"""Bytes of all attached sources together: they ride in the start request, and no payload should pass 100 KB."""


class JobStatus(StrEnum):
    """Where a job stands, for people."""

    PENDING = "pending"
    RUNNING = "running"
    PENDING_HITL = "pending_hitl"
    PENDING_REVIEW = "pending_review"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """True for the three states that a job never leaves."""
        return self in (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)


class Phase(StrEnum):
    """The phases of a job in their order; `promotion` comes after the job is completed."""

    REFINEMENT = "refinement"
    UNDERSTANDING = "understanding"
    PLANNING = "planning"
    TDD_RED = "tdd_red"
    GENERATION = "generation"
    TDD_REFACTOR = "tdd_refactor"
    PREVIEW = "preview"
    VALIDATION = "validation"
    PROMOTION = "promotion"


class Source(Shape):
    """A text that reaches the author model as labelled data, not as instruction: given with the request, or sent in
    before (`source_id`), and then without content until a brief is made of it."""

    name: Annotated[str, Field(min_length=1, max_length=255, examples=["notes.md"])]
    content: Annotated[str, Field(max_length=MAX_SOURCES)]
    source_id: UUID | None = Field(None, exclude_if=lambda known: known is None)


Style = Literal["comprehensive", "minimal", "navigation_hub"]
"""How much a skill says: all sections; the fewest words that close the measured gap; a short SKILL.md that points to
files which hold the detail."""


CREATE_SKILL, EVALUATE_SKILL = "create_skill", "evaluate_skill"
"""Types of a job: it makes a skill, or tries a published one again."""


class JobOptions(Shape):
    """How a job shall run. What is not known is refused at HTTP, never accepted and ignored."""

    auto_approve: bool = Field(False, description="Every prompt answers itself; the record says so.")
    confirm: bool = Field(False, description="Ask before writing: name, path and plan.")
    tdd_checkpoints: bool = Field(False, description="Ask after RED, GREEN and REFACTOR.")
    promote: bool = Field(False, description="Publish at once when validation passes.")
    category: str | None = Field(None, description="Where in the taxonomy; default: the model proposes.")
    max_questions: int = Field(3, ge=0, le=10, description="Most questions in a round; 0 asks none.")
    max_rounds: int = Field(3, ge=1, le=10, description="Most rounds of questions; later ones go deeper.")
    budget: Budget | None = Field(None, description="What may be spent on models; the job asks when it is reached.")
    hitl_timeout: timedelta = Field(timedelta(days=7), description="After this a prompt is parked, never closed.")
    remind_after: list[timedelta] = Field(
        [timedelta(hours=4), timedelta(hours=24)], max_length=10, description="When people are reminded of a prompt."
    )
    escalate_after: timedelta | None = Field(timedelta(hours=72), description="When the owner is told; null: never.")
    style: Style = Field(
        "comprehensive",
        description="comprehensive: all sections; minimal: the fewest words; navigation_hub: short, with references.",
    )
    one_at_a_time: bool = Field(False, description="One question in a round, up to max_rounds of them.")


class Origin(Shape):
    """The ended job, and its revision, that a new job goes on from.

    `draft`: what lies in that job's folder of drafts instead, as `by` has edited it.
    """

    job_id: UUID
    revision: int
    draft: bool = False
    by: str = ""


class Evaluates(Shape):
    """The published version that a job tries again: `version` empty for the one that agents read, `model` the agent's
    (empty: the configured one)."""

    name: str
    version: str = ""
    model: str = ""
    reason: Literal["demand", "schedule"] = "demand"


class StartJob(Shape):
    """Input of the workflow `create-skill:{job_id}`; of `evaluate-skill:{job_id}` when it `evaluates` something."""

    job_id: UUID
    user_id: Annotated[str, Field(max_length=255)]
    task_description: Annotated[str, Field(max_length=MAX_DESCRIPTION)]
    options: JobOptions = JobOptions()
    sources: list[Source] = []
    origin: Origin | None = None
    evaluates: Evaluates | None = Field(None, exclude_if=lambda known: known is None)
    carried: JsonValue = Field(None, description="What a long job hands to its next run; null in a new one.")

    @property
    def workflow_id(self) -> str:
        """Under which id its workflow runs."""
        return f"{'evaluate' if self.evaluates else 'create'}-skill:{self.job_id}"


def _clipping(most: int) -> BeforeValidator:
    """Too long a text is cut, not refused: a signal that does not fit would be dropped in silence."""
    return BeforeValidator(lambda given: clipped(given, most) if isinstance(given, str) else given)


Name = Annotated[str, _clipping(MAX_NAME)]
"""A person's name in a signal."""


class CancelRequest(Heard):
    """Argument of the signal `cancel`."""

    reason: Annotated[str, _clipping(MAX_ANSWER)] = ""
    by: Name = ""


class Usage(Shape):
    """What the model calls of a job cost. `usd` is None when a price is unknown (a local model), not 0."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float | None = None
    models: list[str] = []


class ValidationSummary(Shape):
    """The verdict on one revision; `score` lies between 0 and 1."""

    passed: bool
    score: float
    report_id: UUID | None = None


class JobResult(Shape):
    """Filled as phases end, also before the job is completed."""

    understanding_summary: str | None = None
    skill_name: str | None = None
    taxonomy_path: str | None = None
    draft_path: str | None = None
    final_path: str | None = None
    revision: int | None = None
    digest: str | None = None
    validation: ValidationSummary | None = None
    evidence: Evidence | None = None
    usage: Usage | None = None
    outcome: str | None = Field(
        None, description="Why a job ended early (no_skill_needed, budget_spent), or the verdict of an evaluation."
    )


class JobStatusView(StrictShape):
    """The light view: `GET /jobs/{id}/status`."""

    job_id: UUID
    status: JobStatus
    current_phase: Phase | None = None
    hitl_type: HitlType | None = None
    progress_percent: int = 0
    progress_message: str = ""
    result: JobResult = JobResult()
    error: str | None = None
    created_at: datetime | None = None
    completed_at: datetime | None = None
    parked_at: datetime | None = None


class JobView(JobStatusView):
    """All of a job: `GET /jobs/{id}`. `final_path` is POSIX and relative to the library."""

    user_id: str
    job_type: str = CREATE_SKILL
    task_description: str
    task_description_refined: str | None = None
    options: JobOptions = JobOptions()
    draft_path: str | None = None
    final_path: str | None = None
    promoted: bool = False
    validation_passed: bool | None = None
    validation_score: float | None = None
    feedback: list[str] = []
    assignee: str | None = None
    origin: Origin | None = None
    evaluates: Evaluates | None = None
    started_at: datetime | None = None
    updated_at: datetime | None = None
    workflow_url: str | None = Field(
        None, description="Its workflow in Temporal's Web UI; null where nobody said where that is."
    )


class JobSummary(StrictShape):
    """One row of `GET /jobs`."""

    job_id: UUID
    user_id: str
    status: JobStatus
    task_description: str
    current_phase: Phase | None = None
    hitl_type: HitlType | None = None
    progress_percent: int = 0
    skill_name: str | None = None
    promoted: bool = False
    created_at: datetime | None = None


class JobPage(StrictShape):
    """A page of jobs, newest first; `next_cursor` is null on the last one."""

    jobs: list[JobSummary]
    next_cursor: str | None = None


class PendingItem(StrictShape):
    """One open prompt in the inbox, oldest due first."""

    job_id: UUID
    task_description: str
    current_phase: Phase | None
    status: JobStatus
    hitl_type: HitlType
    interaction_id: UUID
    opened_at: datetime
    timeout_at: datetime | None
    user_id: str = ""
    assignee: str | None = None
    parked_at: datetime | None = None
    escalated_at: datetime | None = None
    reminders: int = 0
    watching: list[str] = Field([], description="Who follows the job at this moment.")


class StoppedJob(StrictShape):
    """A job that goes on only when a person has mended `error` and asked for a retry."""

    job_id: UUID
    task_description: str
    error: str
    parked_at: datetime | None
    user_id: str
    assignee: str | None = None


class PendingPage(StrictShape):
    """`GET /jobs/pending`: open prompts, and jobs that a problem has stopped."""

    items: list[PendingItem]
    problems: list[StoppedJob] = []


class AuditEntry(StrictShape):
    """One answer as it came in, whatever became of it; the list is append-only.

    `outcome`: accepted, repeated, invalid (422), conflict (409), ended (410), applied (the workflow went on with it).
    """

    number: int
    received_at: datetime
    job_id: UUID
    interaction_id: UUID | None
    hitl_type: HitlType | None
    person: str
    channel: str
    outcome: str
    action: str
    body: dict[str, JsonValue]
    digest: str
    revision: int | None = None
    revision_digest: str | None = None
    note: str | None = None


class AuditLog(StrictShape):
    """`GET /jobs/{id}/audit`: every answer of a job, oldest first."""

    entries: list[AuditEntry]


class JobEvent(Shape):
    """One frame of the live stream. `seq` rises by one and never has a gap within a job."""

    seq: int
    type: str
    status: JobStatus
    phase: Phase | None = None
    progress: int = 0
    message: str = ""
    data: dict[str, object] = {}
    created_at: datetime | None = None
