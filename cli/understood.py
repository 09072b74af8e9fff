"""`show JOB --understanding`: what was looked up, asked and answered, what it adds up to, and what is open."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from cli.client import Api
from cli.output import Output
from domain.brief import UnderstandingView
from domain.research import OpenPoint, Research


def show(out: Output, api: Api, job: UUID) -> None:
    """Print it, or all of it as JSON. Raises CliError."""
    found = api.get(f"/jobs/{job}/understanding", UnderstandingView)
    if out.json_wanted:
        out.document(found)
        return
    for title, lines in _parts(found).items():
        out.line(title, style="bold")
        for line in lines or ["nothing yet"]:
            out.line(f"  {line}", hang=4)


def open_points(unknown: Sequence[OpenPoint]) -> list[str]:
    """What is still open, a line each, with what it changes."""
    return [f"{one.point} {one.changes}".strip() for one in unknown]


def near(research: Sequence[Research]) -> list[str]:
    """The skills that do nearly what is asked for, a line each."""
    hits = [hit for one in research for hit in one.hits if hit.near]
    return [f"{hit.name} does nearly this: {hit.why}. {hit.text}" for hit in hits]


def _parts(found: UnderstandingView) -> dict[str, list[str]]:
    readiness = [] if found.readiness is None else [f"readiness {found.readiness:.0%}"]
    understood = [found.summary, found.user_problem, *(f"goal: {goal}" for goal in found.user_goals), *readiness]
    answers = {answer.question: answer.answer for answer in found.answers}
    asked = [f"round {one.round}: {one.text} {_answer(answers.get(one.text))}" for one in found.questions]
    return {
        "Looked up": list(_looked_up(found.research)),
        "Asked": asked,
        "Understood": [line for line in understood if line],
        "Still open": open_points(found.unknown),
    }


def _answer(answer: str | None) -> str:
    return "(no answer: left to the model, or open)" if answer is None else f"→ {answer}"


def _looked_up(research: Sequence[Research]) -> Iterator[str]:
    for one in research:
        yield f"“{one.query}” in the {'library' if one.where == 'library' else 'sources'}: {len(one.hits)} found"
        yield from (f"  {hit.name} ({hit.score:.2f}; {hit.why})" for hit in one.hits)
