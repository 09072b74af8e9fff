"""Every error is a sentence with a reason and a next command."""

import httpx
import pytest

from cli.exits import ExitCode
from cli.problems import BY_CODE, BY_STATUS, problem_of, unreachable


def answered(status: int, **body: object) -> httpx.Response:
    return httpx.Response(status, json=body, request=httpx.Request("GET", "http://here/x"))


@pytest.mark.parametrize("status", sorted(BY_STATUS))
def test_each_status_says_what_why_and_what_to_do(status: int) -> None:
    problem = problem_of(answered(status, title="T", detail="the reason", request_id="r-1", code="unheard_of"))
    said = "\n".join(problem.lines())
    assert said.startswith(f"error: {BY_STATUS[status].what}")
    assert "why: the reason" in said
    assert "next: " in said
    assert said.endswith("request: r-1") is (status >= 500)  # of use to who reads the api's log, else noise


@pytest.mark.parametrize("code", sorted(BY_CODE))
def test_each_code_has_its_own_sentence(code: str) -> None:
    assert problem_of(answered(409, code=code)).what == BY_CODE[code].what


def test_fields_are_named_one_by_one() -> None:
    problem = problem_of(answered(422, code="invalid_answer", errors={"answers.q2": "Not answered yet."}))
    assert "  answers.q2: Not answered yet." in problem.lines()
    assert problem.exit_code is ExitCode.USAGE


def test_what_the_fields_say_is_not_said_twice() -> None:
    problem = problem_of(answered(422, detail="task: too short", errors={"task": "too short"}))
    assert [line for line in problem.lines() if "too short" in line] == ["  task: too short"]


def test_the_next_command_names_the_job_that_it_is_about() -> None:
    job = "7b6f2c1e-0d7a-4f0e-9a57-3f1f0a1c2d3e"
    request = httpx.Request("POST", f"http://here/api/v1/hitl/{job}/response")
    problem = problem_of(httpx.Response(410, json={"code": "job_ended"}, request=request))
    assert f"skill-fleet show {job}" in problem.next_step
    assert "JOB" not in problem.next_step


def refused(*needs: str) -> list[str]:
    missing = [{"what": need, "why": f"No {need}.", "next_step": f"Get {need}."} for need in needs]
    job = "7b6f2c1e-0d7a-4f0e-9a57-3f1f0a1c2d3e"
    request = httpx.Request("POST", f"http://here/api/v1/drafts/{job}/promote")
    detail = " ".join(f"No {need}. Get {need}." for need in needs)
    body = {"code": "promotion_refused", "detail": detail, "missing": missing}
    return problem_of(httpx.Response(409, json=body, request=request)).lines()


@pytest.mark.parametrize(
    ("needs", "forced"),
    [
        (["validation"], True),
        (["validation", "scan", "evaluation", "requirements"], True),
        (["draft"], False),
        (["ended"], False),
        (["approval", "validation"], False),
        (["files"], False),
        (["something-new"], False),
        ([], True),
    ],
)
def test_force_is_only_suggested_where_it_helps_and_each_thing_missing_has_its_line(
    needs: list[str], forced: bool
) -> None:
    lines = refused(*needs)
    assert ("--force --reason" in "\n".join(lines)) is forced
    assert [line for line in lines if line.startswith("  ")] == [f"  {need}: No {need}. Get {need}." for need in needs]
    assert [line for line in lines if line.startswith("why: ")] == []


def test_a_page_of_a_proxy_is_quoted_and_its_request_id_kept() -> None:
    page = httpx.Response(
        418, text="<h1>Teapot</h1>", headers={"X-Request-Id": "r-2"}, request=httpx.Request("GET", "http://here/x")
    )
    problem = problem_of(page)
    assert "Teapot" in problem.why
    assert problem.request_id == "r-2"


def test_statuses_without_a_sentence_take_that_of_their_class() -> None:
    assert problem_of(answered(418)).what == BY_STATUS[400].what
    assert problem_of(answered(599)).what == BY_STATUS[500].what


def test_not_in_time_is_3_and_not_there_is_1() -> None:
    assert unreachable("http://here", httpx.ReadTimeout("slow")).exit_code is ExitCode.CANCELLED
    gone = unreachable("http://here", httpx.ConnectError("refused"))
    assert (gone.exit_code, "skill-fleet up" in gone.next_step) == (ExitCode.FAILED, True)


@pytest.mark.parametrize(
    "detail",
    [
        "This draft goes on from a 1.0.0, and 1.1.0 came between. Start a new job from the newest.",
        "'nope' is no other skill in use, so it replaces nothing. Name one that `skill-fleet skills` lists.",
        "minutes is an alias of notes. Choose another name, or remove the alias.",
    ],
)
def test_a_conflict_of_the_library_is_told_in_the_words_of_the_api(detail: str) -> None:
    said = "\n".join(problem_of(answered(409, code="library_conflict", detail=detail)).lines())
    assert f"why: {detail}" in said
    assert "taken by another skill" not in said
    assert "--category" not in said


def test_bytes_that_are_not_read_now_name_the_way_back() -> None:
    detail = "These bytes are a 1.0.0 already: `skill-fleet skills restore a --reason TEXT`."
    said = "\n".join(problem_of(answered(409, code="not_current", detail=detail)).lines())
    assert said.startswith("error: Nothing is published")
    assert "skills restore a" in said


def test_a_file_that_is_not_taken_is_told_in_the_words_of_the_api_and_nothing_of_another_version() -> None:
    problem = problem_of(answered(415, detail="'a.zip' is empty. Taken are archives as .zip or .tar.gz."))
    said = "\n".join(problem.lines())
    assert "why: 'a.zip' is empty." in said
    assert ("another version" in said, problem.exit_code) == (False, ExitCode.USAGE)
