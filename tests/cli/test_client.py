"""The line to the api: retries what may be retried, once for real, and gives up in a sentence."""

import socket
from collections.abc import Iterator

import httpx
import pytest

from cli.client import WAITS, Api, later
from cli.exits import ExitCode
from cli.jobs import Nothing
from cli.problems import ApiProblem, CliError
from domain.job import JobPage, JobStatusView
from domain.library.views import SkillPage
from tests.cli.scripted_api import Fault, Script, ServerThread


@pytest.fixture
def waited() -> list[float]:
    return []


@pytest.fixture
def line(server: ServerThread, waited: list[float]) -> Iterator[Api]:
    with Api(server.url, sleep=waited.append) as open_line:
        yield open_line


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_read_is_tried_again_while_the_api_is_busy(
    line: Api, script: Script, waited: list[float], status: int
) -> None:
    script.faults["/jobs"] = [Fault(status=status), Fault(status=status)]
    assert line.get("/jobs", JobPage).jobs
    assert waited == list(WAITS[:2])


def test_a_change_keeps_its_key_over_all_tries_and_two_changes_differ(line: Api, script: Script) -> None:
    path = f"/jobs/{script.job.job_id}/retry"
    script.faults[path] = [Fault(status=503)]
    line.post(path, Nothing(), JobStatusView)
    line.post(path, Nothing(), JobStatusView)
    first, again, second = (seen.headers["idempotency-key"] for seen in script.sent(path))
    assert first == again != second


def test_retry_after_is_honoured(line: Api, script: Script, waited: list[float]) -> None:
    script.faults["/jobs"] = [Fault(status=429, headers={"Retry-After": "7"})]
    line.get("/jobs", JobPage)
    assert waited == [7.0]


def test_a_long_retry_after_is_told_instead_of_waited_for(line: Api, script: Script, waited: list[float]) -> None:
    script.faults["/jobs"] = [Fault(status=429, headers={"Retry-After": "3600"})]
    with pytest.raises(ApiProblem):
        line.get("/jobs", JobPage)
    assert waited == []


def test_the_same_request_still_at_work_is_waited_for() -> None:
    request = httpx.Request("POST", "http://here")
    assert later(httpx.Response(409, headers={"Retry-After": "1"}, request=request), 0.3) == 1.0
    assert later(httpx.Response(409, request=request), 0.3) is None


def test_five_tries_are_enough(line: Api, script: Script, waited: list[float]) -> None:
    script.faults["/jobs"] = [Fault(status=503, body={"detail": "no database"})] * 9
    with pytest.raises(ApiProblem, match="cannot reach a part"):
        line.get("/jobs", JobPage)
    assert len(script.sent("/jobs")) == 5
    assert waited == list(WAITS)


@pytest.mark.parametrize("status", [400, 404, 409, 410, 422, 500])
def test_a_refusal_is_not_tried_again(line: Api, script: Script, waited: list[float], status: int) -> None:
    script.faults["/jobs"] = [Fault(status=status)]
    with pytest.raises(ApiProblem):
        line.get("/jobs", JobPage)
    assert waited == []


def test_nobody_there_is_said_after_five_tries(waited: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Api(f"http://127.0.0.1:{port}", sleep=waited.append) as line, pytest.raises(CliError) as caught:
        line.get("/jobs", JobPage)
    assert caught.value.exit_code is ExitCode.FAILED
    assert waited == list(WAITS)


def test_fields_of_a_newer_api_are_ignored(line: Api, script: Script) -> None:
    script.faults["/skills"] = [Fault(status=200, body={"skills": [], "invented_later": 1})]
    assert line.get("/skills", SkillPage).skills == []


def test_something_else_at_the_address_is_named(line: Api, script: Script) -> None:
    script.faults["/skills"] = [Fault(status=200, body={"hello": "world"})]
    with pytest.raises(CliError, match="no Skill Fleet api"):
        line.get("/skills", SkillPage)
