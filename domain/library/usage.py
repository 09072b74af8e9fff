"""A use of a skill as an agent reports it, and what became of the report. Texts of agents are data: nothing here may
reach a prompt."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from domain.shape import Shape, StrictShape

MOST_EVENTS = 100
"""Events of one request."""

LONGEST_NOTE = 2_000
"""Characters of a note."""

AHEAD, BEHIND = timedelta(minutes=5), timedelta(days=90)
"""How far the clock of a reporter may be ahead of ours, and how late a use may be reported."""


class UsageOutcome(StrEnum):
    """Whether the skill did what it is for."""

    SUCCESS = "success"
    FAILURE = "failure"
    UNKNOWN = "unknown"


class UsageReport(StrictShape):
    """One use. `event_id` is chosen by the reporter: the same id counts once, and a second report under it only
    settles an outcome that was unknown. `skill`: `name`, `category/name` or an alias; `used_at`: now, unless given."""

    event_id: UUID
    skill: Annotated[str, Field(min_length=1, max_length=140, examples=["writing-release-notes"])]
    version: Annotated[str | None, Field(max_length=40)] = None
    digest: Annotated[str | None, Field(max_length=80)] = None
    agent: Annotated[str, Field(min_length=1, max_length=120, examples=["claude-code"])]
    session: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    outcome: UsageOutcome = UsageOutcome.UNKNOWN
    note: Annotated[str | None, Field(max_length=LONGEST_NOTE)] = None
    used_at: AwareDatetime | None = None


class UsageBatch(StrictShape):
    """Several uses at once; each is judged for itself."""

    events: Annotated[list[UsageReport], Field(min_length=1, max_length=MOST_EVENTS)]


class Received(StrEnum):
    """What became of one report."""

    KEPT = "kept"
    SETTLED = "settled"
    """The use was known; its outcome is now known too."""
    KNOWN = "known"
    REFUSED = "refused"


class UsageResult(Shape):
    """One report's fate. `skill` is the name it is counted under; `problem` says why it was refused."""

    event_id: UUID
    result: Received
    skill: str | None = None
    problem: str | None = None


class UsageReceipt(Shape):
    """Answer to `POST /usage`: one result an event, in their order."""

    results: list[UsageResult]

    @property
    def changed(self) -> bool:
        """Whether anything new is on record."""
        return any(one.result in (Received.KEPT, Received.SETTLED) for one in self.results)

    @property
    def refused(self) -> dict[str, str]:
        """What was refused: field → why."""
        return {
            f"events.{place}.skill" if len(self.results) > 1 else "skill": one.problem or ""
            for place, one in enumerate(self.results)
            if one.result is Received.REFUSED
        }


def time_problem(used_at: datetime, now: datetime) -> str | None:
    """Why a time of use cannot be true, or None."""
    if used_at > now + AHEAD:
        return f"used_at lies in the future ({used_at.isoformat()}); set the clock, or leave it out."
    if used_at < now - BEHIND:
        return f"used_at lies more than {BEHIND.days} days back ({used_at.isoformat()}); it is too late to count it."
    return None
