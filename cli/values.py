"""What a person types on one line, or gives with `--set`, as the fields of a form. Must not ask and must not send.

The values are made by `domain/answering/forms.py`, the same for page and terminal.
"""

from collections.abc import Sequence

from pydantic import JsonValue

from cli.problems import UsageProblem
from domain.answering.forms import ANSWERS, FormField, NotAValueError, typed
from domain.prompt import YOU_DECIDE

YES = frozenset({"y", "yes"})


def short(name: str) -> str:
    """The name a person uses: `q1` for `answers.q1`."""
    return name.removeprefix(ANSWERS)


def parts(field: FormField, text: str) -> list[str]:
    """What was typed on one line; where several choices may be made, each by itself."""
    if field.kind == "long_text":
        return [text]
    return [part.strip() for part in text.split(",") if part.strip()] if field.kind == "multi" else [text.strip()]


def chosen(field: FormField, text: str) -> str:
    """A choice meant by its id, its number or its label becomes its id, whatever the case; other words stay."""
    given = text.strip().casefold()
    if field.decide and given == YOU_DECIDE:
        return YOU_DECIDE
    ids = [option.id for option in field.choices]
    for option in field.choices:
        if given in (option.id.casefold(), option.label.casefold()):
            return option.id
    if given.isascii() and given.isdecimal() and 1 <= int(given) <= len(ids):
        return ids[int(given) - 1]
    return text


def settled(fields: Sequence[FormField], pairs: Sequence[str]) -> dict[str, JsonValue]:
    """The fields of `--set name=value` flags, by the field's name. Raises UsageProblem that names those there are."""
    by_name = {short(field.name): field for field in fields}
    values: dict[str, JsonValue] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        field = by_name.get(short(name))
        if not equals or field is None:
            known = ", ".join(by_name) or "none: this prompt has no fields"
            raise UsageProblem(
                f"--set {pair!r} names no question.", why=f"known: {known}", next_step="use --set ID=VALUE"
            )
        try:
            values[field.name] = typed(field, [chosen(field, part) for part in parts(field, text)])
        except NotAValueError as error:
            raise UsageProblem(
                f"--set {pair!r} does not answer {name}.", why=str(error), next_step=f"mend --set {name}=…"
            ) from error
    return values


def read_as(field: FormField | None, value: JsonValue) -> JsonValue:
    """A value from a file as the field means it: texts like those typed, anything else as it is.

    What is no value of the field stays as it is, too: the api says what is wrong with it.
    """
    texts = value if isinstance(value, list) else [value]
    if field is None or not all(isinstance(text, str) for text in texts):
        return value
    try:
        return typed(field, [chosen(field, str(text)) for text in texts])
    except NotAValueError:
        return value
