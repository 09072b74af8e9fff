"""What the pages show, read from the record. Must not change anything."""

import asyncio
from collections.abc import Mapping
from typing import Literal
from uuid import UUID, uuid4

from markupsafe import Markup
from pydantic import ConfigDict

from api.answer_form import Input, left_over
from api.asked import AskedView, Typed, asked_view
from api.dependencies import Services
from api.permissions import Person, Verb, may
from api.reading import KnownJob, present, prompt_of, view_of
from api.record import evaluation_of
from api.rendering import DiffLine, diff_lines, skill_html
from api.templating import View
from domain.compare.diff import unified
from domain.evaluation import EvaluationView
from domain.job import JobPage, JobStatus, JobSummary, JobView, PendingPage, Phase
from domain.shape import Shape
from domain.skill import Category, Finding, RevisionSummary, RevisionView, SkillDetail, SkillSummary
from store import evidence, groups, jobs, revisions, skills, views
from store.session import Session

SMALL_MODEL = "qwen2.5-coder-1.5b"
"""In the name of the local model that comes along."""

MOST_STOPPED = 200
"""Running jobs that are looked through for stopped ones."""

PHASE_WORDS: Mapping[Phase, str] = {
    Phase.REFINEMENT: "Refine the request",
    Phase.UNDERSTANDING: "Understand",
    Phase.PLANNING: "Plan",
    Phase.TDD_RED: "Try without the skill",
    Phase.GENERATION: "Write",
    Phase.TDD_REFACTOR: "Answer what fails",
    Phase.PREVIEW: "Preview",
    Phase.VALIDATION: "Validate",
    Phase.PROMOTION: "Publish",
}


class HomeView(View):
    """The first page. `key` makes a form that is sent twice start one job; `stopped` are the jobs that need mending."""

    jobs: JobPage
    stopped: list[UUID]
    categories: list[Category]
    typed: Typed
    key: str


class InboxView(View):
    """What waits for an answer, and what waits for something to be mended. `mine`: only what is this person's."""

    pending: PendingPage
    mine: bool


class Step(Shape):
    """One phase in the timeline."""

    words: str
    state: Literal["done", "now", "ahead"]


class JobPageView(View):
    """A job's page. `seq` is the number of the last event it shows; `live`: more may come; `left`: what was typed for a
    prompt that is closed now; `groups` are those that a job may be assigned to; `latest` is the revision to go on from;
    `key` makes a form that is sent twice start one job."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    job: JobView
    steps: list[Step]
    asked: AskedView | None
    revisions: list[RevisionSummary]
    evaluation: EvaluationView | None
    findings: list[Finding]
    rendered: Markup
    models: list[str]
    small_model: bool
    seq: int
    live: bool
    owner: bool
    may_reopen: bool
    stopped: bool
    typed: Typed
    left: list[Input]
    groups: list[str]
    latest: int | None
    key: str


class RevisionPageView(View):
    """One revision of a job's skill, and what it changed. `key` as on a job's page."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    job: KnownJob
    revision: RevisionView
    rendered: Markup
    diff: list[DiffLine]
    key: str


class LibraryView(View):
    """The library, or one of its shelves."""

    shelves: list[tuple[Category, list[SkillSummary]]]


