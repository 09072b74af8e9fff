"""How long it takes until work goes on after a blow. Pure: from moments that others wrote down.

From the kill, or the end of a stop, until
- worker, PostgreSQL: the first event that any job tells of afterwards (`job_events`, by the database's clock): only a
  worker that works on a database that answers can have told it;
- Temporal: the first piece of work that it hands to a worker afterwards (a step, or a workflow's next move, in any
  job's history): steps that ran when it was hit may tell of themselves while it is away;
- api: the answer to the first request that was sent afterwards.

`first` is the first such moment of any job; `each` that of every job which was at work (told its last event as running)
when the blow fell, and shows how long an unlucky one hangs. A blow after which nothing was left to do counts for
nothing. Blows follow each other within seconds, so that a recovery may contain the next blow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tests.chaos.books import Event
from tests.chaos.faults import Struck


@dataclass(frozen=True)
class Moments:
    """What was seen of one seed: events and handed-out work by job, requests as (sent, answered)."""

    events: Mapping[str, Sequence[Event]]
    moves: Mapping[str, Sequence[datetime]]
    requests: Sequence[tuple[datetime, datetime]]


@dataclass
class Recoveries:
    """Seconds by kind of blow."""

    first: dict[str, list[float]] = field(default_factory=dict)
    each: dict[str, list[float]] = field(default_factory=dict)

    def add(self, struck: Sequence[Struck], seen: Moments) -> None:
        """Count the blows of one seed."""
        for one in struck:
            waits = after(one, seen)
            if waits:
                self.first.setdefault(one.blow.name, []).append(min(waits.values()))
            at_work = [wait for job, wait in waits.items() if job in working(one.began, seen)]
            self.each.setdefault(one.blow.name, []).extend(at_work)


def after(struck: Struck, seen: Moments) -> dict[str, float]:
    """Seconds until each job's next progress; under "" for the api, which serves all."""
    if struck.blow.part == "api":
        sent = [answered for began, answered in seen.requests if began > struck.ended]
        return {"": (min(sent) - struck.ended).total_seconds()} if sent else {}
    if struck.blow.part == "temporal":
        moments: Mapping[str, Sequence[datetime]] = seen.moves
    else:
        moments = {job: [event.at for event in events] for job, events in seen.events.items()}
    later = {job: [moment for moment in found if moment > struck.ended] for job, found in moments.items()}
    return {job: (min(found) - struck.ended).total_seconds() for job, found in later.items() if found}


def working(moment: datetime, seen: Moments) -> set[str]:
    """The jobs that were at work: they had begun, and what they told last was no prompt and no end."""
    before = {job: [event for event in events if event.at <= moment] for job, events in seen.events.items()}
    return {job for job, events in before.items() if events and events[-1].status == "running"}


def percentile(values: Sequence[float], share: float) -> float:
    """The value under which this share lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
