"""Starting a job: what a request may say, and that the same request sent twice is one job."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated
from uuid import UUID, uuid4, uuid5

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError
from temporalio.exceptions import WorkflowAlreadyStartedError

from api.dependencies import Services
from api.errors import InvalidRequest, KeyReused
from api.extracting import extract
from api.origins import Roots, roots
from api.permissions import Person
from api.reading import find, status_of
from domain.budget import Budget
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
from store import jobs, uploads
from store.session import Database

JOBS = UUID("b0a6c1de-5f35-4c6e-9d0a-2f1f0c6a7e11")
"""Namespace of job ids that come from an Idempotency-Key."""

MAX_SOURCE_COUNT = 20

MAX_START = 100_000
"""Bytes of a whole request as Temporal carries it: texts with many quotes and line breaks grow on the way."""

LONGEST_WAIT = timedelta(days=365)

ALWAYS_DIGESTED = ("auto_approve", "confirm", "promote", "category", "max_questions", "hitl_timeout")
"""Options of the first release. Later ones count only when they differ from their default, so that a release which
adds one leaves the digest of every earlier request as it was."""


def _enough_words(text: str) -> str:
    words = len(text.split())
    if words < MIN_WORDS:
        raise ValueError(
            f"At least {MIN_WORDS} words are needed to know what is meant (this has {words}). "
            "Say what an agent shall be able to do, e.g. “Create a skill for handling user data”."
        )
    return text


class StartSource(StrictShape):
    """A text the author shall know: its name and content, or the id of a file that was sent to `POST /sources`."""

    name: Annotated[str | None, Field(min_length=1, max_length=255, examples=["notes.md"])] = None
    content: Annotated[str | None, Field(min_length=1, max_length=MAX_SOURCES)] = None
    source_id: UUID | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "StartSource":
        if (self.source_id is None) == (self.content is None) or (self.content is not None and self.name is None):
            raise ValueError("Give either `name` and `content`, or the `source_id` of a file that was sent in.")
        return self


class StartBudget(Budget):
    """The most a job may spend; at least one limit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="after")
    def _limits_something(self) -> "StartBudget":
        if not self.limited:
            raise ValueError("Name at least one limit: calls, tokens or usd. Without a budget, leave it out.")
        return self


def _in_reach(value: timedelta) -> timedelta:
    if not timedelta(seconds=1) <= value <= LONGEST_WAIT:
        raise ValueError("Give seconds or an ISO 8601 duration between PT1S and P365D.")
    return value


Wait = Annotated[timedelta, AfterValidator(_in_reach)]


