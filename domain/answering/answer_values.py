"""The field `answers` of prompts that ask for values of one's own: a name and a description, or new totals of a budget.

Completes the models of `domain/answering/answer_models.py`; the rules themselves are in `proposals.py` and `budget.py`.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, Strict, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import InitErrorDetails, PydanticCustomError

from domain.answering.answer_fields import AnswersModel, answers_model, asked, own_text
from domain.answering.proposals import description_findings, name_findings
from domain.budget import Budget, exhausted, priceless, raised
from domain.names import LEGAL, MAX_NAME
from domain.prompt import BudgetData, StructureFixData
from domain.rules.format_rules import MAX_DESCRIPTION
from domain.skill import Finding, Severity


def structure_answers(prompt_data: Mapping[str, JsonValue]) -> object:
    """A name and a description that the rules have no error against; what is not given takes the suggestion."""
    data = StructureFixData.model_validate({"skill_name": "", "description": "", "suggested_fixes": [], **prompt_data})
    suggested = {fix.field: fix.suggested for fix in data.suggested_fixes}
    name = _ruled(own_text(MAX_NAME, f"^{LEGAL.pattern}$"), name_findings)
    description = _ruled(own_text(MAX_DESCRIPTION), description_findings)
    model = answers_model(
        [
            asked(
                "skill_name",
                [name],
                _said(name_findings, "Write a name such as `release-notes`, without space around it."),
                title="Name",
                help="1 to 64 of a-z, 0-9 and single hyphens.",
                default=suggested.get("skill_name", data.skill_name),
            ),
            asked(
                "description",
                [description],
                _said(description_findings, "Write what the skill does, and when to use it."),
                title="Description",
                help="What the skill does, and when to use it.",
                default=suggested.get("description", data.description),
            ),
        ]
    )
    return Annotated[model, AfterValidator(_something_own), Field(json_schema_extra={"minProperties": 1})]


def _something_own(answers: AnswersModel) -> AnswersModel:
    if not answers.model_dump(exclude_none=True):
        raise ValueError("Give a name or a description of your own, or accept the suggestions.")
    return answers


def _errors(found: list[Finding]) -> list[Finding]:
    return [finding for finding in found if finding.severity is Severity.ERROR]


def _ruled(kind: object, findings: Callable[[str], list[Finding]]) -> object:
    """A kind of text that the rules have no error against."""

    def checked(text: str) -> str:
        if _errors(findings(text)):
            raise ValueError
        return text

    return Annotated[kind, AfterValidator(checked)]


def _said(findings: Callable[[str], list[Finding]], wanted: str) -> Callable[[JsonValue], str]:
    """The rules' own words; for what none of theirs refuses, what is wanted."""

    def said(value: JsonValue) -> str:
        found = _errors(findings(value)) if isinstance(value, str) and value == value.strip() else []
        words = [text for finding in found for text in (finding.message, finding.fix) if text]
        return " ".join(dict.fromkeys(words)) or wanted

    return said


def _whole(value: object) -> object:
    """JSON knows one kind of number: 5.0 is a whole one."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def budget_answers(prompt_data: Mapping[str, JsonValue]) -> object:
    """New totals, each above what is spent, and none left out that would be reached at once."""
    data = BudgetData.model_validate({"spent": {}, "limit": {}, **prompt_data})
    titles = {"calls": "Model calls", "tokens": "Tokens, in and out", "usd": "US dollars"}
    if priceless(data.spent):
        del titles["usd"]
    model = answers_model([_total(name, title, data) for name, title in titles.items()])

    def enough(answers: AnswersModel) -> AnswersModel:
        _refuse_too_little(data, Budget.model_validate(answers.model_dump(by_alias=True)))
        return answers

    return Annotated[model, AfterValidator(enough)]


def _total(name: str, title: str, data: BudgetData) -> tuple[object, FieldInfo]:
    """One limit: a number above what is spent, within what a budget may be."""
    spent = getattr(data.spent, name) or 0
    kind: Any = float if name == "usd" else int
    bounds = [Strict(), *Budget.model_fields[name].metadata, Field(gt=spent), BeforeValidator(_whole)]
    number: Any = kind
    for bound in bounds:
        number = Annotated[number, bound]
    return asked(
        name,
        [number],
        lambda _: f"Give a number above {spent}, which is spent already: it is the new total.",
        title=title,
        help=f"New total; {spent} spent, limit {getattr(data.limit, name) or 'none'}.",
    )


def _refuse_too_little(data: BudgetData, by: Budget) -> None:
    """A limit that would be reached at once, because it was not raised. As much again is always enough; a limit in
    money that cannot be counted is dropped by any raise."""
    after = raised(data.limit, by) if by.limited else Budget()
    wrong: list[InitErrorDetails] = []
    for name in Budget.model_fields:
        limit = None if name == "usd" and priceless(data.spent) else getattr(after, name)
        why = exhausted(Budget.model_validate({name: limit}), data.spent)
        if why:
            message = PydanticCustomError("budget", "{why}: name a new total here.", {"why": why})
            wrong.append({"type": message, "loc": (name,), "input": getattr(by, name)})
    if wrong:
        raise ValidationError.from_exception_data("Answers", wrong)
