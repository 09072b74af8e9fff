"""Starting a job: what a request may say, and that the same request sent twice is one job."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated
from uuid import UUID, uuid4, uuid5

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, field_validator
from temporalio.exceptions import WorkflowAlreadyStartedError

from api.dependencies import Services
from api.errors import InvalidRequest, KeyReused
from api.permissions import Person
from api.reading import find, status_of
from domain.errors import InvalidAnswer
from domain.job import (
    MAX_DESCRIPTION,
    MAX_SOURCES,
    MIN_WORDS,
    JobOptions,
    JobStatus,
    JobStatusView,
    Source,
    StartJob,
)
from domain.shape import Shape, StrictShape
from domain.taxonomy import place
from store import jobs

JOBS = UUID("b0a6c1de-5f35-4c6e-9d0a-2f1f0c6a7e11")
"""Namespace of job ids that come from an Idempotency-Key."""

MAX_SOURCE_COUNT = 20
LONGEST_WAIT = timedelta(days=365)


def _refuse(value: object) -> None:
    if value is not None:
        raise ValueError("This option is not supported yet; leave it out.")


Unsupported = Annotated[None, BeforeValidator(_refuse), Field(description="Not supported yet; refused when given.")]


def _enough_words(text: str) -> str:
    words = len(text.split())
    if words < MIN_WORDS:
        raise ValueError(
            f"At least {MIN_WORDS} words are needed to know what is meant (this has {words}). "
            "Say what an agent shall be able to do, e.g. “Create a skill for handling user data”."
        )
    return text


class StartSource(Source):
    """A text the author shall know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StartOptions(JobOptions):
    """How the job shall run. An unknown option is refused, and so is one that is not supported yet."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tdd_checkpoints: Unsupported = None
    style: Unsupported = None
    max_rounds: Unsupported = None
    budget: Unsupported = None

    @field_validator("hitl_timeout")
    @classmethod
    def _in_reach(cls, value: timedelta) -> timedelta:
        if not timedelta(seconds=1) <= value <= LONGEST_WAIT:
            raise ValueError("Give seconds or an ISO 8601 duration between PT1S and P365D.")
        return value

    def plain(self) -> JobOptions:
        """The options as the workflow takes them."""
        return JobOptions.model_validate(self.model_dump(include=set(JobOptions.model_fields)))


class StartRequest(StrictShape):
    """Body of `POST /skills`."""

    task_description: Annotated[
        str,
        Field(
            max_length=MAX_DESCRIPTION,
            description="What an agent shall be able to do: 3 words or more.",
            examples=["Create a skill for handling user data"],
        ),
        AfterValidator(str.strip),
        AfterValidator(_enough_words),
    ]
    options: StartOptions = StartOptions()
    sources: Annotated[
        list[StartSource],
        Field(max_length=MAX_SOURCE_COUNT, description=f"{MAX_SOURCES} bytes together at most."),
    ] = []

    @field_validator("sources")
    @classmethod
    def _small_together(cls, sources: list[StartSource]) -> list[StartSource]:
        size = sum(len(source.content.encode("utf-8", "replace")) for source in sources)
        if size > MAX_SOURCES:
            raise ValueError(f"The sources have {size} bytes together; at most {MAX_SOURCES} are taken. Give the gist.")
        return sources


class Started(Shape):
    """A job that was accepted; `replayed`: by an earlier request with the same key and body."""

    view: JobStatusView
    replayed: bool = False


async def start(parts: Services, asking: Person, request: StartRequest, key: str | None) -> Started:
    """Accept a job. Raises InvalidRequest, KeyReused, TemporalUnavailable."""
    options = await _with_known_category(parts, request.options.plain())
    job = StartJob(
        job_id=uuid4() if key is None else uuid5(JOBS, json.dumps([asking.name, key])),
        user_id=asking.name,
        task_description=request.task_description,
        options=options,
        sources=[Source(name=source.name, content=source.content) for source in request.sources],
    )
    if key is not None and (known := await _digest_in_record(parts, job.job_id)) is not None:
        return await _replayed(parts, job, known)
    try:
        await parts.temporal.start(job, digest(job))
    except WorkflowAlreadyStartedError:
        running = await parts.temporal.describe(job.job_id)
        return await _replayed(parts, job, running.digest if running else "")
    view = JobStatusView(
        job_id=job.job_id,
        status=JobStatus.PENDING,
        progress_message="accepted",
        created_at=datetime.now(UTC),
    )
    return Started(view=view)


def digest(job: StartJob) -> str:
    """SHA-256 of what was asked for, defaults filled in: equal digests are the same request."""
    body = job.model_dump(mode="json", include={"task_description", "options", "sources"})
    return sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


async def _with_known_category(parts: Services, options: JobOptions) -> JobOptions:
    if options.category is None:
        return options
    taxonomy = await asyncio.to_thread(parts.library.taxonomy)
    try:
        category = place(options.category, taxonomy, by_person=True)
    except InvalidAnswer as unknown:
        raise InvalidRequest(str(unknown), {"options.category": str(unknown)}) from unknown
    return options.model_copy(update={"category": category})


async def _digest_in_record(parts: Services, job_id: UUID) -> str | None:
    """Temporal forgets closed jobs after its retention; the row does not."""
    async with parts.database.transaction() as session:
        row = await jobs.get(session, job_id)
        if row is None:
            return None
        asked = {"task_description": row.task_description, "options": row.options, "sources": row.sources}
        return digest(StartJob.model_validate({"job_id": job_id, "user_id": row.user_id, **asked}))


async def _replayed(parts: Services, job: StartJob, known: str) -> Started:
    if known != digest(job):
        raise KeyReused(
            "This Idempotency-Key was used for another request. Send that one again unchanged, or use a new key."
        )
    first = await find(parts.database, parts.temporal, job.job_id)
    return Started(view=await status_of(parts.database, first), replayed=True)
