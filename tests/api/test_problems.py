"""Errors at the edge: every kind has its status, and one that nobody foresaw gives nothing away."""

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse, Response
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api.errors import InvalidRequest, KeyReused, NothingToRetry, PromotionFailed, TemporalUnavailable, WorkflowGone
from api.guard import SECURITY_HEADERS, Guard
from api.problems import Problem, document_of, install
from domain import errors
from domain.errors import SkillFleetError


def secretive(_request: object, problem: Problem) -> Response:
    return PlainTextResponse(problem.detail, problem.status)


@pytest.fixture
def broken() -> FastAPI:
    """An application whose only route has a bug."""
    app = FastAPI()
    install(app, secretive, SECURITY_HEADERS)
    app.add_middleware(Guard)

    @app.get("/api/broken")
    async def fail() -> None:
        raise ZeroDivisionError("the password is hunter2")

    return app


async def test_an_unforeseen_failure_is_a_problem_with_headers_and_without_details(broken: FastAPI) -> None:
    transport = httpx.ASGITransport(broken, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        response = await client.get("/api/broken", headers={"X-Request-Id": "r-1"})
    assert (response.status_code, response.json()["code"]) == (500, "failed")
    assert response.json()["request_id"] == response.headers["X-Request-Id"] == "r-1"
    assert "hunter2" not in response.text
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InvalidRequest("x"), 422, "invalid_request"),
        (errors.InvalidAnswer("x"), 422, "invalid_answer"),
        (KeyReused("x"), 422, "idempotency_key_reused"),
        (errors.AnswerConflict("x"), 409, "answer_conflict"),
        (NothingToRetry("x"), 409, "nothing_to_retry"),
        (errors.PromotionRefused("x"), 409, "promotion_refused"),
        (errors.LibraryConflict("x"), 409, "library_conflict"),
        (errors.JobEnded("x"), 410, "job_ended"),
        (WorkflowGone("x"), 410, "job_ended"),
        (errors.NotFound("x"), 404, "not_found"),
        (PromotionFailed("x"), 500, "promotion_failed"),
        (TemporalUnavailable("x"), 503, "temporal_unavailable"),
        (SkillFleetError("x"), 500, "failed"),
        (OperationalError("q", {}, Exception("x")), 503, "database_unavailable"),
        (PoolTimeout("x"), 503, "database_unavailable"),
        (DataError("q", {}, Exception("x")), 422, "invalid_request"),
        (IntegrityError("q", {}, Exception("x")), 500, "failed"),
    ],
)
def test_each_kind_of_error_has_its_status_and_code(error: Exception, status: int, code: str) -> None:
    problem = document_of(error)
    assert (problem.status, problem.code) == (status, code)
    assert problem.detail


async def test_unknown_routes_and_methods_are_problems(client: httpx.AsyncClient) -> None:
    unknown = await client.get("/api/v1/nothing")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    method = await client.delete("/api/v1/jobs")
    assert (method.status_code, method.json()["code"]) == (405, "method_not_allowed")
    assert unknown.headers["content-type"] == "application/problem+json"
