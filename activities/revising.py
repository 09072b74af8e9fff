"""A stored revision written anew for a person's feedback or for findings, and tried once more when it ignores them.

Reads nothing and stores nothing but model calls: the author's step does.
"""

import re
from collections.abc import Sequence
from uuid import UUID

from activities.models import Models, Role
from activities.programs.describe import is_about_description, redescribe
from activities.programs.heeding import Heeded, changed_sections, heeded
from activities.programs.language_model import LanguageModel
from activities.programs.revise import named_sections
from activities.programs.revise_files import Rewritten, named_files, revise_all, rewritable
from domain.answering.proposals import legal_description
from domain.brief import Brief, Plan
from domain.errors import BudgetExhausted, NoProvider, SkillFileError, Unparsable
from domain.markdown import frontmatter_lines
from domain.rules import format_rules
from domain.rules.format_rules import Subject
from domain.shape import Shape
from domain.skill import SKILL_FILE, Finding, Severity, SkillFileEntry
from domain.skill_file import frontmatter_of, parse, sections, with_frontmatter

_HEADING = re.compile(r"(?m)^ {0,3}#{1,2}(?=\s|$)")

_FRONTMATTER_RULES = (
    format_rules.known_fields,
    format_rules.required_fields,
    format_rules.name_form,
    format_rules.name_place,
    format_rules.description_form,
    format_rules.optional_fields,
    format_rules.tools,
)


class Task(Shape):
    """What to revise, and why. `scope` is the place of the first try in the ledger; `others`: files beside SKILL.md."""

    job_id: UUID
    scope: str
    attempt: int
    brief: Brief
    plan: Plan
    content: str
    feedback: str
    findings: list[Finding]
    others: list[SkillFileEntry] = []


async def revised(models: Models, task: Task) -> Rewritten:
    """The revision, with what it changed in words: the verdict on the feedback, the sections, then each change.

    A try that ignores the feedback is followed by one more, which is taken as it is.
    """
    made = await _tried(models, task, task.scope)
    if not task.feedback.strip():
        return made
    verdict = await _verdict(models, task, task.scope, made)
    if not verdict.met:
        made, verdict = await _once_more(models, task, made, verdict)
    changed = changed_sections(_whole(task.content, task.others), _whole(made.content, made.others))
    headings = [f"changed sections: {'; '.join(changed)}"] if changed else []
    return made.model_copy(update={"changes": [verdict.in_words, *headings, *made.changes]})


async def _tried(models: Models, task: Task, scope: str, missed: str = "") -> Rewritten:
    author = models.of(Role.AUTHOR, task.job_id, scope, task.attempt)
    made, about = Rewritten(content=task.content, others=task.others), is_about_description(task.feedback)
    named = [*named_sections(task.feedback, sections(task.content)), *named_files(task.feedback, _paths(task))]
    if not about or task.findings or named:
        made = await revise_all(
            author, task.brief, task.content, task.others, task.feedback, findings=task.findings, missed=missed
        )
    content = headed(made.content, task.plan, [finding for finding in task.findings if finding.file == SKILL_FILE])
    if not about:
        return made.model_copy(update={"content": content})
    told = await redescribe(author, task.brief, content, task.feedback, missed)
    return made.model_copy(update={"content": told.content, "changes": [*told.changes, *made.changes]})


def _paths(task: Task) -> list[str]:
    return [file.path for file in task.others]


def _whole(content: str, others: Sequence[SkillFileEntry]) -> str:
    """SKILL.md with each other text as a section under its path: what a verdict is on, and what people read changed."""
    texts = (f"\n\n## {path}\n\n{_HEADING.sub('###', text)}" for path, text in rewritable(others).items())
    return "".join([content, *texts])


async def _once_more(models: Models, task: Task, made: Rewritten, verdict: Heeded) -> tuple[Rewritten, Heeded]:
    """The second try; the first one where the budget allows no other."""
    scope = f"{task.scope}/again"
    try:
        second = await _tried(models, task, scope, verdict.evidence)
    except BudgetExhausted:
        return made, verdict
    return second, await _verdict(models, task, scope, second)


async def _verdict(models: Models, task: Task, scope: str, made: Rewritten) -> Heeded:
    """The judge's verdict; that of code alone where no judge can give one: a paid revision is not lost for it."""
    before, after = _whole(task.content, task.others), _whole(made.content, made.others)
    try:
        return await heeded(_judge(models, task, scope), task.feedback, before, after)
    except (BudgetExhausted, Unparsable):
        return await heeded(None, task.feedback, before, after)


def _judge(models: Models, task: Task, scope: str) -> LanguageModel | None:
    try:
        return models.of(Role.JUDGE, task.job_id, scope, task.attempt)
    except NoProvider:
        return None


def headed(content: str, plan: Plan, findings: Sequence[Finding] = ()) -> str:
    """The content under its own frontmatter while rules let it pass (a person may have edited it), else the plan's."""
    last = frontmatter_lines(content)
    errors = [item for item in findings if item.severity is Severity.ERROR]
    refused = any(item.field not in (None, "body") or 0 < (item.line or 0) <= last for item in errors)
    if not refused and _passes(content, plan.name):
        return content
    return with_frontmatter(content, plan.frontmatter)


def described_as(content: str) -> str | None:
    """The description in a SKILL.md, where it is readable and the format can hold it."""
    try:
        return legal_description(frontmatter_of(parse(content.encode("utf-8", "replace"))).description)
    except SkillFileError:
        return None


def _passes(content: str, name: str) -> bool:
    try:
        skill = parse(content.encode("utf-8", "replace"))
    except SkillFileError:
        return False
    subject = Subject(skill=skill, files=[], folder=name)
    found = [finding for rule in _FRONTMATTER_RULES for finding in rule(subject)]
    return not any(finding.severity is Severity.ERROR for finding in found)
