"""How much of a job's thinking is told: nothing but its phases, also what was decided and why, or every model call.

Must not print and must not ask the api.
"""

from enum import StrEnum

from pydantic import ValidationError

from cli.overview import evidence
from domain.evaluation import Evidence
from domain.job import JobEvent
from domain.skill import RevisionSummary

CALL = "progress"
"""Type of the events that name a model call as it is made."""

REVISION = "revision"
"""Type of the event that a revision was written."""

ALWAYS = frozenset(
    {
        "started",
        "phase",
        "prompt",
        "answered",
        "auto_answered",
        "answer_refused",
        "reminder",
        "escalated",
        "reopened",
        "assigned",
    }
    | {"parked", "problem", "trouble", "resumed"}
)
FINAL = frozenset({"completed", "failed", "cancelled"})


class Reasoning(StrEnum):
    """How much is told."""

    OFF = "off"
    SUMMARY = "summary"
    FULL = "full"


def told(event: JobEvent, level: Reasoning) -> bool:
    """True for an event that is shown at this level. What a person must act on is always shown."""
    if level is Reasoning.FULL:
        return True
    if level is Reasoning.SUMMARY:
        return event.type != CALL
    return event.type in ALWAYS | FINAL or event.type.startswith("promotion")


def why(event: JobEvent) -> list[str]:
    """What an event carries of its reasons, one a line; not what its words say already."""
    lines = [f"evidence: {text}" for text in [_evidence(event.data.get("evidence"))] if text]
    for name in ("why", "reason"):
        lines += [f"because: {text}" for text in _texts(event.data.get(name)) if text not in event.message]
    lines += [f"assumes: {text}" for text in _texts(event.data.get("key_assumptions"))]
    return [*lines, *(f"changed: {text}" for text in _texts(event.data.get("changes")))]


def changes(revision: RevisionSummary) -> list[str]:
    """What a person wanted of a revision, and what was changed for it."""
    wanted = [f"you wanted: {revision.feedback}"] if revision.feedback else []
    return [*wanted, *(f"changed: {text}" for text in revision.changes)]


def _evidence(data: object) -> str:
    """Both pass rates; empty while there is only one of them."""
    try:
        found = Evidence.model_validate(data)
    except ValidationError:
        return ""
    return evidence(found) if found.with_ is not None and found.without is not None else ""


def _texts(data: object) -> list[str]:
    if isinstance(data, list):
        return [str(item) for item in data if item]
    return [data] if isinstance(data, str) and data else []
