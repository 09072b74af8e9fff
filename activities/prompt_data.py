"""What a person is shown with each kind of prompt, put together from the record."""

from collections.abc import Awaitable, Callable

from domain.diff import unified
from domain.errors import SkillFileError
from domain.evaluation import Evidence
from domain.grading import summarize
from domain.prompt import (
    ConfirmData,
    Estimate,
    Highlight,
    HitlType,
    PreviewData,
    PromptData,
    QuestionsData,
    ValidateData,
)
from domain.skill import Severity
from domain.skill_file import parse, sections
from store import calls, evidence, jobs, revisions, understanding
from store.session import Session
from workflows import messages as m

CALLS_AFTER_CONFIRM = 16
"""Model calls that follow a confirmed plan, counted on the local model's path: cases, two arms, sections, review."""


async def prompt_data(session: Session, prompt: m.Prompt) -> PromptData:
    """The data of one prompt. Raises KeyError for a kind this version does not open."""
    makers: dict[HitlType, Callable[[Session, m.Prompt], Awaitable[PromptData]]] = {
        HitlType.CLARIFY: _questions,
        HitlType.CONFIRM: _confirm,
        HitlType.PREVIEW: _preview,
        HitlType.VALIDATE: _validate,
    }
    return await makers[prompt.kind](session, prompt)


async def _questions(session: Session, prompt: m.Prompt) -> QuestionsData:
    brief = await understanding.brief_of(session, prompt.job_id)
    asked = await understanding.questions_of(session, prompt.job_id)
    return QuestionsData(questions=asked, summary=brief.refined or brief.task)


async def _confirm(session: Session, prompt: m.Prompt) -> ConfirmData:
    plan = await jobs.plan_of(session, prompt.job_id)
    return ConfirmData(
        summary=plan.description,
        path=plan.path,
        plan=plan.outline,
        key_assumptions=plan.key_assumptions,
        estimate=Estimate(model_calls=CALLS_AFTER_CONFIRM),
    )


async def _preview(session: Session, prompt: m.Prompt) -> PreviewData:
    number = prompt.revision or 0
    shown = await revisions.summary(session, prompt.job_id, number)
    content = await revisions.content(session, prompt.job_id, number)
    before = number - 1 if number > 1 else None
    earlier = await revisions.content(session, prompt.job_id, before) if before else ""
    diff = unified(earlier, content, f"revision {before}", f"revision {number}", context=2) if before else ""
    usage = await calls.usage(session, prompt.job_id)
    return PreviewData(
        content=content,
        highlights=_highlights(content, shown.changes),
        revision=number,
        digest=shown.digest,
        against=before,
        diff=diff,
        evidence=await evidence_of(session, prompt, number),
        written_by=usage.models,
    )


async def evidence_of(session: Session, prompt: m.Prompt, revision: int) -> Evidence:
    """What the runs of this revision add up to; `pending` while they are not there yet."""
    runs = await evidence.runs_of(session, prompt.job_id, revision=revision)
    return summarize(runs)


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
        report=f"{len(errors)} errors in revision {row.revision}:\n" + "\n".join(lines),
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
        "Common mistakes": "written against cases that failed",
        "Rules": "what the agent must keep to",
    }
    changed = {section.heading: why for section in found for why in changes if section.heading in why}
    return [
        Highlight(section=section.heading, why=changed.get(section.heading) or reasons[section.heading])
        for section in found
        if section.heading in changed or section.heading in reasons
    ]
