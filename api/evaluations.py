"""Routes of the evidence: the report on a published version or on a job's draft, and the wish for another evaluation.

Texts of models and strangers are never served as something that a browser would run. Writes no row itself.
"""

import asyncio
import json
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID, uuid4, uuid5

from fastapi import APIRouter, Header, Path, Query, Response
from pydantic import Field
from temporalio.exceptions import WorkflowAlreadyStartedError

from api import published
from api.dependencies import JobToRead, PersonDep, Services, ServicesDep
from api.described import Responses, problems
from api.jobs import location
from api.reading import KnownJob, find, status_of
from api.starting import JOBS, StartBudget, digest
from api.versions import NEVER_RUN, NOW
from domain.errors import NotFound
from domain.evidence.report import EvaluationList, EvaluationReport, Subject, report_on
from domain.evidence.report_text import markdown
from domain.job import Evaluates, JobOptions, JobResult, JobStatus, JobStatusView, StartJob
from domain.shape import StrictShape
from store import evaluations, jobs, versions
from store.library_tables import Skill
from store.session import Session

router = APIRouter(tags=["evidence"], responses=problems(404, 503))

Category = Annotated[str, Path(description="The shelf, or `-` for whichever it is.")]
Name = Annotated[str, Path(description="The skill, or another name of it.")]
Number = Annotated[str, Path(description="A version such as `1.2.0`, or `latest` (also `current`).")]
Model = Annotated[
    str | None, Query(max_length=200, description="Evaluated with this agent model; default: whichever came last.")
]

MODEL = r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.:/@-]+$"
"""A model as LiteLLM names it: `provider/model`."""

TEXT: Responses = {200: {"content": {"text/markdown": {}}, "description": "The report for people."}}


class EvaluateRequest(StrictShape):
    """Body of `POST /skills/{path}/evaluate`."""

    model: Annotated[
        str | None,
        Field(
            max_length=200,
            pattern=MODEL,
            description="The agent's; of a provider that the worker has a key for. Default: the configured one.",
            examples=["openai/gpt-5"],
        ),
    ] = None
    version: Annotated[str | None, Field(max_length=40, description="Default: the one that agents read.")] = None
    budget: StartBudget | None = Field(
        None, description="What may be spent on models; at a limit what ran until then is judged, as partial evidence."
    )


@router.get("/skills/{category}/{name}/evaluations", summary="Evaluations of a skill")
async def list_evaluations(category: Category, name: Name, parts: ServicesDep) -> EvaluationList:
    """What each version was found to be worth, when and with which agent model; newest first."""
    async with parts.database.transaction() as session:
        skill = await published.find(session, f"{category}/{name}")
        found = await evaluations.listed(session, skill.row.name)
    return EvaluationList(name=skill.row.name, evaluations=found)


@router.get("/skills/{category}/{name}/versions/{version}/evaluation", summary="Evidence of a version")
async def read_version_evaluation(
    category: Category, name: Name, version: Number, parts: ServicesDep, model: Model = None
) -> EvaluationReport:
    """`evaluation.json`: the numbers, every case and every run, and the verdict; the newest of this version."""
    async with parts.database.transaction() as session:
        return await _of_version(session, f"{category}/{name}", version, model)


@router.get(
    "/skills/{category}/{name}/versions/{version}/evidence.md",
    summary="Evidence of a version, to be read",
    response_class=Response,
    responses=TEXT,
)
async def read_version_evidence(
    category: Category, name: Name, version: Number, parts: ServicesDep, model: Model = None
) -> Response:
    """`evidence.md`: the answer in words, the numbers, then each case with what the agent said."""
    async with parts.database.transaction() as session:
        report = await _of_version(session, f"{category}/{name}", version, model)
    return await _text(report)


@router.get("/jobs/{job_id}/evaluation.json", summary="Report on a draft")
async def read_job_report(job: JobToRead, parts: ServicesDep) -> EvaluationReport:
    """The report as it would be kept if the job's draft were published now."""
    return await _of_job(parts, job)


