"""What a job's page shows, read from the record. Must not change anything."""

from typing import Literal
from uuid import UUID, uuid4

from markupsafe import Markup
from pydantic import ConfigDict

from api.dependencies import Services
from api.pages.frame import View
from api.pages.job.answer_form import Input, left_over
from api.pages.job.asked import AskedView, Typed, asked_view
from api.pages.job.facts import Drafts, JobFacts, facts_of
from api.pages.job.left import Closed, Last, last_of
from api.pages.job.log import PHASE_WORDS, Line, line_of
from api.pages.job.parts import JobParts
from api.pages.job.waiving import Judged, judged
from api.pages.rendering import skill_html
from api.permissions import Person, Verb, may
from api.reading import KnownJob
from domain.evaluation import EvaluationView
from domain.job import CREATE_SKILL, JobStatus, JobView, Phase
from domain.shape import Shape
from domain.skill import Finding, RevisionSummary

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
    judged: list[Judged]
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
    """A job's page for this person. Raises NotFound."""
    return page_of(parts, await facts_of(parts, job), asking, typed)


def page_of(parts: Services, facts: JobFacts, asking: Person, typed: Typed) -> JobPageView:
    """The page that shows these facts to this person."""
    view, job = facts.view, facts.known
    drafts = facts.prompts.drafts.get(asking.name, {})
    watching = parts.hub.watching(job.job_id)
    asked = _asked(facts, drafts, [name for name in watching if name != asking.name], typed)
    models = view.result.usage.models if view.result.usage else []
    last = last_of(facts.prompts.closed, asking.name, drafts)
    return JobPageView(
        title=("● " if asked else "") + (view.result.skill_name or "Job"),
        job=view,
        steps=timeline(view),
        asked=asked,
        revisions=facts.history,
        evaluation=facts.evaluation,
        more=facts.more,
        findings=facts.findings,
        judged=judged(facts.findings, facts.more.draft.waivers if facts.more.draft else []),
        rendered=skill_html(facts.content) if facts.content else Markup(),
        models=models,
        small_model=any(SMALL_MODEL in model.lower() for model in models),
        seq=facts.seq,
        live=not view.status.final,
        follows=not view.status.final or may_be_published(view),
        watching=[name for name in watching if name != asking.name],
        lines=[line_of(event) for event in facts.told],
        owner=may(asking, Verb.CANCEL, job),
        may_reopen=may(asking, Verb.REOPEN, job),
        stopped=view.error is not None and view.parked_at is not None and not view.status.final,
        typed=typed,
        left=_left(typed, asked.prompt.interaction_id if asked else None, last),
        closed=last.closed,
        groups=facts.groups,
        latest=facts.latest,
        key=str(uuid4()),
    )


def _asked(facts: JobFacts, drafts: Drafts, others: list[str], typed: Typed) -> AskedView | None:
    """The open prompt with what this person has begun; who has begun nothing sees what everybody sees."""
    row = facts.prompts.open
    if row is None or facts.asked is None:
        return None
    draft = drafts.get(row.interaction_id)
    prompt = facts.asked.prompt.model_copy(update={"draft": draft, "watching": others})
    if draft is None and typed == Typed():
        return facts.asked.model_copy(update={"prompt": prompt})
    return asked_view(prompt, facts.content, typed)


def may_be_published(job: JobView) -> bool:
    """Whether a draft of this completed job may still be published."""
    return job.status is JobStatus.COMPLETED and job.job_type == CREATE_SKILL and not job.promoted


def _left(typed: Typed, shown: UUID | None, last: Last) -> list[Input]:
    """What was typed for a closed prompt: just now, else what the person's draft of it has."""
    if typed.inputs and typed.interaction_id != shown:
        return left_over(typed.inputs, typed.action)
    return last.left


def _validated(job: JobView) -> bool:
    """Whether a completed job was: it passed, or its errors were let stand."""
    return job.status is JobStatus.COMPLETED and job.result.validation is not None


def timeline(job: JobView) -> list[Step]:
    """The phases: what is done, what is going on, what is ahead."""
    order = list(Phase)
    now = order.index(job.current_phase) if job.current_phase else -1
    if job.promoted:
        now = len(order)
    elif job.status.final and (job.validation_passed or _validated(job)):
        now = order.index(Phase.PROMOTION)
    state: dict[bool, Literal["done", "ahead"]] = {True: "done", False: "ahead"}
    return [
        Step(words=PHASE_WORDS[phase], state="now" if n == now and not job.status.final else state[n < now])
        for n, phase in enumerate(order)
    ]
