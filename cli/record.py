"""`show JOB --record`: all that is kept of a job, for an archive or for a reader. Must not change anything."""

from uuid import UUID

from pydantic import JsonValue

from cli.client import Api
from cli.feed import Feed
from cli.output import Output
from cli.overview import overview
from domain.job import AuditEntry, AuditLog, JobEvent, JobView
from domain.prompt import InteractionView
from domain.shape import Shape, StrictShape
from domain.skill import RevisionSummary

LONGEST = 200
"""Characters of one answer in the readable record; the JSON has all of it."""


class Interactions(Shape):
    """`GET /jobs/{id}/interactions`, oldest first."""

    interactions: list[InteractionView]


class Revisions(Shape):
    """`GET /jobs/{id}/revisions`, oldest first."""

    revisions: list[RevisionSummary]


class JobRecord(StrictShape):
    """What `show JOB --record --json` prints."""

    job: JobView
    interactions: list[InteractionView]
    audit: list[AuditEntry]
    revisions: list[RevisionSummary]
    events: list[JobEvent]


def of(api: Api, job: UUID) -> JobRecord:
    """The record as it is now; events up to the present one. Raises CliError."""
    return JobRecord(
        job=api.get(f"/jobs/{job}", JobView),
        interactions=api.get(f"/jobs/{job}/interactions", Interactions).interactions,
        audit=api.get(f"/jobs/{job}/audit", AuditLog).entries,
        revisions=api.get(f"/jobs/{job}/revisions", Revisions).revisions,
        events=_events(api, job),
    )


def show(out: Output, record: JobRecord) -> None:
    """Print it: one JSON document, or what happened in words."""
    if out.json_wanted:
        out.document(record)
        return
    parts = {
        "Job": overview(record.job),
        "Prompts": [_prompt(asked) for asked in record.interactions],
        "Answers": [_answer(entry) for entry in record.audit],
        "Revisions": [_revision(revision) for revision in record.revisions],
        "Events": [_event(event) for event in record.events],
    }
    for title, lines in parts.items():
        out.line(title, style="bold")
        for line in lines or ["none"]:
            out.line(f"  {line}")


def _events(api: Api, job: UUID) -> list[JobEvent]:
    """Every event so far; a job that runs on is not waited for."""
    feed = Feed(api, job)
    events: list[JobEvent] = []
    for frame in feed.frames():
        if frame.new:
            events.append(frame.event)
        if feed.caught_up:
            break
    return events


def _prompt(asked: InteractionView) -> str:
    by = f" by {asked.responded_by} over {asked.channel}" if asked.responded_by else ""
    reminded = f", {asked.reminders} reminders" if asked.reminders else ""
    revision = f", revision {asked.revision}" if asked.revision else ""
    head = f"{asked.created_at:%Y-%m-%d %H:%M} {asked.interaction_type} round {asked.round_number}{revision}"
    return f"{head}: {asked.status}{by}{reminded}"


def _answer(entry: AuditEntry) -> str:
    revision = f" on revision {entry.revision}" if entry.revision else ""
    note = f" ({entry.note})" if entry.note else ""
    head = f"{entry.received_at:%Y-%m-%d %H:%M} {entry.person} over {entry.channel}: {entry.hitl_type or 'prompt'}"
    return f"{head} {entry.action}{revision}, {entry.outcome}{note}{_said(entry.body)}"


def _said(body: dict[str, JsonValue]) -> str:
    parts = {name: value for name, value in body.items() if value and name not in ("action", "interaction_id")}
    text = "; ".join(f"{name}: {value}" for name, value in parts.items())
    short = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return f" – {' '.join(short.split())}" if short else ""


def _revision(revision: RevisionSummary) -> str:
    wanted = f", wanted: {revision.feedback}" if revision.feedback else ""
    changed = f", changed: {'; '.join(revision.changes)}" if revision.changes else ""
    head = f"{revision.n} {revision.created_at:%Y-%m-%d %H:%M} by {revision.made_by} {revision.digest[:12]}"
    return f"{head}{wanted}{changed}"


def _event(event: JobEvent) -> str:
    at = f"{event.created_at:%Y-%m-%d %H:%M:%S} " if event.created_at else ""
    return f"{event.seq} {at}{event.type} {event.phase or '-'} {event.progress} %: {event.message}"