@router.get(
    "/jobs/{job_id}/evidence.md", summary="Report on a draft, to be read", response_class=Response, responses=TEXT
)
async def read_job_evidence(job: JobToRead, parts: ServicesDep) -> Response:
    """The same for people."""
    return await _text(await _of_job(parts, job))


@router.post(
    "/skills/{path:path}/evaluate", status_code=202, summary="Evaluate again", responses=problems(404, 409, 422, 503)
)
async def evaluate_skill(
    path: str,
    body: EvaluateRequest,
    response: Response,
    parts: ServicesDep,
    asking: PersonDep,
    idempotency_key: Annotated[
        str | None, Header(max_length=255, description="The same key and body again is the same job.")
    ] = None,
) -> JobStatusView:
    """Try a published version again, without the skill and with it. A job of its own: `Location` says where to follow
    it; its `result.outcome` is the verdict: keep, fix or retire."""
    async with parts.database.transaction() as session:
        skill = (await published.find(session, path)).row
        version = await _version(session, skill, body.version or NOW[0])
    start = StartJob(
        job_id=_id_of(asking.name, skill.name, idempotency_key),
        user_id=asking.name,
        task_description=f"Evaluate {skill.name} {version} again with {body.model or 'the configured agent model'}",
        options=JobOptions(auto_approve=True, budget=body.budget),
        evaluates=Evaluates(name=skill.name, version=version, model=body.model or ""),
    )
    response.headers["Location"] = location(start.job_id)
    return await _started(parts, start)


async def _started(parts: Services, start: StartJob) -> JobStatusView:
    """The job; the one that was begun under this key, if there is one. Raises TemporalUnavailable."""
    try:
        await parts.temporal.start(start, digest(start))
    except WorkflowAlreadyStartedError:
        return await status_of(parts.database, await find(parts.database, parts.temporal, start.job_id))
    return JobStatusView(
        job_id=start.job_id, status=JobStatus.PENDING, progress_message="accepted", created_at=datetime.now(UTC)
    )


def _id_of(person: str, name: str, key: str | None) -> UUID:
    """The same for the same key: a process that dies before its answer is kept starts nothing twice."""
    return uuid5(JOBS, json.dumps(["evaluate", person, name, key])) if key else uuid4()


async def _of_version(session: Session, path: str, number: str, model: str | None) -> EvaluationReport:
    skill = (await published.find(session, path)).row
    version = await _version(session, skill, number)
    row = await evaluations.newest(session, skill.name, version, model)
    if row is None:
        of_model = f" with {model}" if model else ""
        raise NotFound(
            f"{skill.name} {version} was never evaluated{of_model}. See GET {published.API}/{skill.category}/"
            f"{skill.name}/evaluations, or have it done: POST {published.API}/{skill.category}/{skill.name}/evaluate."
        )
    return evaluations.report_of(row)


async def _version(session: Session, skill: Skill, number: str) -> str:
    wanted = skill.version if number in NOW else number
    if await versions.get(session, skill.name, wanted) is None:
        told = f"There is no version {number[:40]!r} of {skill.name}."
        raise NotFound(f"{told} See: GET {published.API}/{skill.category}/{skill.name}/versions.")
    return wanted


async def _of_job(parts: Services, job: KnownJob) -> EvaluationReport:
    """Of the revision that holds. Raises NotFound before there is one."""
    async with parts.database.transaction() as session:
        row = await jobs.get(session, job.job_id)
        result = JobResult.model_validate(row.result if row else {})
        if row is None or result.revision is None:
            raise NotFound(f"Job {job.job_id} has written nothing yet, so there is nothing to be proven.")
        material = await evaluations.material(session, job.job_id, result.revision)
        made_at = row.updated_at
    name = result.skill_name or str(job.job_id)
    subject = Subject(name=name, digest=material.digest, made_at=made_at.astimezone(UTC))
    return await asyncio.to_thread(report_on, material, parts.policy, subject)


async def _text(report: EvaluationReport) -> Response:
    text = await asyncio.to_thread(markdown, report)
    return Response(
        text.encode("utf-8", "replace"),
        headers={**NEVER_RUN, "Cache-Control": "no-cache"},
        media_type="text/markdown; charset=utf-8",
    )