class StartOptions(JobOptions):
    """How the job shall run. An unknown option is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    budget: StartBudget | None = None
    hitl_timeout: Wait = JobOptions.model_fields["hitl_timeout"].default
    remind_after: Annotated[list[Wait], Field(max_length=10)] = JobOptions.model_fields["remind_after"].default
    escalate_after: Wait | None = JobOptions.model_fields["escalate_after"].default

    @field_validator("remind_after")
    @classmethod
    def _in_order(cls, value: list[timedelta]) -> list[timedelta]:
        return sorted(set(value))

    def plain(self, base: JobOptions | None = None) -> JobOptions:
        """The options as the workflow takes them; what was not given is as in `base`."""
        given = self.model_fields_set & set(JobOptions.model_fields)
        chosen = self.model_dump(include=given)
        return JobOptions.model_validate({**(base or JobOptions()).model_dump(), **chosen})


class StartRequest(StrictShape):
    """Body of `POST /skills`."""

    from_job: Annotated[UUID | None, Field(description="Go on from this ended job.")] = None
    from_revision: Annotated[
        int | None, Field(ge=1, le=1_000_000, description="Of `from_job`; default: the one that held at its end.")
    ] = None
    from_draft: Annotated[
        bool, Field(description="Of `from_job`: its draft as it lies in its folder now, edited by hand.")
    ] = False
    task_description: Annotated[
        str | None,
        Field(
            max_length=MAX_DESCRIPTION,
            validate_default=True,
            description="What an agent shall be able to do: 3 words or more. Default: that of `from_job`, whose "
            "revision is taken over as it is: ask for what changes at the preview with `revise`.",
            examples=["Create a skill for handling user data"],
        ),
    ] = None
    options: StartOptions = StartOptions()
    sources: Annotated[
        list[StartSource],
        Field(max_length=MAX_SOURCE_COUNT, description=f"{MAX_SOURCES} bytes together at most."),
    ] = []

    @field_validator("from_revision")
    @classmethod
    def _of_a_job(cls, number: int | None, info: ValidationInfo) -> int | None:
        if number is not None and info.data.get("from_job", number) is None:
            raise ValueError("A revision belongs to a job: name it in `from_job`.")
        return number

    @field_validator("from_draft")
    @classmethod
    def _of_one(cls, wanted: bool, info: ValidationInfo) -> bool:
        if wanted and (info.data.get("from_job", ...) is None or info.data.get("from_revision") is not None):
            raise ValueError("A draft's folder belongs to a job: name it in `from_job`, and leave `from_revision` out.")
        return wanted

    @field_validator("task_description")
    @classmethod
    def _says_enough(cls, text: str | None, info: ValidationInfo) -> str | None:
        if text is not None:
            return _enough_words(text.strip())
        if info.data.get("from_job", ...) is None:
            raise PydanticCustomError("missing", "This field is required.")
        return None

    @field_validator("sources")
    @classmethod
    def _small_together(cls, sources: list[StartSource]) -> list[StartSource]:
        size = sum(len((source.content or "").encode("utf-8", "replace")) for source in sources)
        if size > MAX_SOURCES:
            raise ValueError(f"The sources have {size} bytes together; at most {MAX_SOURCES} are taken. Give the gist.")
        return sources


class Started(Shape):
    """A job that was accepted; `replayed`: by an earlier request with the same key and body."""

    view: JobStatusView
    replayed: bool = False


async def start(parts: Services, asking: Person, request: StartRequest, key: str | None) -> Started:
    """Accept a job. Raises InvalidRequest, JobNotEnded, KeyReused, NotFound, TemporalUnavailable."""
    job = await _asked_for(
        parts, asking, request, uuid4() if key is None else uuid5(JOBS, json.dumps([asking.name, key]))
    )
    _refuse_oversize(job)
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
    body = job.model_dump(mode="json", include={"task_description", "sources"})
    always = job.options.model_dump(mode="json", include=set(ALWAYS_DIGESTED))
    body["options"] = {**job.options.model_dump(mode="json", exclude_defaults=True), **always}
    if job.origin is not None:
        body["origin"] = job.origin.model_dump(mode="json")
    return sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


async def _asked_for(parts: Services, asking: Person, request: StartRequest, job_id: UUID) -> StartJob:
    """The whole request: what it leaves open comes from the job it goes on from."""
    base = (
        None
        if request.from_job is None
        else await roots(parts, asking, request.from_job, request.from_revision, draft=request.from_draft)
    )
    options = await _with_known_category(parts, request.options.plain(_inherited(request, base)))
    return StartJob(
        job_id=job_id,
        user_id=asking.name,
        task_description=request.task_description or (base.task_description if base else ""),
        options=options,
        sources=await _sources(parts, asking, request, base),
        origin=base.origin if base else None,
    )


def _inherited(request: StartRequest, base: Roots | None) -> JobOptions | None:
    """The options of the job it goes on from. What that one wrote was for its own task: another one is asked for at
    the preview, so `auto_approve` is not inherited then, and refused when it is given."""
    if base is None or request.task_description in (None, base.task_description):
        return base.options if base else None
    if request.options.auto_approve:
        message = (
            "A task of its own changes nothing in what is taken over until somebody asks for it at the preview, and "
            "with `auto_approve` nobody does: leave `auto_approve` out, or the task, or `from_job`."
        )
        raise InvalidRequest(message, {"task_description": message})
    return base.options.model_copy(update={"auto_approve": False})


def _refuse_oversize(job: StartJob) -> None:
    size = len(job.model_dump_json().encode())
    if size > MAX_START:
        message = (
            f"The request has {size:,} bytes as JSON, where quotes and line breaks count twice; at most {MAX_START:,} "
            "can start a job. Shorten the sources: give the gist."
        )
        raise InvalidRequest(message, {"sources": message})


async def _sources(parts: Services, asking: Person, request: StartRequest, base: Roots | None) -> list[Source]:
    if base is not None and "sources" not in request.model_fields_set:
        return base.sources
    return [await attached(parts.database, asking.name, n, source) for n, source in enumerate(request.sources)]


async def attached(database: Database, user_id: str, n: int, source: StartSource) -> Source:
    """A source as the job carries it; one that was sent in travels as its id. Raises InvalidRequest."""
    if source.source_id is None:
        return Source(name=source.name or "", content=source.content or "")
    async with database.transaction() as session:
        known = await uploads.of_person(session, source.source_id, user_id)
    field = f"sources.{n}.source_id"
    if known is None:
        message = (
            f"There is no source {source.source_id} of yours that came to its end: send it to POST /sources again."
        )
        raise InvalidRequest(message, {field: message})
    await extract(database, known, field)
    return Source(name=source.name or known.filename, content="", source_id=known.source_id)


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
        asked = {name: getattr(row, name) for name in ("task_description", "options", "sources", "origin")}
        return digest(StartJob.model_validate({"job_id": job_id, "user_id": row.user_id, **asked}))


async def _replayed(parts: Services, job: StartJob, known: str) -> Started:
    if known != digest(job):
        raise KeyReused(
            "This Idempotency-Key was used for another request. Send that one again unchanged, or use a new key."
        )
    first = await find(parts.database, parts.temporal, job.job_id)
    return Started(view=await status_of(parts.database, first), replayed=True)
