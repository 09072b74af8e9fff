"""The inputs of the page's answer form: from values to boxes and texts, and from a sent form back to values.

Which fields there are is read from the prompt's form (`domain/answering/forms.py`), so that the page asks what every
client asks.
"""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from api.errors import InvalidRequest
from api.pages.forms import Form, parsed
from domain.answering.forms import ANSWERS, FormField, NotAValueError, fields, gathered, typed, value_in, written
from domain.prompt import YOU_DECIDE, AnswerDraft, AnswerRequest, PromptAction
from domain.shape import Shape

MARKED = "Please look at the marked fields."


class Input(Shape):
    """One field as it stands in the page: boxes that are ticked, texts of one's own, or one text."""

    field: FormField
    ticked: list[str] = []
    own: list[str] = []
    decided: bool = False
    text: str = ""
    wrong: str = ""

    @property
    def name(self) -> str:
        """The name of the control in the page; it has been this since version 0.1, and pages may still be open."""
        return input_name(self.field)

    @property
    def id(self) -> str:
        """The question's id, for the controls beside the main one; the field's name where there are none."""
        return self.field.name.removeprefix(ANSWERS)

    @property
    def texts(self) -> list[str]:
        """What a person said, as `typed` reads it. A text of one's own counts more than the box that is ticked."""
        if self.decided:
            return [YOU_DECIDE]
        if self.field.kind == "multi":
            return [*self.ticked, *self.own]
        if self.field.kind in ("single", "boolean"):
            return self.own or self.ticked
        return [self.text] if self.text else []


def input_name(field: FormField) -> str:
    """`q.<id>` for a question, else the field's own name."""
    return f"q.{field.name.removeprefix(ANSWERS)}" if field.name.startswith(ANSWERS) else field.name


def sent(form: Form, schema: Mapping[str, JsonValue]) -> list[Input]:
    """Every field of the prompt's form as it was sent."""
    return [_sent(form, field) for field in fields(schema)]


def filled(
    schema: Mapping[str, JsonValue], draft: AnswerDraft | None, content: str, errors: Mapping[str, str]
) -> list[Input]:
    """Every field of the prompt's form with what the person began to write, else what the form proposes.

    `content`: what editing starts from.
    """
    begun = draft.model_dump(exclude_none=True) if draft else {}
    shown = []
    for field in fields(schema):
        proposed = content if field.name == "content" else field.default
        begin = value_in(field, begun)
        value = proposed if begin is None else begin
        shown.append(_filled(field, value).model_copy(update={"wrong": errors.get(field.name, "")}))
    return shown


def answer_request(form: Form, schema: Mapping[str, JsonValue]) -> AnswerRequest:
    """The answer that a sent form means: what its action reads, and feedback always. Raises InvalidRequest by field."""
    action = form.text("action")
    values: dict[str, JsonValue] = {}
    wrong: dict[str, str] = {}
    for entry in sent(form, schema):
        field = entry.field
        if action not in field.actions and field.name != "feedback":
            continue
        try:
            values[field.name] = typed(field, entry.texts)
        except NotAValueError as error:
            wrong[field.name] = f"{field.title}: {error}."
    if wrong:
        raise InvalidRequest(MARKED, wrong)
    return parsed(AnswerRequest, {"interaction_id": form.text("interaction_id"), "action": action, **gathered(values)})


def left_over(inputs: Sequence[Input], action: str) -> list[Input]:
    """What a person wrote for a prompt that is closed now; a text that was only shown for editing is none of it."""
    meant = [entry for entry in inputs if entry.field.name != "content" or action == PromptAction.EDIT]
    return [entry for entry in meant if entry.texts]


def _sent(form: Form, field: FormField) -> Input:
    name, id_ = input_name(field), field.name.removeprefix(ANSWERS)
    if field.kind not in ("single", "multi", "boolean"):
        return Input(field=field, text=form.text(name), decided=field.decide and form.ticked(f"decide.{id_}"))
    return Input(
        field=field,
        ticked=[text for text in form.texts(name) if text.strip()],
        own=[text for text in form.texts(f"own.{id_}") if text.strip()],
        decided=field.decide and form.ticked(f"decide.{id_}"),
    )


def _filled(field: FormField, value: JsonValue) -> Input:
    if field.decide and value == YOU_DECIDE:
        return Input(field=field, decided=True)
    texts = written(field, value)
    if field.kind not in ("single", "multi", "boolean"):
        return Input(field=field, text=texts[0] if texts else "")
    boxes = {"true", "false"} if field.kind == "boolean" else {option.id for option in field.choices}
    return Input(
        field=field,
        ticked=[text for text in texts if text in boxes],
        own=[text for text in texts if text not in boxes],
    )
