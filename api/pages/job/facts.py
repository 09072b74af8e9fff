"""All that a job's page shows and is the same for everybody: read in one transaction, each fact once.

What differs between people (their drafts, what they may do) is added in `job/view.py`. Must not change anything.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from uuid import UUID

from api.dependencies import Services
from api.draft_folder import digest_of_draft
from api.pages.job.asked import AskedView, Typed, asked_view
from api.pages.job.log import MOST_LINES
from api.pages.job.parts import JobParts, Material, job_parts
from api.reading import KnownJob, known_of, not_begun, open_prompt
from api.record import experiment_of
from domain.errors import NotFound
from domain.evaluation import EvaluationView
from domain.job import JobEvent, JobResult, JobStatus, JobView, Usage
from domain.job_usage import JobUsage
from domain.prompt import AnswerDraft, PromptView
from domain.skill import SKILL_FILE, Finding, RevisionFileView, RevisionSummary, SkillFileEntry
from store import events, evidence, groups, job_usage, jobs, prompts, revisions, standing, views
from store.proof import Proof
from store.session import Session
from store.standing import Draft
from store.tables import HitlInteraction, Job
from store.views import Seen

Files = Mapping[int, Sequence[SkillFileEntry]]
"""The files of a revision, by its number; none where retention took them."""


Drafts = Mapping[UUID, AnswerDraft]
"""What one person has begun to answer, by the prompt."""


@dataclass(frozen=True)
class Prompts:
    """The prompt that is open and the one that was closed last, and what each person has begun to answer of them: only
    theirs is ever shown to them."""

    open: HitlInteraction | None = None
    closed: HitlInteraction | None = None
    drafts: Mapping[str, Drafts] = field(default_factory=dict)


@dataclass(frozen=True)
class JobFacts:
    """What is known of a job. `seq`: the number of the last event that is in it; `told`: the end of its log; `nothing`:
    its prompt while none is open; `asked`: the open one for somebody who has begun nothing; `latest`: the revision to
    go on from, `content` its SKILL.md."""

    known: KnownJob
    view: JobView
    nothing: PromptView
    more: JobParts
    seq: int = 0
    prompts: Prompts = field(default_factory=Prompts)
    asked: AskedView | None = None
    history: list[RevisionSummary] = field(default_factory=list)
    latest: int | None = None
    content: str = ""
    evaluation: EvaluationView | None = None
    findings: list[Finding] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    told: list[JobEvent] = field(default_factory=list)


@dataclass(frozen=True)
class _Read:
    """What one transaction brought."""

    known: KnownJob
    seq: int
    view: JobView
    prompts: Prompts
    asked: AskedView | None
    nothing: PromptView
    history: list[RevisionSummary]
    latest: int | None
    content: str
    files: Files
    usage: JobUsage
    evaluation: EvaluationView | None
    draft: Draft | None
    findings: list[Finding]
    groups: list[str]
    told: list[JobEvent]


async def facts_of(parts: Services, job: KnownJob, *, log: bool = True) -> JobFacts:
    """The facts; without its `log` for a page that has it already. Raises NotFound."""
    async with parts.database.reading() as session:
        row = await jobs.get(session, job.job_id)
        read = None if row is None else await _read(session, parts, row, log=log)
    if read is None:
        view = not_begun(job)
        view = view.model_copy(update={"workflow_url": parts.workflow_pages.of(job.job_id, view.job_type)})
        return JobFacts(job, view, PromptView(job_id=job.job_id, status=job.status), JobParts())
    return await _told(parts, read)


async def _read(session: Session, parts: Services, row: Job, *, log: bool) -> _Read:
    """The job's row comes first: what comes after it is still news for whoever follows the job from its `seq`."""
    job_id, seq = row.job_id, row.last_seq
    waiting, closed = await prompts.latest(session, job_id)
    begun = [prompt.interaction_id for prompt in (waiting, closed) if prompt]
    history = await revisions.history(session, job_id)
    usage = await job_usage.in_parts(session, job_id)
    view = await _view(session, parts, row, Seen(waiting is not None, _sums(usage), _feedback(history)))
    latest = view.result.revision or (history[-1].n if history else None)
    files = {latest: await _files(session, job_id, latest)} if latest else {}
    content = await _content(session, job_id, latest, files) if latest else ""
    nothing = PromptView(job_id=job_id, status=view.status, assignee=row.assignee)
    asked = asked_view(open_prompt(nothing, waiting, None), content, Typed()) if waiting else None
    if asked and asked.preview and asked.preview.revision not in files:
        files[asked.preview.revision] = await _files(session, job_id, asked.preview.revision)
    known = files.get(view.result.revision or 0, ())
    began = await evidence.held(session, job_id) is not None
    evaluation, proven = await experiment_of(session, job_id, parts.policy, known) if began else (None, None)
    return _Read(
        known=await known_of(session, row),
        seq=seq,
        view=view,
        prompts=Prompts(waiting, closed, await prompts.drafts(session, begun) if begun else {}),
        asked=asked,
        nothing=nothing,
        history=history,
        latest=latest,
        content=content,
        files=files,
        usage=usage,
        evaluation=evaluation,
        draft=await _draft(session, parts, row, files, proven),
        findings=await _findings(session, view),
        groups=[] if row.promoted else [*await groups.all_groups(session)],
        told=await _log(session, job_id, seq) if log else [],
    )


