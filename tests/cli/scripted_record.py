"""The part of the scripted api that tells what is kept of a job, and who may be asked."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, JsonValue

from domain.job import AuditLog, JobStatusView, JobView
from domain.job_usage import JobUsage
from domain.model_call import TracePage, TraceView
from domain.prompt import InteractionView, PromptStatus
from domain.skill import RevisionSummary


class Record:
    """What a test writes down."""

    def __init__(self) -> None:
        self.interactions: list[InteractionView] = []
        self.audit = AuditLog(entries=[])
        self.revisions: list[RevisionSummary] = []
        self.content = "# Skill"
        self.diff: dict[str, JsonValue] = {"n": 2, "against": 1, "diff": ""}
        self.groups: dict[str, list[str]] = {}
        self.assignee: str | None = None
        self.usage = JobUsage()
        self.traces: list[TraceView] = []

    def answered(self, interaction: UUID, at: datetime) -> None:
        """A prompt was answered."""
        self.interactions = [
            asked.model_copy(update={"responded_at": at, "status": PromptStatus.RESPONDED, "responded_by": "local"})
            if asked.interaction_id == interaction
            else asked
            for asked in self.interactions
        ]


class Assignment(BaseModel):
    """Body of the assignment."""

    assignee: str | None


class Members(BaseModel):
    """Body of a group."""

    members: list[str]


def record_routes(app: FastAPI, record: Record, job: str, view: Callable[[], JobView]) -> None:
    """The routes below a job, and those of the groups."""

    @app.get(f"{job}/usage")
    async def usage() -> JobUsage:
        return record.usage

    @app.get(f"{job}/traces")
    async def traces(step: str = "", cursor: int = 0) -> TracePage:
        """One on each page, so that a reader must turn them."""
        known = [trace for trace in record.traces if trace.key.startswith(step)]
        more = str(cursor + 1) if cursor + 1 < len(known) else None
        return TracePage(job_id=view().job_id, traces=known[cursor : cursor + 1], next_cursor=more)

    @app.get(f"{job}/interactions")
    async def interactions() -> dict[str, list[InteractionView]]:
        return {"interactions": record.interactions}

    @app.get(f"{job}/audit")
    async def audit() -> AuditLog:
        return record.audit

    @app.get(f"{job}/revisions")
    async def revisions() -> dict[str, list[RevisionSummary]]:
        return {"revisions": record.revisions}

    _comparing(app, record, job)
    _people(app, record, job, view)


def _comparing(app: FastAPI, record: Record, job: str) -> None:
    @app.get(f"{job}/revisions/{{n}}")
    async def revision(n: int) -> dict[str, JsonValue]:
        for known in record.revisions:
            if known.n == n:
                return {**known.model_dump(mode="json"), "content": record.content, "files": ["SKILL.md"]}
        raise HTTPException(404)

    @app.get(f"{job}/revisions/{{n}}/diff")
    async def diff(n: int, against: int | None = None) -> dict[str, JsonValue]:
        return record.diff | {"n": n} | ({"against": against} if against is not None else {})


def _people(app: FastAPI, record: Record, job: str, view: Callable[[], JobView]) -> None:
    @app.put(f"{job}/assignee")
    async def assign(body: Assignment) -> JobView:
        record.assignee = body.assignee
        return view().model_copy(update={"assignee": body.assignee})

    @app.post(f"{job}/reopen", status_code=202)
    async def reopen() -> JobStatusView:
        return JobStatusView.model_validate({name: getattr(view(), name) for name in JobStatusView.model_fields})

    _groups(app, record)


def _groups(app: FastAPI, record: Record) -> None:
    @app.get("/api/v1/groups")
    async def groups() -> dict[str, list[dict[str, JsonValue]]]:
        return {"groups": [{"name": name, "members": list[JsonValue](known)} for name, known in record.groups.items()]}

    @app.put("/api/v1/groups/{name}")
    async def group(name: str, body: Members) -> dict[str, JsonValue]:
        record.groups[name] = body.members
        return {"name": name, "members": list[JsonValue](body.members)}

    @app.get("/api/v1/groups/{name}")
    async def one(name: str) -> dict[str, JsonValue]:
        if name not in record.groups:
            raise HTTPException(404)
        return {"name": name, "members": list[JsonValue](record.groups[name])}
