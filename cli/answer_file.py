"""An answer in a file or on stdin, as YAML or JSON: a whole one, or only `{question: value}`. Must not send."""

import json
import sys
from pathlib import Path

import yaml
from pydantic import JsonValue, TypeAdapter, ValidationError

from cli.problems import UsageProblem
from domain.prompt import Answer

STDIN = Path("-")
ANSWER = TypeAdapter(dict[str, JsonValue])


def filed(file: Path, flags: Answer) -> Answer:
    """The answer in a file; flags win over it. Raises UsageProblem."""
    try:
        parsed = ANSWER.validate_python(_parsed(read(file)))
        whole = bool(parsed) and parsed.keys() <= Answer.model_fields.keys()
        found = Answer.model_validate(parsed if whole else {"answers": parsed})
    except (yaml.YAMLError, RecursionError, ValidationError) as error:
        raise UsageProblem(
            f"{file} holds no answer.",
            why=_why(error),
            next_step="write `q1: value`, or `action: revise` and `feedback: …`, as YAML or JSON",
        ) from error
    return found.model_copy(update={name: value for name, value in flags.model_dump().items() if value})


def read(file: Path) -> str:
    """The text of a file, - for stdin. Raises UsageProblem."""
    try:
        return sys.stdin.read() if file == STDIN else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageProblem(f"{file} cannot be read.", why=str(error), next_step="give a UTF-8 text file") from error


def _parsed(text: str) -> object:
    """JSON with its types; in YAML every value is a text, as it was typed: `yes` may be a word, `2026-01-02` a name."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  (the loader that makes nothing but texts)


def _why(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(item["msg"] for item in error.errors(include_input=False))
    return " ".join(str(error).split()) or "it is nested too deeply"
