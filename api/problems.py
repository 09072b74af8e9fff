"""Errors as RFC 9457 problem documents: the one edge at which they are translated. Each says what, why and what to do.

A person's browser gets the same as a page (`api/pages/problem.py` is the renderer); programs always get JSON.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import MappingProxyType

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import Field
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from api.errors import (
    InvalidRequest,
    JobNotEnded,
    KeyReused,
    Lacking,
    NotAllowed,
    NotBegun,
    NotCurrent,
    NothingToPromote,
    NothingToReopen,
    NothingToRetry,
    PromotionFailed,
    RetentionOff,
    SkillYanked,
    StillAtWork,
    TemporalUnavailable,
    TimedOut,
    TooLarge,
    TryLater,
    WorkflowGone,
)
from domain.errors import (
    AnswerConflict,
    InvalidAnswer,
    JobEnded,
    LibraryConflict,
    NotFound,
    PromotionRefused,
    SkillFileError,
    SkillFleetError,
)
from domain.library.promotion import Missing
from domain.shape import StrictShape
from domain.sniff import UnsupportedFile

MEDIA_TYPE = "application/problem+json"

TOO_LARGE = (
    "The body is larger than this route takes: 512 KB; a file for `POST /sources` 20 MB, an archive 50 MB. Send less, "
    "or send what a job shall read to `POST /sources`, file by file, and name its `source_id`."
)

log = structlog.get_logger("api")

Page = Callable[[Request, "Problem"], Response]
Told = Callable[[Request, Exception], Response]


class Problem(StrictShape):
    """A problem document. `errors` maps a field (`answers.q1`) to its message; `standing` is the answer that holds;
    `missing` is what a draft lacks before it may be published."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str = ""
    request_id: str = ""
    code: str = Field(examples=["invalid_request"])
    errors: dict[str, str] = {}
    standing: dict[str, str] = {}
    missing: list[Missing] = []


class Kind(StrictShape):
    """How one class of errors is told."""

    status: int
    code: str
    title: str


KINDS: Mapping[type[SkillFleetError], Kind] = MappingProxyType(
    {
        InvalidRequest: Kind(status=422, code="invalid_request", title="The request does not fit"),
        InvalidAnswer: Kind(status=422, code="invalid_answer", title="The answer does not fit the prompt"),
        KeyReused: Kind(status=422, code="idempotency_key_reused", title="The key was used for something else"),
        AnswerConflict: Kind(status=409, code="answer_conflict", title="Another answer stands"),
        JobNotEnded: Kind(status=409, code="job_not_ended", title="The job has not ended"),
        NotBegun: Kind(status=409, code="not_begun", title="The job has not begun"),
        NothingToReopen: Kind(status=409, code="nothing_to_reopen", title="Nothing waits to be asked again"),
        NothingToRetry: Kind(status=409, code="nothing_to_retry", title="Nothing waits to be retried"),
        NothingToPromote: Kind(status=409, code="nothing_to_promote", title="There is nothing to publish"),
        PromotionRefused: Kind(status=409, code="promotion_refused", title="The draft may not be published"),
        LibraryConflict: Kind(status=409, code="library_conflict", title="The library does not allow this now"),
        NotCurrent: Kind(status=409, code="not_current", title="These bytes are a version that is not read now"),
        RetentionOff: Kind(status=409, code="retention_off", title="Retention is off"),
        StillAtWork: Kind(status=409, code="still_at_work", title="The same request is still at work"),
        JobEnded: Kind(status=410, code="job_ended", title="The job has ended"),
        WorkflowGone: Kind(status=410, code="job_ended", title="The job's workflow has ended"),
        SkillYanked: Kind(status=410, code="skill_yanked", title="The skill was withdrawn"),
        NotAllowed: Kind(status=403, code="not_allowed", title="Not allowed"),
        NotFound: Kind(status=404, code="not_found", title="Not found"),
        PromotionFailed: Kind(status=500, code="promotion_failed", title="The promotion failed"),
        SkillFileError: Kind(status=500, code="library_broken", title="The library cannot be read"),
        TooLarge: Kind(status=413, code="too_large", title="Too large"),
        UnsupportedFile: Kind(status=415, code="unsupported_file", title="Not a kind of file that is taken"),
        TemporalUnavailable: Kind(status=503, code="temporal_unavailable", title="Temporal cannot be reached"),
        TimedOut: Kind(status=503, code="timed_out", title="The request took too long"),
    }
)

AWAY = 2
"""Seconds after which to try again while the database or Temporal is away."""

DATABASE_DOWN = Problem(
    title="The database cannot be reached",
    status=503,
    code="database_unavailable",
    detail="PostgreSQL does not answer. What was accepted before is safe. Start it again (`skill-fleet up`, or see "
    "`skill-fleet doctor`), then repeat the request.",
)


_NO_SUCH: Mapping[str, str] = MappingProxyType(
    {
        "job_id": "There is no such job: its id is not a job's id.",
        "n": "There is no such revision: revisions are numbered from 1. The job's list has them: …/revisions.",
    }
)


