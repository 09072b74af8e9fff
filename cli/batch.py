"""`create --from FILE`: several jobs from one file. A bad entry is told and does not stop the others.

The file holds one task a line (blank lines and lines that begin with # are left out), or a YAML or JSON list whose
items are tasks or `{task, …options, sources: [FILE]}`.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml
from pydantic import JsonValue, ValidationError

from cli.attaching import attach
from cli.client import Api
from cli.exits import ExitCode
from cli.output import Output
from cli.problems import CliError, UsageProblem
from cli.progress import JobLine, screen_for
from cli.starting import NewJob, new_job, start, with_sources
from domain.job import JobOptions

STDIN = Path("-")
STRUCTURED = frozenset({".json", ".yaml", ".yml"})


def queued(api: Api, out: Output, file: Path, options: dict[str, JsonValue]) -> ExitCode:
    """Start every job of the file and print its id; `options` hold for the entries that say nothing else.

    2 when entries made no sense, 1 when the api did not take some, 0 when all were started.
    """
    entries = read_entries(file)
    failures: list[ExitCode] = []
    for number, entry in enumerate(entries, 1):
        try:
            started = start(api, _job(api, out, entry, options))
        except CliError as error:
            failures.append(error.exit_code)
            out.say(f"entry {number} of {len(entries)}: {_quoted(entry)}")
            for line in error.lines():
                out.say(f"  {line}")
            continue
        screen_for(out).started(JobLine(job_id=started.job_id, status=started.status))
    out.say(f"started {len(entries) - len(failures)} of {len(entries)}; see them: skill-fleet jobs, skill-fleet inbox")
    return _code(failures)


def read_entries(file: Path) -> list[JsonValue]:
    """The entries as they are written. Raises UsageProblem for a file that holds none."""
    try:
        text = sys.stdin.read() if file == STDIN else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageProblem(f"{file} cannot be read.", why=str(error), next_step="give a UTF-8 text file") from error
    first = next(_said(text), "")
    listed = file.suffix.lower() in STRUCTURED or first.startswith(("[", "- "))
    entries = _listed(file, text) if listed else list[JsonValue](_said(text))
    if not entries:
        raise UsageProblem(f"{file} names no job.", next_step="write one task a line, or a list of {task, …options}")
    return entries


def _said(text: str) -> Iterator[str]:
    lines = (line.strip() for line in text.splitlines())
    return (line for line in lines if line and not line.startswith("#"))


def _listed(file: Path, text: str) -> list[JsonValue]:
    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise UsageProblem(
            f"{file} is neither YAML nor JSON.", why=" ".join(str(error).split()), next_step="mend it there"
        ) from error
    if not isinstance(found, list):
        raise UsageProblem(f"{file} holds no list.", next_step="write a list of tasks, or of {task, …options}")
    return found


def _job(api: Api, out: Output, entry: JsonValue, options: dict[str, JsonValue]) -> NewJob:
    if isinstance(entry, str):
        return new_job(entry, options, [])
    if not isinstance(entry, dict) or not isinstance(entry.get("task"), str):
        raise UsageProblem("This is no job.", why="it has no text under `task`", next_step="write a task, or {task: …}")
    own = {str(name): value for name, value in entry.items() if name not in ("task", "sources", "options")}
    nested = entry.get("options")
    own |= nested if isinstance(nested, dict) else {}
    unknown = sorted(own.keys() - JobOptions.model_fields.keys())
    if unknown:
        known = ", ".join(["task", "sources", *JobOptions.model_fields])
        raise UsageProblem(
            f"There is no option {', '.join(unknown)}.", why=f"known: {known}", next_step="mend the name"
        )
    sources = entry.get("sources") or []
    if not isinstance(sources, list):
        raise UsageProblem("`sources` is no list.", next_step="write sources: [notes.md]")
    try:
        new = new_job(str(entry["task"]), options | own, [])
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors(include_input=False)]
        raise UsageProblem("The options do not fit.", why="; ".join(wrong), next_step="mend them") from error
    return with_sources(new, attach(api, out, [Path(str(source)) for source in sources]))


def _quoted(entry: JsonValue) -> str:
    text = str(entry.get("task", entry)) if isinstance(entry, dict) else str(entry)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _code(failures: Sequence[ExitCode]) -> ExitCode:
    """One code for all: the one that all failures share, else 1."""
    if not failures:
        return ExitCode.DONE
    return failures[0] if len(set(failures)) == 1 else ExitCode.FAILED
