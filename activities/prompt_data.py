"""What a person is shown with each kind of prompt, put together from the record."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from activities.estimates import estimate
from activities.tdd_data import tdd_data
from domain.budget import Budget, exhausted
from domain.compare.diff import unified
from domain.counters import COUNTERS
from domain.errors import NotFound, SkillFileError
from domain.evaluation import Arm, Evidence
from domain.evidence.policy import BY_DEFAULT, Policy
from domain.evidence.profile import QUICK, Profile
from domain.job import JobResult, Phase
from domain.prompt import (
    BudgetData,
    ConfirmData,
    Highlight,
    HitlType,
    PreviewData,
    PromptData,
    QuestionsData,
    StructureFixData,
    ValidateData,
)
from domain.research import near_duplicates
from domain.skill import Severity
from domain.skill_file import parse, sections
from domain.text import counted
from store import calls, evidence, jobs, prompts, proof, revisions, tdd, understanding
from store.session import Database, Session
from workflows import messages as m

LINES_AROUND = 2
"""Lines shown around each change of a preview."""

NOT_ABOUT_A_SECTION = ("your feedback", "changed sections:", "references/", "scripts/", "assets/")
"""How those lines of a revision's changes begin that are shown whole, not beside a section (programs/heeding)."""


async def shown_diff(database: Database, prompt: m.Prompt) -> str:
    """What a preview changes against what its reader saw last; empty for other prompts, and for the first.

    Two of the largest texts take a second: no session is held meanwhile, and the event loop goes on.
    """
    if prompt.kind is not HitlType.PREVIEW:
        return ""
    number = prompt.revision or 0
    async with database.transaction() as session:
        before = await _shown_before(session, prompt, number)
        if before is None:
            return ""
        earlier = await revisions.content(session, prompt.job_id, before)
        content = await revisions.content(session, prompt.job_id, number)
    return await asyncio.to_thread(
        unified, earlier, content, f"revision {before}", f"revision {number}", context=LINES_AROUND
    )


async def prompt_data(
    session: Session, prompt: m.Prompt, diff: str = "", profile: Profile = QUICK, policy: Policy = BY_DEFAULT
) -> PromptData:
    """The data of one prompt; `diff` from `shown_diff`, `profile`: how thoroughly jobs are proven here, `policy`: what
    of the evidence is enough.

    Raises NotFound when the record has not what it shows.
    """
    experiment = partial(tdd_data, profile=profile, policy=policy)
    makers: dict[HitlType, Callable[[Session, m.Prompt], Awaitable[PromptData]]] = {
        HitlType.STRUCTURE_FIX: _structure_fix,
        HitlType.CLARIFY: _questions,
        HitlType.DEEP_UNDERSTANDING: _questions,
        HitlType.CONFIRM: partial(_confirm, profile=profile),
        HitlType.TDD_RED: experiment,
        HitlType.TDD_GREEN: experiment,
        HitlType.TDD_REFACTOR: experiment,
        HitlType.PREVIEW: partial(_preview, diff=diff, profile=profile, policy=policy),
        HitlType.VALIDATE: _validate,
        HitlType.BUDGET: partial(_budget, profile=profile),
    }
    return await makers[prompt.kind](session, prompt)


async def _structure_fix(session: Session, prompt: m.Prompt) -> StructureFixData:
    proposal = await jobs.proposal_of(session, prompt.job_id)
    if proposal is None:
        raise NotFound(f"Job {prompt.job_id} has proposed no name or description yet.")
    return StructureFixData(skill_name=proposal.name, description=proposal.description, suggested_fixes=proposal.fixes)


async def _questions(session: Session, prompt: m.Prompt) -> QuestionsData:
    """The questions of the newest round, over what is known so far: the summary once there is one."""
    brief = await understanding.brief_of(session, prompt.job_id)
    asked = await understanding.questions_of(session, prompt.job_id)
    known = brief.understanding
    return QuestionsData(
        questions=asked,
        summary=known.summary if known else brief.refined or brief.task,
        readiness=known.readiness if known else 0.0,
        unknown=known.unknown if known else [],
        research=[] if known else brief.research,
    )


async def _confirm(session: Session, prompt: m.Prompt, profile: Profile) -> ConfirmData:
    plan = await jobs.plan_of(session, prompt.job_id)
    brief = await understanding.brief_of(session, prompt.job_id)
    return ConfirmData(
        summary=plan.description,
        path=plan.path,
        plan=plan.outline,
        key_assumptions=plan.key_assumptions,
        estimate=estimate(
            after=Phase.PLANNING,
            files=len(plan.files),
            profile=profile,
            so_far=await calls.spent(session, prompt.job_id),
        ),
        unsure=plan.unsure,
        alternatives=plan.alternatives,
        style=plan.style,
        kind=plan.kind,
        files=[f"{file.path}: {file.purpose}" for file in plan.files],
        near=near_duplicates(brief.research),
    )


