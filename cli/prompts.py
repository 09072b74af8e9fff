"""An open prompt as blocks to read. Must not ask and must not send."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal
from uuid import UUID

from pydantic import JsonValue, ValidationError

from cli.checklist import boxes
from cli.overview import SMALL_NOTICE, evidence, is_small, spend
from cli.understood import near, open_points
from domain.answering.answers import form
from domain.budget import priceless
from domain.evaluation import Arm
from domain.prompt import (
    BudgetData,
    CaseResult,
    ConfirmData,
    HitlType,
    InteractionView,
    PreviewData,
    PromptData,
    PromptView,
    QuestionsData,
    StructureFixData,
    TddData,
    ValidateData,
)
from domain.shape import Shape

QUESTION_KINDS = frozenset({HitlType.CLARIFY, HitlType.DEEP_UNDERSTANDING})
"""Kinds that ask at once, without asking first what shall be done."""

TITLES: Mapping[HitlType, str] = MappingProxyType(
    {
        HitlType.STRUCTURE_FIX: "The name or the description does not fit the rules",
        HitlType.CLARIFY: "Questions",
        HitlType.DEEP_UNDERSTANDING: "More questions",
        HitlType.CONFIRM: "The plan",
        HitlType.TDD_RED: "RED: the cases without the skill",
        HitlType.TDD_GREEN: "GREEN: the cases with the skill",
        HitlType.TDD_REFACTOR: "REFACTOR: the cases with the mended skill",
        HitlType.PREVIEW: "The skill",
        HitlType.VALIDATE: "The validation",
        HitlType.BUDGET: "The budget",
    }
)


class Block(Shape):
    """Some lines of a prompt, and how they are shown."""

    text: str
    how: Literal["title", "text", "markdown", "diff", "rule"] = "text"


def blocks(prompt: PromptView) -> list[Block]:
    """The prompt in words, without its questions: they are asked one by one."""
    if prompt.hitl_type is None:
        return []
    title = TITLES[prompt.hitl_type]
    head = f"{title} (round {prompt.round_number})" if (prompt.round_number or 1) > 1 else title
    data = prompt.prompt_data or {}
    try:
        told = BY_KIND[prompt.hitl_type](data)
    except ValidationError:  # of another version of the api: better told roughly than not at all
        told = [Block(text=f"{name}: {value}") for name, value in data.items()]
    return [Block(text=head, how="title"), *_people(prompt), *told]


def _people(prompt: PromptView) -> list[Block]:
    """Whom it is for and who is looking: two shall not answer the same prompt without knowing."""
    told = [f"for {prompt.assignee}"] if prompt.assignee else []
    told += [f"looking at the job now: {', '.join(prompt.watching)}"] if len(prompt.watching) > 1 else []
    return [Block(text="; ".join(told))] if told else []


def content(prompt: PromptView) -> str:
    """The text that an edit begins with, as far as the prompt shows it; empty when it does not."""
    return str((prompt.prompt_data or {}).get("content") or "")


def closed(job: UUID, asked: InteractionView) -> PromptView:
    """A prompt of the record as it was while it was open, with its form."""
    shape = DATA[asked.interaction_type]
    return PromptView(
        job_id=job,
        status=asked.status,
        hitl_type=asked.interaction_type,
        interaction_id=asked.interaction_id,
        round_number=asked.round_number,
        prompt_data=asked.prompt_data,
        form=form(asked.interaction_type, shape.model_validate(asked.prompt_data)),
    )


def _questions(data: Mapping[str, JsonValue]) -> list[Block]:
    shown = QuestionsData.model_validate(data)
    still = ["Still open:", *(f"  - {line}" for line in open_points(shown.unknown))] if shown.unknown else []
    lines = [shown.summary, *near(shown.research), *still]
    return [Block(text="\n".join(line for line in lines if line))] if any(lines) else []


def _structure_fix(data: Mapping[str, JsonValue]) -> list[Block]:
    fixes = StructureFixData.model_validate(data).suggested_fixes
    return [
        Block(text=f"{fix.field}: {fix.issue}\n  now:       {fix.current}\n  suggested: {fix.suggested}")
        for fix in fixes
    ]


def _confirm(given: Mapping[str, JsonValue]) -> list[Block]:
    data = ConfirmData.model_validate(given)
    estimate = [f"Estimate: {data.estimate.model_calls} model calls. {data.estimate.note}"] if data.estimate else []
    assumptions = ["Assumptions:", *(f"  - {text}" for text in data.key_assumptions)] if data.key_assumptions else []
    plan = ["Plan:", *(f"  - {step}" for step in data.plan)]
    others = f" Others: {', '.join(data.alternatives)}; revise with the name of one." if data.alternatives else ""
    doubt = [f"Is this the right place? {data.unsure}.{others}"] if data.unsure else []
    style = [f"Style: {data.style.replace('_', ' ')}; kind: {data.kind}"] if data.style else []
    beside = [f"The library has {hit.name} for nearly this: {hit.text}" for hit in data.near]
    files = ["Files beside SKILL.md:", *(f"  - {file}" for file in data.files)] if data.files else []
    place = [data.summary, f"Path: {data.path}", *style, *beside, *doubt]
    return [Block(text="\n".join([*place, *plan, *files, *assumptions, *estimate]))]


def _preview(given: Mapping[str, JsonValue]) -> list[Block]:
    data = PreviewData.model_validate(given)
    told = [
        Block(text=f"revision {data.revision}", how="rule"),
        Block(text=data.content, how="markdown"),
        Block(text=f"end of revision {data.revision}", how="rule"),
    ]
    if data.diff:
        told.append(Block(text=f"\nWhat changed since revision {data.against}:"))
        told.append(Block(text=data.diff, how="diff"))
    told.append(Block(text=""))
    told += [Block(text=f"Look at {item.section}: {item.why}") for item in data.highlights]
    if data.evidence:
        told.append(Block(text=f"Evidence: {evidence(data.evidence)}"))
    return [*told, Block(text=SMALL_NOTICE)] if is_small(data.written_by) else told


def _validate(given: Mapping[str, JsonValue]) -> list[Block]:
    data = ValidateData.model_validate(given)
    found = [
        f"{item.severity} {item.code} {item.file}{f':{item.line}' if item.line else ''}: {item.message}"
        + (f" Fix: {item.fix}" if item.fix else "")
        for item in data.findings
    ]
    head = f"Validation of revision {data.revision}: score {data.score:.2f}"
    return [Block(text="\n".join([head, *found])), *([Block(text=data.report)] if data.report and not found else [])]


def _tdd(given: Mapping[str, JsonValue]) -> list[Block]:
    data = TddData.model_validate(given)
    told = ["Every case passed without the skill: no skill seems to be needed."] if data.no_skill_needed else []
    for case in data.cases:
        told.append(f"{case.id} ({case.kind}): {_inset(case.prompt)}")
        told += [f"    expects: {wanted.text}" for wanted in case.expectations]
        own = [result for result in data.results if result.case_id == case.id]
        told += [f"    {_result(result, repeated=any(one.run for one in own))}" for result in own]
    if data.rationalizations:
        told += ["Excuses the agent made, word for word:", *(f"  “{text}”" for text in data.rationalizations)]
    return [Block(text="\n".join(told)), Block(text="\n".join(boxes(data.checklist)))]


def _inset(text: str) -> str:
    """A text of several lines, below its first one."""
    return "\n    ".join(line for line in text.splitlines() if line.strip())


def _result(result: CaseResult, *, repeated: bool) -> str:
    arm = "with the skill" if result.arm is Arm.WITH else "without the skill"
    arm += f", run {result.run + 1}" if repeated else ""
    missed = f"; missed: {', '.join(result.missed)}" if result.missed else ""
    missed += f"; not decided: {', '.join(result.undecided)}" if result.undecided else ""
    words_of_agent = f"\n        “{result.output}”" if result.output and not result.passed else ""
    return f"{'passed' if result.passed else 'FAILED'} {arm}{missed}{words_of_agent}"


def _budget(given: Mapping[str, JsonValue]) -> list[Block]:
    data = BudgetData.model_validate(given)
    limits = spend(data.limit.calls, data.limit.tokens, data.limit.usd) or "none"
    spent = spend(data.spent.calls, data.spent.tokens, data.spent.usd)
    spent += ", price unknown" if priceless(data.spent) else ""
    told = [data.reason, f"Spent: {spent}", f"Limit: {limits}"]
    if data.estimate:
        told.append(f"Still to come: about {data.estimate.model_calls} model calls. {data.estimate.note}")
    return [Block(text="\n".join(text for text in told if text))]


DATA: Mapping[HitlType, type[PromptData]] = MappingProxyType(
    {
        HitlType.STRUCTURE_FIX: StructureFixData,
        HitlType.CLARIFY: QuestionsData,
        HitlType.DEEP_UNDERSTANDING: QuestionsData,
        HitlType.CONFIRM: ConfirmData,
        HitlType.TDD_RED: TddData,
        HitlType.TDD_GREEN: TddData,
        HitlType.TDD_REFACTOR: TddData,
        HitlType.PREVIEW: PreviewData,
        HitlType.VALIDATE: ValidateData,
        HitlType.BUDGET: BudgetData,
    }
)
"""The shape of `prompt_data` of each kind."""

BY_KIND: Mapping[HitlType, Callable[[Mapping[str, JsonValue]], list[Block]]] = MappingProxyType(
    {
        HitlType.STRUCTURE_FIX: _structure_fix,
        HitlType.CLARIFY: _questions,
        HitlType.DEEP_UNDERSTANDING: _questions,
        HitlType.CONFIRM: _confirm,
        HitlType.TDD_RED: _tdd,
        HitlType.TDD_GREEN: _tdd,
        HitlType.TDD_REFACTOR: _tdd,
        HitlType.PREVIEW: _preview,
        HitlType.VALIDATE: _validate,
        HitlType.BUDGET: _budget,
    }
)
"""How each kind is told."""