async def _told(parts: Services, read: _Read) -> JobFacts:
    """The facts as they are told; nothing is read any more but the folder of the draft."""
    draft = read.draft
    if draft is not None:
        lying = await asyncio.to_thread(digest_of_draft, parts.library.root, read.known.job_id)
        draft = draft.model_copy(update={"standing": draft.standing.model_copy(update={"lying": lying})})
    preview = read.asked.preview if read.asked else None
    held = read.files.get((preview.revision if preview else read.view.result.revision) or 0, ())
    material = Material(asked=read.asked, evaluation=read.evaluation, usage=read.usage, draft=draft, held=held)
    return JobFacts(
        known=read.known,
        view=read.view,
        nothing=read.nothing,
        more=await job_parts(parts, material, _listed(held)),
        seq=read.seq,
        prompts=read.prompts,
        asked=read.asked,
        history=read.history,
        latest=read.latest,
        content=read.content,
        evaluation=read.evaluation if read.evaluation and read.evaluation.runs else None,
        findings=read.findings,
        groups=read.groups,
        told=read.told,
    )


async def _view(session: Session, parts: Services, row: Job, seen: Seen) -> JobView:
    view = await views.job_view(session, row, seen)
    return view.model_copy(update={"workflow_url": parts.workflow_pages.of(row.job_id, view.job_type)})


def _sums(usage: JobUsage) -> Usage:
    return Usage.model_validate(usage.model_dump(include={*Usage.model_fields}))


def _feedback(history: Sequence[RevisionSummary]) -> list[str]:
    return [known.feedback for known in history if known.feedback]


async def _files(session: Session, job_id: UUID, number: int) -> Sequence[SkillFileEntry]:
    try:
        return await revisions.files(session, job_id, number)
    except NotFound:
        return ()


async def _content(session: Session, job_id: UUID, number: int, files: Files) -> str:
    """The SKILL.md. Raises NotFound when it was never written, or is no longer kept."""
    main = next((file for file in files[number] if file.path == SKILL_FILE), None)
    if main is None:
        return await revisions.content(session, job_id, number)
    return main.data.decode("utf-8", errors="replace")


def _listed(files: Sequence[SkillFileEntry]) -> list[RevisionFileView]:
    return [
        RevisionFileView(path=file.path, size=len(file.data), sha256=sha256(file.data).hexdigest()) for file in files
    ]


async def _draft(session: Session, parts: Services, row: Job, files: Files, proven: Proof | None) -> Draft | None:
    """The draft of a completed job; None when nothing waits to be published."""
    result = JobResult.model_validate(row.result)
    if row.status != JobStatus.COMPLETED or row.promoted or result.revision is None:
        return None
    known = await revisions.find(session, row.job_id, result.revision)
    own = known is not None and known.digest == result.digest
    return await standing.of_job(
        session,
        row.job_id,
        result,
        parts.policy,
        ended=True,
        lying=None,
        read=files.get(result.revision, ()),
        proven=proven if own else None,
    )


async def _findings(session: Session, job: JobView) -> list[Finding]:
    """What the last validation had to say, also when it passed."""
    verdict = job.result.validation
    if verdict is None or verdict.report_id is None:
        return []
    return evidence.findings(await evidence.report_of(session, verdict.report_id))


async def _log(session: Session, job_id: UUID, seq: int) -> list[JobEvent]:
    found = await events.since(session, job_id, max(0, seq - MOST_LINES))
    return [event for event in found if event.seq <= seq]
