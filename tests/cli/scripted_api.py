"""A real HTTP server that plays the api's contract with a job that a test writes down.

A test sets `job`, `events` and `prompt`, may queue `faults` for a route, and says in `on_answer` how the job goes on.
"""

import asyncio
import socket
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from pydantic import BaseModel, JsonValue, ValidationError

from cli.prompts import DATA
from domain.answering.answers import form
from domain.evaluation import EvaluationView, Evidence
from domain.job import (
    JobEvent,
    JobPage,
    JobStatus,
    JobStatusView,
    JobSummary,
    JobView,
    PendingItem,
    PendingPage,
    Phase,
    StoppedJob,
)
from domain.library.promotion import DraftView, Standing
from domain.library.views import SkillCard, SkillPage
from domain.prompt import AnswerReceipt, AnswerRequest, HitlType, InteractionView, PromptStatus, PromptView
from domain.skill import SkillStatus, SkillSummary
from tests.cli.scripted_record import Record, record_routes
from tests.support.quick_server import QuickServer

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
POLL = 0.02


class Seen(BaseModel):
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    query: str = ""
    body: JsonValue = None


class Fault(BaseModel):
    """An answer to give instead of the right one."""

    status: int
    body: dict[str, JsonValue] = {}
    headers: dict[str, str] = {}


class Script:
    """What the server knows and what it saw."""

    def __init__(self) -> None:
        self.job = JobView(
            job_id=uuid4(), user_id="local", status=JobStatus.RUNNING, task_description="handle user data safely"
        )
        self.events: list[JobEvent] = []
        self.prompt: PromptView | None = None
        self.faults: dict[str, list[Fault]] = defaultdict(list)
        self.seen: list[Seen] = []
        self.cuts: list[int] = []
        self.on_answer: Callable[[AnswerRequest], None] = lambda _: None
        self.ready: dict[str, JsonValue] = {"status": "ok", "checks": {}}
        self.ready_code = 200
        self.skills: list[SkillSummary] = []
        self.record = Record()
        self.promotes = True
        self.evaluation = EvaluationView(
            job_id=self.job.job_id,
            cases=[],
            runs=[],
            evidence=Evidence(status="measured", with_=0.75, without=0.25, delta=0.5, n=4),
        )
        self.due: datetime | None = None
        self.problems: list[StoppedJob] = []
        self.tokens: list[tuple[str, str]] = []

    def event(
        self, message: str, *, status: JobStatus = JobStatus.RUNNING, kind: str = "phase", **data: object
    ) -> None:
        """Something happens; the job's status follows."""
        self.job = self.job.model_copy(update={"status": status, "current_phase": Phase.GENERATION})
        seq = len(self.events) + 1
        self.events.append(
            JobEvent(
                seq=seq, type=kind, status=status, phase=Phase.GENERATION, progress=seq, message=message, data=data
            )
        )

    def asks(self, kind: HitlType, data: dict[str, JsonValue], status: JobStatus = JobStatus.PENDING_HITL) -> UUID:
        """A prompt opens."""
        interaction = uuid4()
        self.job = self.job.model_copy(update={"hitl_type": kind})
        self.event(f"asks {kind}", status=status, kind="prompt")
        asked = InteractionView(
            interaction_id=interaction,
            interaction_type=kind,
            round_number=1,
            status=PromptStatus.PENDING,
            prompt_data=data,
            created_at=NOW,
        )
        self.record.interactions.append(asked)
        self.prompt = PromptView(
            job_id=self.job.job_id,
            status=status,
            hitl_type=kind,
            interaction_id=interaction,
            prompt_data=data,
            form=form_of(kind, data),
        )
        return interaction

    def ends(self, status: JobStatus, **facts: object) -> None:
        """The job ends."""
        self.prompt = None
        self.job = self.job.model_copy(update={"hitl_type": None, **facts})
        self.event(f"{status}", status=status, kind=str(status))

    def parked(self, error: str) -> None:
        """The job cannot go on until a person mends something."""
        self.job = self.job.model_copy(update={"error": error, "parked_at": NOW})
        self.event(error, kind="problem")

    def promoted(self, path: str = "data/user-data") -> None:
        """The draft lies in the library."""
        self.job = self.job.model_copy(update={"promoted": True, "final_path": path})
        self.skills.append(
            SkillSummary(
                name="user-data",
                description="Handles user data.",
                category="data",
                path=path,
                status=SkillStatus.ACTIVE,
                version="1",
                digest="d",
            )
        )

    def sent(self, path: str) -> list[Seen]:
        """The requests to a path, in order."""
        return [seen for seen in self.seen if seen.path == path]

    @property
    def light(self) -> JobStatusView:
        """The light view of the job."""
        return JobStatusView.model_validate({name: getattr(self.job, name) for name in JobStatusView.model_fields})