async def _preview(session: Session, prompt: m.Prompt, diff: str, profile: Profile, policy: Policy) -> PreviewData:
    number = prompt.revision or 0
    shown = await revisions.summary(session, prompt.job_id, number)
    content = await revisions.content(session, prompt.job_id, number)
    usage = await calls.usage(session, prompt.job_id)
    return PreviewData(
        content=content,
        highlights=_highlights(content, shown.changes),
        revision=number,
        digest=shown.digest,
        against=await _shown_before(session, prompt, number),
        diff=diff,
        feedback=shown.feedback,
        changes=shown.changes,
        evidence=await evidence_of(session, prompt, number, profile, policy),
        written_by=usage.models,
        made_by=shown.made_by,
        by_person=shown.by_person,
    )


async def _shown_before(session: Session, prompt: m.Prompt, number: int) -> int | None:
    """What the reader has seen last: the revision of the last preview, else the one before this."""
    seen = await prompts.last_shown(session, prompt.job_id, HitlType.PREVIEW, prompt.round)
    if seen is not None and seen != number:
        return seen
    return number - 1 if number > 1 else None


async def _budget(session: Session, prompt: m.Prompt, profile: Profile) -> BudgetData:
    job = await jobs.get(session, prompt.job_id)
    phase = Phase(job.current_phase) if job and job.current_phase else Phase.REFINEMENT
    cases = await evidence.cases_of(session, prompt.job_id)
    held = JobResult.model_validate(job.result if job else {}).revision
    ids = [case.id for case in cases]
    newest = max((known.n for known in await revisions.history(session, prompt.job_id)), default=0)
    trying = {Phase.TDD_RED: (Arm.WITHOUT, 0), Phase.GENERATION: (Arm.WITH, newest)}.get(phase)
    made = await calls.tried(session, prompt.job_id, *trying, ids) if trying else 0
    spent = await calls.spent(session, prompt.job_id)
    limit = (await jobs.options_of(session, prompt.job_id)).budget or Budget()
    why = exhausted(limit, spent) or prompt.reason  # as it is by now: calls that were under way then have ended
    return BudgetData(
        spent=spent,
        limit=limit,
        estimate=estimate(within=phase, cases=len(cases), profile=profile, made=made, so_far=spent),
        reason=why if held else f"{why}; nothing is written yet, so to finish now ends the job",
    )


async def evidence_of(session: Session, prompt: m.Prompt, revision: int, profile: Profile, policy: Policy) -> Evidence:
    """What the runs of this revision add up to, and what they lack for publishing; `pending` while they are not there
    yet, `partial` while some that the profile plans are not."""
    plan = await tdd.profile_of(session, prompt.job_id, profile)
    found = await proof.of_revision(session, prompt.job_id, revision)
    return await asyncio.to_thread(found.shown, policy, profile=plan.name)


async def _validate(session: Session, prompt: m.Prompt) -> ValidateData:
    assert prompt.report_id is not None
    row = await evidence.report_of(session, prompt.report_id)
    findings = evidence.findings(row)
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    lines = [f"- {finding.code}: {finding.message} {finding.fix or ''}".rstrip() for finding in errors]
    return ValidateData(
        passed=row.passed,
        score=row.score,
        findings=findings,
        report=f"{counted(len(errors), 'error')} in revision {row.revision}:\n" + "\n".join(lines),
        revision=row.revision,
        digest=row.digest,
    )


def _highlights(content: str, changes: list[str]) -> list[Highlight]:
    """Sections that were changed, and those whose words come from people or from failures."""
    try:
        found = sections(parse(content.encode()).body)
    except SkillFileError:
        return []
    reasons = {
        "Decisions from the author": "your answers, word for word",
        **dict.fromkeys((*COUNTERS, "Common mistakes"), "written against cases that failed"),
        "Rules": "what the agent must keep to",
    }
    told = [why for why in changes if not why.startswith(NOT_ABOUT_A_SECTION)]
    changed = {section.heading: why for section in found for why in told if section.heading in why}
    return [
        Highlight(section=name, why=changed[name].removeprefix(f"{name}: ") if name in changed else reasons[name])
        for name in (section.heading for section in found)
        if name in changed or name in reasons
    ]
