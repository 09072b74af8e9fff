"""What a job's page shows, read from the record. Must not change anything."""

from typing import Literal
from uuid import UUID, uuid4

from markupsafe import Markup
from pydantic import ConfigDict

from api.dependencies import Services
from api.pages.answer_form import Input, left_over
from api.pages.asked import AskedView, Typed, asked_view
from api.pages.frame import View
from api.pages.job_left import Closed, Last, last_of
from api.pages.job_log import MOST_LINES, PHASE_WORDS, Line, line_of
from api.pages.job_parts import JobParts, job_parts
from api.pages.rendering import skill_html
from api.permissions import Person, Verb, may
from api.reading import KnownJob, present, prompt_of, view_of
from api.record import evaluation_of
from domain.evaluation import EvaluationView
from domain.job import CREATE_SKILL, JobStatus, JobView, Phase
from domain.shape import Shape
from domain.skill import Finding, RevisionSummary
from store import events, evidence, groups, prompts, revisions
from store.session import Session

SMALL_MODEL = "qwen2.5-coder-1.5b"
"""In the name of the local model that comes along."""


class Step(Shape):
    """One phase in the timeline."""

    words: str
    state: Literal["done", "now", "ahead"]


class JobPageView(View):
    """A job's page. `seq` is the number of the last event it shows; `live`: more may come; `follows`: the page listens
    for more, as it does also while a completed job may be published; `watching`: who else looks at it; `lines`:
    the end of its log; `left`: what was typed for a prompt that is closed now, and `closed` who closed the last
    one; `groups` are those that a job may be assigned to; `latest` is the revision to go on from; `key` makes a
    form that is sent twice start one job."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    job: JobView
    steps: list[Step]
    asked: AskedView | None
    revisions: list[RevisionSummary]
    evaluation: EvaluationView | None
    more: JobParts
    findings: list[Finding]
    rendered: Markup
    models: list[str]
    small_model: bool
    seq: int
    live: bool
    follows: bool
    watching: list[str]
    lines: list[Line]
    owner: bool
    may_reopen: bool
    stopped: bool
    typed: Typed
    left: list[Input]
    closed: Closed | None
    groups: list[str]
    latest: int | None
    key: str


async def job_view(parts: Services, asking: Person, job: KnownJob, typed: Typed) -> JobPageView:
    """A job's page for this person."""
    seq = (await present(parts.database, job)).seq  # before everything else: what comes later is still news
    view = await view_of(parts.database, job, parts.workflow_pages)
    others = [name for name in parts.hub.watching(job.job_id) if name != asking.name]
    prompt = await prompt_of(parts.database, job, asking.name, others)
    async with parts.database.transaction() as session:
        history = await revisions.history(session, job.job_id)
        shown = view.result.revision or (history[-1].n if history else None)
        content = await revisions.content(session, job.job_id, shown) if shown else ""
        evaluation = await evaluation_of(session, job, parts.policy) if job.opened else None
        findings = await _findings(session, view)
        known_groups = await groups.all_groups(session)
        last = await last_of(session, await prompts.last_closed(session, job.job_id), asking.name)
        told = await events.since(session, job.job_id, max(0, seq - MOST_LINES))
    models = view.result.usage.models if view.result.usage else []
    asked = asked_view(prompt, content, typed) if prompt.hitl_type else None
    return JobPageView(
        title=("● " if prompt.hitl_type else "") + (view.result.skill_name or "Job"),
        job=view,
        steps=timeline(view),
        asked=asked,
        revisions=history,
        evaluation=evaluation if evaluation and evaluation.runs else None,
        more=await job_parts(parts, job, view, asked, evaluation),
        findings=findings,
        rendered=skill_html(content) if content else Markup(),
        models=models,
        small_model=any(SMALL_MODEL in model.lower() for model in models),
        seq=seq,
        live=not view.status.final,
        follows=not view.status.final or may_be_published(view),
        watching=others,
        lines=[line_of(event) for event in told if event.seq <= seq],
        owner=may(asking, Verb.CANCEL, job),
        may_reopen=may(asking, Verb.REOPEN, job),
        stopped=view.error is not None and view.parked_at is not None and not view.status.final,
        typed=typed,
        left=_left(typed, prompt.interaction_id, last),
        closed=last.closed,
        groups=[*known_groups],
        latest=shown,
        key=str(uuid4()),
    )


def may_be_published(job: JobView) -> bool:
    """Whether a draft of this completed job may still be published."""
    return job.status is JobStatus.COMPLETED and job.job_type == CREATE_SKILL and not job.promoted


def _left(typed: Typed, shown: UUID | None, last: Last) -> list[Input]:
    """What was typed for a closed prompt: just now, else what the person's draft of it has."""
    if typed.inputs and typed.interaction_id != shown:
        return left_over(typed.inputs, typed.action)
    return last.left


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