def form_of(kind: HitlType, data: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The form as the api makes it; data that a test left out are missing in it, too."""
    shape = DATA[kind]
    try:
        return form(kind, shape.model_validate(data))
    except ValidationError:
        return form(kind, shape.model_construct())  # type: ignore[call-arg]  # that something is missing is the point


def build(script: Script) -> FastAPI:
    """The api of one script."""
    app = FastAPI()
    job = f"/api/v1/jobs/{script.job.job_id}"

    _recording(app, script)
    record_routes(app, script.record, job, lambda: script.job)

    @app.post("/api/v1/skills")
    async def start() -> Response:
        return JSONResponse(script.light.model_dump(mode="json"), 202, headers={"Location": job})

    @app.get(job)
    async def read() -> JobView:
        return script.job

    @app.get(f"{job}/status")
    async def status() -> JobStatusView:
        return script.light

    @app.get(f"{job}/evaluation")
    async def evaluation() -> EvaluationView:
        return script.evaluation

    @app.get(f"{job}/events")
    async def events(request: Request) -> Response:
        after = int(request.headers.get("last-event-id", len(script.events)))
        frames = script.cuts.pop(0) if script.cuts else None
        tokens = script.tokens if request.query_params.get("tokens") == "true" else []
        return StreamingResponse(_stream(script, after, frames, tokens), media_type="text/event-stream")

    _steering(app, script, job)
    _drafts(app, script)
    _library(app, script)
    return app


def _recording(app: FastAPI, script: Script) -> None:
    @app.middleware("http")
    async def record(request: Request, go_on: Callable[[Request], object]) -> Response:
        body = await request.body()
        kind = request.headers.get("content-type", "")
        path = request.url.path.removeprefix("/api/v1")
        seen = Seen(method=request.method, path=path, headers=dict(request.headers), query=request.url.query)
        if body and "json" in kind:
            seen = seen.model_copy(update={"body": await request.json()})
        script.seen.append(seen)
        if script.faults[path]:
            fault = script.faults[path].pop(0)
            return JSONResponse(fault.body, fault.status, headers=fault.headers)
        return await go_on(request)  # type: ignore[misc,no-any-return]


def _steering(app: FastAPI, script: Script, job: str) -> None:
    @app.post(f"{job}/cancel")
    async def cancel() -> JobStatusView:
        script.ends(JobStatus.CANCELLED)
        return script.light

    @app.post(f"{job}/retry", status_code=202)
    async def retry() -> JobStatusView:
        return script.light

    @app.get(f"/api/v1/hitl/{script.job.job_id}/prompt")
    async def prompt() -> PromptView:
        return script.prompt or PromptView(job_id=script.job.job_id, status=script.job.status)

    @app.patch(f"/api/v1/hitl/{script.job.job_id}/draft")
    async def draft() -> dict[str, str]:
        return {}

    @app.post(f"/api/v1/hitl/{script.job.job_id}/response", status_code=202)
    async def answer(request: AnswerRequest) -> AnswerReceipt:
        script.prompt = None
        script.job = script.job.model_copy(update={"hitl_type": None})
        script.record.answered(request.interaction_id, NOW)
        script.on_answer(request)
        return AnswerReceipt(
            outcome="accepted",
            interaction_id=request.interaction_id,
            action=request.action,
            responded_by="local",
            responded_at=NOW,
        )


def _drafts(app: FastAPI, script: Script) -> None:
    @app.get(f"/api/v1/drafts/{script.job.job_id}")
    @app.post(f"/api/v1/drafts/{script.job.job_id}/waivers")
    async def standing_draft() -> DraftView:
        return DraftView(standing=Standing(revision=1, digest="d" * 64, ended=True), missing=[], open_findings=[])

    @app.post(f"/api/v1/drafts/{script.job.job_id}/promote", status_code=202)
    async def promote() -> JobStatusView:
        if script.promotes:
            script.promoted()
        return script.light


def _library(app: FastAPI, script: Script) -> None:
    @app.get("/api/v1/jobs/pending/events")
    async def pending_events(request: Request) -> Response:
        page = await pending()
        state = str(len(page.items))
        known = request.headers.get("last-event-id") == state
        text = ": quiet\n\n" if known else f"id: {state}\nevent: inbox\ndata: {page.model_dump_json()}\n\n"
        return PlainTextResponse(text, media_type="text/event-stream")

    @app.get("/api/v1/jobs/pending")
    async def pending() -> PendingPage:
        if script.prompt is None or script.prompt.hitl_type is None or script.prompt.interaction_id is None:
            return PendingPage(items=[], problems=script.problems)
        item = PendingItem(
            job_id=script.job.job_id,
            task_description=script.job.task_description,
            current_phase=script.job.current_phase,
            status=script.job.status,
            hitl_type=script.prompt.hitl_type,
            interaction_id=script.prompt.interaction_id,
            opened_at=NOW,
            timeout_at=script.due,
            user_id="local",
            assignee=script.record.assignee,
            watching=["bob"],
        )
        return PendingPage(items=[item], problems=script.problems)

    @app.get("/api/v1/jobs")
    async def jobs() -> JobPage:
        known = {name: getattr(script.job, name) for name in JobSummary.model_fields if name != "skill_name"}
        return JobPage(jobs=[JobSummary.model_validate(known)])

    @app.get("/api/v1/skills")
    async def skills() -> SkillPage:
        cards = [SkillCard(**skill.model_dump()) for skill in script.skills]
        return SkillPage(skills=cards, total=len(cards))

    @app.get("/api/v1/taxonomy/xml")
    async def xml() -> Response:
        return PlainTextResponse("<available_skills>ü</available_skills>\n", media_type="application/xml")

    @app.get("/api/v1/health/ready")
    async def ready() -> Response:
        return JSONResponse(script.ready, script.ready_code)


async def _stream(script: Script, after: int, frames: int | None, tokens: list[tuple[str, str]]) -> AsyncIterator[str]:
    """The present state, the events after `after`, then what comes; cut off in the middle of frame `frames`."""
    state = JobEvent(seq=len(script.events), type="state", status=script.job.status, progress=0)
    yield _frame(state)
    for label, text in tokens:
        look = state.model_copy(update={"type": "token", "data": {"label": label, "text": text}})
        yield f"event: token\ndata: {look.model_dump_json()}\n\n"
    sent = 0
    while True:
        while after < len(script.events):
            event = script.events[after]
            if sent == frames:
                yield _frame(event)[:40]
                raise ConnectionError("cut by the test")
            after, sent = after + 1, sent + 1
            yield _frame(event)
        if script.job.status.final:
            return
        yield ": still here\n\n"
        await asyncio.sleep(POLL)


def _frame(event: JobEvent) -> str:
    return f"id: {event.seq}\nevent: {event.type}\ndata: {event.model_dump_json()}\n\n"


class ServerThread:
    """The scripted api on a free port of this machine, or on a given one."""

    def __init__(self, script: Script, port: int = 0) -> None:
        self._socket = socket.create_server(("127.0.0.1", port))
        self.port = int(self._socket.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        config = uvicorn.Config(
            build(script), log_level="critical", ws="none", lifespan="off", timeout_graceful_shutdown=1
        )
        self._server = QuickServer(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the port and every open stream."""
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(10)
        self._socket.close()