def problem_response(problem: Problem, request_id: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The document as a response."""
    content = problem.model_copy(update={"request_id": request_id}).model_dump(mode="json")
    for optional in ("errors", "standing", "missing"):
        if not content[optional]:
            del content[optional]
    return JSONResponse(content, problem.status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def problem_of(error: SkillFleetError) -> Problem:
    """The document of one of our own errors."""
    kind = next((KINDS[known] for known in type(error).__mro__ if known in KINDS), None)
    kind = kind or Kind(status=500, code="failed", title="The request failed")
    fields = error.fields if isinstance(error, InvalidRequest | InvalidAnswer) else {}
    standing = error.standing if isinstance(error, AnswerConflict) else {}
    lacking = error.missing if isinstance(error, Lacking) else []
    return Problem(**kind.model_dump(), detail=str(error), errors=fields, standing=standing, missing=lacking)


def problem_of_database(error: DBAPIError) -> Problem:
    """The document of a database error: away, or given something that it cannot store."""
    if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
        return DATABASE_DOWN
    if isinstance(error, DataError):
        detail = "The request holds characters that cannot be stored (such as NUL). Remove them and send it again."
        return Problem(title="The request does not fit", status=422, code="invalid_request", detail=detail)
    return unexpected()


def problem_of_validation(error: RequestValidationError) -> Problem:
    """FastAPI's own findings, one message per field; an id that cannot be one is simply not found."""
    found = error.errors()
    wrong = next((str(item["loc"][-1]) for item in found if item["loc"][:1] == ("path",)), None)
    if wrong is not None:
        return Problem(title="Not found", status=404, code="not_found", detail=_NO_SUCH.get(wrong, _NO_SUCH["job_id"]))
    fields = {_field(item["loc"]): _message(str(item["type"]), str(item["msg"])) for item in found}
    if any(item["type"] == "json_invalid" for item in found):
        detail = "The body is not JSON. Send a JSON object with `Content-Type: application/json`."
    else:
        detail = "; ".join(f"{name}: {message}" for name, message in fields.items())
    return Problem(
        title="The request does not fit", status=422, code="invalid_request", detail=detail[:2000], errors=fields
    )


def unexpected() -> Problem:
    """What nobody foresaw; the reason is in the log under the request id."""
    return Problem(
        title="The api failed",
        status=500,
        code="failed",
        detail="This is our fault; nothing of yours is lost. The log has the reason under the request id.",
    )


def problem_of_http(error: HTTPException) -> Problem:
    """What the framework refuses by itself: unknown routes, methods, bodies that are too large."""
    known = {
        404: ("not_found", "There is nothing here. The routes are listed in /openapi.json."),
        405: ("method_not_allowed", "This address takes other methods; see /openapi.json."),
        413: ("too_large", TOO_LARGE),
        400: ("not_readable", "The body cannot be read. Send UTF-8 JSON with `Content-Type: application/json`."),
    }
    code, detail = known.get(error.status_code, ("refused", str(error.detail)))
    title = HTTPStatus(error.status_code).phrase
    return Problem(title=title, status=error.status_code, code=code, detail=detail)


def install(app: FastAPI, page: Page, headers: Mapping[str, str]) -> Told:
    """Register the translations, and return the one that middlewares use for errors of their own.

    `page` renders a problem for a browser; `headers` go with unforeseen failures.
    """

    def told(request: Request, error: Exception) -> Response:
        update = {"instance": request.url.path, "request_id": request.state.request_id}
        problem = document_of(error).model_copy(update=update)
        if wants_page(request):
            return page(request, problem)
        return problem_response(problem, request.state.request_id, _later(error, problem))

    def unforeseen(request: Request, error: Exception) -> Response:
        log.error("unforeseen", exc_info=error)
        response = told(request, error)
        # This answer is made outside of every middleware.
        response.headers.update({**headers, "X-Request-Id": request.state.request_id})
        if wants_page(request):
            response.headers["Content-Security-Policy"] += f"; script-src 'nonce-{request.state.nonce}'"
        return response

    for foreseen in (SkillFleetError, RequestValidationError, HTTPException, DBAPIError, PoolTimeout):
        app.add_exception_handler(foreseen, told)
    app.add_exception_handler(Exception, unforeseen)
    return told


def _later(error: Exception, problem: Problem) -> dict[str, str] | None:
    """When the same request may do: what is away is usually back in seconds."""
    if isinstance(error, TryLater):
        return {"Retry-After": str(error.seconds)}
    return {"Retry-After": str(AWAY)} if problem.status == HTTPStatus.SERVICE_UNAVAILABLE else None


def document_of(error: Exception) -> Problem:
    """The document of any error."""
    if isinstance(error, SkillFleetError):
        return problem_of(error)
    if isinstance(error, RequestValidationError):
        return problem_of_validation(error)
    if isinstance(error, HTTPException):
        return problem_of_http(error)
    if isinstance(error, DBAPIError):
        log.warning("the database refused", error=str(error.orig)[:500])
        return problem_of_database(error)
    return DATABASE_DOWN if isinstance(error, PoolTimeout) else unexpected()


def wants_page(request: Request) -> bool:
    """Whether a browser asks for a page of ours."""
    path = request.url.path
    ours = not path.startswith(("/api/", "/static/", "/metrics", "/openapi"))
    return ours and "text/html" in request.headers.get("accept", "")


def _field(loc: tuple[int | str, ...]) -> str:
    """`options.category` for ("body", "options", "category")."""
    parts = [str(part) for part in loc if not isinstance(part, int) or len(loc) > 2]
    return ".".join(parts[1:]) or str(parts[0])


def _message(kind: str, text: str) -> str:
    return {
        "missing": "This field is required.",
        "extra_forbidden": "There is no such field; check its spelling.",
        "model_attributes_type": "Send a JSON object with `Content-Type: application/json`.",
        "json_invalid": "The body is not JSON.",
    }.get(kind, text.removeprefix("Value error, "))
