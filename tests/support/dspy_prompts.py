"""What a chat-completions request asks for, as one object schema, however DSPy worded it.

Reads a JSON schema in `response_format`, and the prompts of DSPy 3.4's ChatAdapter and JSONAdapter (their field
notes carry types and schemas; ours stand behind the inputs). Anything else is a plain question. Must not make values
or know about HTTP.
"""

import json
import re
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, JsonValue

from tests.support.schema_values import Schema

_HEADER = re.compile(r"^\[\[ ## (\w+) ## \]\]", re.MULTILINE)
_OUTPUTS = re.compile(r"Your output fields are:\n(.*?)\nAll interactions will be structured", re.DOTALL)
_NUMBERED = re.compile(r"^\d+\. `(\w+)`", re.MULTILINE)
_JSON_OUTPUTS = "Outputs will be a JSON object with the following fields.\n\n"
_NOTE = "# note: the value you produce "
_SCHEMA_NOTE = "must adhere to the JSON schema: "
_ONE_OF = re.compile(r"must (?:be|exactly match \(no extra characters\)) one of: (.*)")
_CLOSING = re.compile(
    r"^(?:Your input fields are:\n|Respond with (?:a JSON object|the corresponding output fields)).*",
    re.MULTILINE | re.DOTALL,
)
_ANSWER = re.compile(r"^\[\[ ## answer ## \]\]\n(.*?)(?=^\[\[ ## |\Z)", re.MULTILINE | re.DOTALL)
_QUOTED = 80
_PLAIN = Schema.model_validate({"type": "object", "properties": {"answer": {"type": "string"}}})


class AnswerForm(StrEnum):
    """How the answer's fields are written down."""

    JSON = "json"
    SECTIONS = "sections"  # `[[ ## field ## ]]` … `[[ ## completed ## ]]`
    PLAIN = "plain"  # the one field `answer`, bare


class Message(BaseModel):
    """One chat message; content in parts is read as its texts."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    role: str
    content: str | list[dict[str, JsonValue]] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "\n".join(str(part["text"]) for part in self.content if "text" in part)
        return self.content or ""


class Asked(BaseModel):
    """The fields wanted, the form to answer in, and what the prompt is about (the last user message's inputs).

    `quote`: first words of the input `answer`, which a judge who is asked for a quote can give; "" without that input.
    """

    model_config = ConfigDict(frozen=True)

    form: AnswerForm
    wanted: Schema
    subject: str
    quote: str = ""


def read_prompt(messages: list[Message], response_format: dict[str, JsonValue] | None) -> Asked:
    """What is asked for: the schema sent along wins over the one told in the prompt."""
    users = [message.text for message in messages if message.role == "user"]
    answer = _ANSWER.search(users[-1]) if users else None
    quote = " ".join(answer[1].split())[:_QUOTED] if answer else ""
    return _read(messages, response_format).model_copy(update={"quote": quote})


def _read(messages: list[Message], response_format: dict[str, JsonValue] | None) -> Asked:
    system = "\n".join(message.text for message in messages if message.role in {"system", "developer"})
    users = [message.text for message in messages if message.role == "user"]
    subject = _CLOSING.sub("", _HEADER.sub("", users[-1])).strip() if users else ""
    sent = _sent_schema(response_format)
    if sent is not None:
        return Asked(form=AnswerForm.JSON, wanted=sent, subject=subject)
    told = "\n".join([system, *users[-1:]])
    if _JSON_OUTPUTS in told:
        return Asked(form=AnswerForm.JSON, wanted=_told_as_json(told), subject=subject)
    if response_format is not None:
        return Asked(form=AnswerForm.JSON, wanted=_PLAIN, subject=subject)
    if (outputs := _OUTPUTS.search(system)) is not None:
        names = _NUMBERED.findall(outputs[1])
        return Asked(form=AnswerForm.SECTIONS, wanted=_told_in_sections(system, names), subject=subject)
    return Asked(form=AnswerForm.PLAIN, wanted=_PLAIN, subject=subject)


def _sent_schema(response_format: dict[str, JsonValue] | None) -> Schema | None:
    """OpenAI wraps the schema in `json_schema`; llama.cpp also takes it beside `json_object`."""
    told = response_format or {}
    wrapped = told.get("json_schema")
    schema = wrapped.get("schema") if isinstance(wrapped, dict) else told.get("schema")
    return None if schema is None else Schema.model_validate(schema)


def _told_as_json(told: str) -> Schema:
    start = told.rindex(_JSON_OUTPUTS) + len(_JSON_OUTPUTS)
    notes, _ = json.JSONDecoder().raw_decode(told, start)
    return Schema(type="object", properties={name: _noted(str(note)) for name, note in notes.items()})


def _told_in_sections(system: str, names: list[str]) -> Schema:
    parts = _HEADER.split(system)  # text, name, text, name, text …
    notes = dict(zip(parts[1::2], parts[2::2], strict=True))
    return Schema(type="object", properties={name: _noted(notes.get(name, "")) for name in names})


def _noted(note: str) -> Schema:
    """The schema of one field, from the note DSPy puts behind its placeholder."""
    told = note.partition(_NOTE)[2].strip()
    if told.startswith(_SCHEMA_NOTE):
        schema, _ = json.JSONDecoder().raw_decode(told, len(_SCHEMA_NOTE))
        return Schema.model_validate(schema)
    if (options := _ONE_OF.match(told)) is not None:
        return Schema(enum=[*options[1].split("; ")])
    if told.startswith("must be True or False"):
        return Schema(type="boolean")
    number = re.match(r"must be a single (int|float) value", told)
    return Schema(type="string" if number is None else {"int": "integer", "float": "number"}[number[1]])


def written(value: JsonValue, form: AnswerForm) -> str:
    """The answer's text: `value` holds the fields; a bare string is the text itself."""
    if isinstance(value, str):
        return value
    if form is AnswerForm.SECTIONS and isinstance(value, dict):
        sections = [f"[[ ## {name} ## ]]\n{_shown(field)}" for name, field in value.items()]
        return "\n\n".join([*sections, "[[ ## completed ## ]]"])
    if form is AnswerForm.PLAIN and isinstance(value, dict):
        return "\n".join(_shown(field) for field in value.values())
    return json.dumps(value, ensure_ascii=False)


def _shown(value: JsonValue) -> str:
    if isinstance(value, bool | str):
        return str(value)
    return json.dumps(value, ensure_ascii=False)
