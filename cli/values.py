"""What a person types, turned into the value of a question. Must not ask and must not send."""

from collections.abc import Sequence

from pydantic import JsonValue

from cli.problems import UsageProblem
from domain.prompt import YOU_DECIDE, Option, Question

YES = frozenset({"y", "yes", "true", "1"})
NO = frozenset({"n", "no", "false", "0"})


class NotAValueError(ValueError):
    """The text is no answer to the question; says what would be."""


def parse(question: Question, text: str) -> JsonValue:
    """The value; nothing typed is "you decide". Choices go by number, id or label. Raises NotAValueError."""
    given = text.strip()
    if not given or given.lower() == YOU_DECIDE:
        return YOU_DECIDE
    if question.type == "boolean":
        return _truth(given)
    if question.type == "single":
        return _choice(question.options, given)
    if question.type == "multi":
        return [_choice(question.options, part.strip()) for part in given.split(",") if part.strip()]
    return given


def settled(questions: Sequence[Question], pairs: Sequence[str]) -> dict[str, JsonValue]:
    """The answers of `--set id=value` flags. Raises UsageProblem that names the questions there are."""
    by_id = {question.id: question for question in questions}
    answers: dict[str, JsonValue] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or name not in by_id:
            known = ", ".join(by_id) or "none: this prompt asks no questions"
            raise UsageProblem(
                f"--set {pair!r} names no question.", why=f"known: {known}", next_step="use --set ID=VALUE"
            )
        try:
            answers[name] = parse(by_id[name], text)
        except NotAValueError as error:
            raise UsageProblem(
                f"--set {pair!r} does not answer {name}.", why=str(error), next_step=f"mend --set {name}=…"
            ) from error
    return answers


def _truth(given: str) -> bool:
    if given.lower() in YES | NO:
        return given.lower() in YES
    raise NotAValueError("answer yes or no (or 'you decide')")


def _choice(options: Sequence[Option], given: str) -> str:
    if given.isdigit() and 1 <= int(given) <= len(options) and given not in [option.id for option in options]:
        return options[int(given) - 1].id
    for option in options:
        if given.lower() in (option.id.lower(), option.label.lower()):
            return option.id
    raise NotAValueError(f"{given!r} is none of: {', '.join(option.id for option in options)} (or 'you decide')")
