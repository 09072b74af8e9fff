"""The fields of answer models: texts with bounds, one type per question, and which action reads a field.

One definition is both the check and, through pydantic, the JSON Schema. Must not know a kind of prompt.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StrictBool,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
    create_model,
    field_validator,
)
from pydantic.fields import FieldInfo

from domain.prompt import MAX_ANSWER, MAX_CONTENT, YOU_DECIDE, Option, PromptAction, Question
from domain.text import utf8_problem

NOT_BLANK = r"\S"
"""Found in every text that says something; matched by Python's engine, where it means what `str.strip` means."""

BLANK: tuple[JsonValue, ...] = (None, "", [])
"""What counts as not answered."""

NOT_ANSWERED = "Not answered yet:"

Problem = Callable[[JsonValue], str]
"""What is wrong with a value, in words, given that something is."""


def _utf8(text: str) -> str:
    problem = utf8_problem(text)
    if problem:
        raise ValueError(problem)
    return text


def _bounded(text: str) -> str:
    if len(text) > MAX_ANSWER:
        raise ValueError(f"{len(text)} characters; at most {MAX_ANSWER} are taken.")
    return text


def _fits(text: str) -> str:
    size = len(text.encode())
    if size > MAX_CONTENT:
        raise ValueError(f"{size} bytes; at most {MAX_CONTENT} are taken.")
    return text


def _not_alone(text: str) -> str:
    if text == YOU_DECIDE:
        raise ValueError
    return text


_Text = Annotated[str, AfterValidator(_utf8)]
Words = (
    Annotated[_Text, AfterValidator(_bounded), Field(json_schema_extra={"maxLength": MAX_ANSWER, "long": True})] | None
)
"""A text of a person: feedback or a reason."""

Content = (
    Annotated[_Text, AfterValidator(_fits), Field(json_schema_extra={"maxLength": MAX_CONTENT, "long": True})] | None
)
"""A text edited by hand; it is bounded in bytes, of which the schema can only say the characters."""


def own_text(most: int, pattern: str = NOT_BLANK) -> object:
    """The type of an answer in own words, of at most so many characters."""
    return Annotated[str, Field(strict=True, max_length=most, pattern=pattern), AfterValidator(_utf8)]


Own = own_text(MAX_ANSWER)

_OneOfSeveral: object = Annotated[
    Own, AfterValidator(_not_alone), Field(json_schema_extra={"not": {"const": YOU_DECIDE}})
]
_YouDecide = Literal["you decide"]


_NEEDS = {
    "feedback": "say what shall change.",
    "content": "send the whole text, as it shall be.",
    "reason": "say why.",
}


