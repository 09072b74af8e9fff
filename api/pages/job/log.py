"""A job's log in words for people: one line for each event of its record."""

from collections.abc import Mapping
from datetime import datetime

from api.pages.job.asked import TITLES
from domain.answering.answers import words_of
from domain.job import JobEvent, Phase
from domain.prompt import HitlType, PromptAction
from domain.shape import Shape

MOST_LINES = 200
"""Lines of the log on a page; the record has them all."""

PHASE_WORDS: Mapping[Phase, str] = {
    Phase.REFINEMENT: "Refine the request",
    Phase.UNDERSTANDING: "Understand",
    Phase.PLANNING: "Plan",
    Phase.TDD_RED: "Try without the skill",
    Phase.GENERATION: "Write",
    Phase.TDD_REFACTOR: "Answer what fails",
    Phase.PREVIEW: "Preview",
    Phase.VALIDATION: "Validate",
    Phase.PROMOTION: "Publish",
}


class Line(Shape):
    """One event as a line; `phase` in words, empty before the first."""

    seq: int
    at: datetime | None
    phase: str
    words: str


def line_of(event: JobEvent) -> Line:
    """An event in words."""
    return Line(
        seq=event.seq,
        at=event.created_at,
        phase=PHASE_WORDS[event.phase] if event.phase else "",
        words=_words(event),
    )


def _words(event: JobEvent) -> str:
    """What the event says, with the names that the page has for what is asked."""
    kind = event.data.get("hitl_type")
    if event.type == "prompt" and kind in [*HitlType]:
        return f"Your turn: {TITLES[HitlType(str(kind))]}"
    said = event.message or event.type.replace("_", " ")
    chosen = event.data.get("action")
    for known, title in TITLES.items():
        said = said.replace(f" answered {known}: ", f" answered “{title}”: ")
        if chosen in [*PromptAction] and said.endswith(f"“{title}”: {chosen}"):
            said = f"{said.removesuffix(str(chosen))}{words_of(known, PromptAction(str(chosen)))}"
    return said