class SkillView(View):
    """A published skill."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    skill: SkillDetail
    rendered: Markup


async def home(parts: Services, listed: JobPage, typed: Typed) -> HomeView:
    """The first page."""
    taxonomy = await asyncio.to_thread(parts.library.taxonomy)
    shelves: list[Category] = [*taxonomy.categories]
    stopped = [job.job_id for job in await stopped_jobs(parts)]
    return HomeView(
        title="Make a skill", jobs=listed, stopped=stopped, categories=shelves, typed=typed, key=str(uuid4())
    )


async def stopped_jobs(parts: Services) -> list[JobSummary]:
    """Running jobs that go on only when something was mended, newest first."""
    async with parts.database.transaction() as session:
        rows = await jobs.page(session, status=JobStatus.RUNNING, limit=MOST_STOPPED)
    return [views.summary(row) for row in rows if row.error is not None and row.parked_at is not None]


async def job_page(parts: Services, asking: Person, job: KnownJob, typed: Typed) -> JobPageView:
    """A job's page for this person."""
    seq = (await present(parts.database, job)).seq  # before everything else: what comes later is still news
    view = await view_of(parts.database, job)
    others = [name for name in parts.hub.watching(job.job_id) if name != asking.name]
    prompt = await prompt_of(parts.database, job, asking.name, others)
    async with parts.database.transaction() as session:
        history = await revisions.history(session, job.job_id)
        shown = view.result.revision or (history[-1].n if history else None)
        content = await revisions.content(session, job.job_id, shown) if shown else ""
        evaluation = await evaluation_of(session, job, parts.policy) if job.opened else None
        findings = await _findings(session, view)
        known_groups = await groups.all_groups(session)
    models = view.result.usage.models if view.result.usage else []
    return JobPageView(
        title=view.result.skill_name or "Job",
        job=view,
        steps=timeline(view),
        asked=asked_view(prompt, content, typed) if prompt.hitl_type else None,
        revisions=history,
        evaluation=evaluation if evaluation and evaluation.runs else None,
        findings=findings,
        rendered=skill_html(content) if content else Markup(),
        models=models,
        small_model=any(SMALL_MODEL in model.lower() for model in models),
        seq=seq,
        live=not view.status.final,
        owner=may(asking, Verb.CANCEL, job),
        may_reopen=may(asking, Verb.REOPEN, job),
        stopped=view.error is not None and view.parked_at is not None and not view.status.final,
        typed=typed,
        left=left_over(typed.inputs, typed.action) if typed.interaction_id != prompt.interaction_id else [],
        groups=[*known_groups],
        latest=shown,
        key=str(uuid4()),
    )


async def revision_page(parts: Services, job: KnownJob, n: int) -> RevisionPageView:
    """One revision of a job's skill. Raises NotFound."""
    async with parts.database.transaction() as session:
        shown = await revisions.view(session, job.job_id, n)
        before = await revisions.content(session, job.job_id, n - 1) if n > 1 else shown.content
    names = f"revision {n - 1}", f"revision {n}"
    diff = diff_lines(await asyncio.to_thread(unified, before, shown.content, *names))
    return RevisionPageView(
        title=f"Revision {n}",
        job=job,
        revision=shown,
        rendered=skill_html(shown.content),
        diff=diff,
        key=str(uuid4()),
    )


async def _findings(session: Session, job: JobView) -> list[Finding]:
    """What the last validation had to say, also when it passed."""
    verdict = job.result.validation
    if verdict is None or verdict.report_id is None:
        return []
    return evidence.findings(await evidence.report_of(session, verdict.report_id))


def timeline(job: JobView) -> list[Step]:
    """The phases: what is done, what is going on, what is ahead."""
    order = list(Phase)
    now = order.index(job.current_phase) if job.current_phase else -1
    if job.promoted:
        now = len(order)
    elif job.status.final and job.validation_passed:
        now = order.index(Phase.PROMOTION)
    state: dict[bool, Literal["done", "ahead"]] = {True: "done", False: "ahead"}
    return [
        Step(words=PHASE_WORDS[phase], state="now" if n == now and not job.status.final else state[n < now])
        for n, phase in enumerate(order)
    ]


async def library(parts: Services) -> LibraryView:
    """Every published skill, shelf by shelf; empty shelves are left out."""
    taxonomy = await asyncio.to_thread(parts.library.taxonomy)
    async with parts.database.transaction() as session:
        listed = await skills.listed(session)
    by_name = {shelf.name: shelf for shelf in taxonomy.categories}
    names = sorted({skill.category for skill in listed})
    shelves = [by_name.get(name) or Category(name=name, title=name, description="") for name in names]
    shown = [(shelf, [skill for skill in listed if skill.category == shelf.name]) for shelf in shelves]
    return LibraryView(title="Library", shelves=shown)