class Fields(BaseModel):
    """The base of answer models. Frozen; what a kind does not use is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", validate_default=True, regex_engine="python-re")


class AnswersModel(Fields):
    """The field `answers`: one field per thing that is asked, and nothing else."""

    model_config = ConfigDict(extra="forbid")


def used(*actions: PromptAction, title: str, needed: bool = False) -> FieldInfo:
    """Says that these actions read a field, which is called `title`; `needed`: without it they say nothing."""
    read: list[JsonValue] = [str(action) for action in actions]
    extra: dict[str, JsonValue] = {"actions": read, "needed": needed}
    return FieldInfo(title=title, json_schema_extra=extra)


def use_of(field: FieldInfo) -> Mapping[str, JsonValue]:
    """What `used` said of a field; empty for one that no action of the kind reads."""
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}


class AnswerModel(Fields):
    """What every kind of prompt takes. `action` is narrowed to the legal ones; fields that are used say by which."""

    action: PromptAction
    feedback: Words = None
    content: Content = None
    reason: Words = None

    @classmethod
    def reads(cls, name: str, action: object) -> bool:
        """Whether this action reads this field."""
        actions = use_of(cls.model_fields[name]).get("actions")
        return isinstance(actions, list) and action in actions

    @field_validator("feedback", "content", "reason")
    @classmethod
    def _as_needed(cls, text: str | None, info: ValidationInfo) -> str | None:
        name, action = str(info.field_name), info.data.get("action")
        if text and text.strip():
            return text
        if cls.reads(name, action) and use_of(cls.model_fields[name])["needed"]:
            raise ValueError(f"{action} needs {name}: {_NEEDS[name]}")
        return None

    @field_validator("answers", "findings", mode="wrap", check_fields=False)
    @classmethod
    def _only_when_read(cls, value: object, check: ValidatorFunctionWrapHandler, info: ValidationInfo) -> object:
        """An action that does not read them cannot fail for them: half-filled answers do not stop a cancel."""
        if not cls.reads(str(info.field_name), info.data.get("action")):
            return None
        return check({} if info.field_name == "answers" and value is None else value)


def answers_model(fields: Sequence[tuple[object, FieldInfo]]) -> type[AnswersModel]:
    """A model of `answers`. Its fields are known by their aliases, because the id of a question may be any text."""
    definitions: dict[str, Any] = {f"asked_{number}": field for number, field in enumerate(fields)}
    return create_model("Answers", __base__=AnswersModel, **definitions)


def asked(
    name: str,
    kinds: Sequence[object],
    problem: Problem,
    *,
    title: str,
    help: str = "",
    required: bool = False,
    blank: Sequence[JsonValue] = (None,),
    default: JsonValue = None,
) -> tuple[object, FieldInfo]:
    """One field of `answers` that takes any of `kinds`. What is optional may be `blank`, which becomes None."""

    def told(value: JsonValue, check: ValidatorFunctionWrapHandler) -> object:
        if not required and value in blank:
            return None
        try:
            return check(value)
        except ValidationError as error:
            raise ValueError(problem(value)) from error

    nothing = Annotated[None, WithJsonSchema({"enum": list(blank)})]
    union: Any = reduce(or_, [*kinds, *([] if required else [nothing])])
    shown: dict[str, Any] = {"title": title, "description": help or None, "alias": name}
    shown |= {} if default is None else {"json_schema_extra": {"default": default}}
    field: FieldInfo = Field(**shown) if required else Field(None, **shown)
    return Annotated[union, WrapValidator(told)], field


def question_field(question: Question) -> tuple[object, FieldInfo]:
    """The type of a question's value, and how the question is shown."""
    return asked(
        question.id,
        [*_kinds(question), _YouDecide],
        lambda value: question_problem(question, value),
        title=question.text,
        help=question.why,
        required=question.required,
        blank=BLANK,
    )


def _kinds(question: Question) -> list[object]:
    choices = [_one_of(question.options)] if question.options else []
    match question.type:
        case "boolean":
            return [StrictBool]
        case "multi":
            item: Any = reduce(or_, [*choices, _OneOfSeveral])
            return [Annotated[list[item], Field(min_length=1)]]
        case "single":
            return [*choices, Own]
        case "text":
            return [Own]


def _one_of(options: Sequence[Option]) -> object:
    shown: list[JsonValue] = [{"const": option.id, "title": option.label} for option in options]
    return Annotated[Literal[tuple(option.id for option in options)], WithJsonSchema({"anyOf": shown})]


def not_answered(title: str) -> str:
    """What is said of a question that must be answered and is not."""
    return f"{NOT_ANSWERED} {title} ('{YOU_DECIDE}' is a legal answer.)"


def question_problem(question: Question, value: JsonValue) -> str:
    """What is wrong with a value that does not answer the question."""
    if value in BLANK:
        return not_answered(question.text)
    if question.type == "boolean":
        return "Answer true or false."
    if question.type == "multi":
        if isinstance(value, list) and YOU_DECIDE in value:
            return f"'{YOU_DECIDE}' stands alone: send it instead of the list."
        return f"Answer with a list of choices, or of texts of your own of at most {MAX_ANSWER} characters."
    if isinstance(value, str) and len(value) > MAX_ANSWER:
        return f"At most {MAX_ANSWER} characters."
    wrong = utf8_problem(value) if isinstance(value, str) else None
    return wrong or (
        "Answer with a text." if question.type == "text" else "Answer with a choice, or a text of your own."
    )
