"""Every way a command may fail, as one sentence each: what, why, the next command; with its exit code.

    CliError                 anything a command tells the person and ends with
    ├── UsageProblem             the command line itself does not make sense (2)
    └── ApiProblem               the api answered with a problem document; carries status, code and field errors

Translated at one edge (`cli/edge.py`). Must not print and must not know about typer.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

import httpx
from pydantic import ValidationError

from cli.exits import ExitCode
from domain.errors import SkillFleetError
from domain.library.promotion import BY_FORCE
from domain.shape import Shape

JOB_IN_PATH = re.compile(r"/(?:jobs|hitl|drafts)/([0-9a-f-]{36})(?:/|$)")
"""The job that a request was about: a command to type next names it."""


class CliError(SkillFleetError):
    """`what` went wrong, `why`, and the `next_step`; the process ends with `exit_code`."""

    def __init__(self, what: str, *, why: str = "", next_step: str = "", exit_code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.next_step = next_step
        self.exit_code = exit_code

    def lines(self) -> list[str]:
        """What a person reads, one thought a line."""
        said = [("error", self.what), ("why", self.why), ("next", self.next_step)]
        return [f"{label}: {text}" for label, text in said if text]


class UsageProblem(CliError):
    """The command line does not make sense as given."""

    def __init__(self, what: str, *, why: str = "", next_step: str = "") -> None:
        super().__init__(what, why=why, next_step=next_step, exit_code=ExitCode.USAGE)


class Lacking(Shape):
    """One thing that a draft lacks; `what` may be a word of a newer api."""

    what: str
    why: str = ""
    next_step: str = ""


class Problem(Shape):
    """A problem document of RFC 9457 as our api writes it; every member may be missing."""

    title: str = ""
    detail: str = ""
    code: str = ""
    request_id: str = ""
    errors: dict[str, str] = {}
    missing: list[Lacking] = []


class Sentence(Shape):
    """What we say of an error, and what a person does next."""

    what: str
    next_step: str
    exit_code: ExitCode = ExitCode.FAILED


class ApiProblem(CliError):
    """The api refused. `fields` maps a field (`answers.q1`) to what is wrong with it; `missing`: what a draft lacks."""

    def __init__(self, status: int, problem: Problem) -> None:
        sentence = sentence_for(status, problem.code)
        why = problem.detail or problem.title
        forced = all(one.what in BY_FORCE for one in problem.missing)
        next_step = sentence.next_step if forced else FIRST
        super().__init__(sentence.what, why=why, next_step=next_step, exit_code=sentence.exit_code)
        self.status = status
        self.code = problem.code
        self.request_id = problem.request_id
        self.fields = problem.errors
        self.missing = problem.missing
        self.kept = ""

    def lines(self) -> list[str]:
        """The sentence, each field and each thing that is missing on its own line, where a text is `kept` that was not
        taken, and of a failure of the api the request id for the operator's logs."""
        told_by_fields = bool(self.fields) and all(message in self.why for message in self.fields.values())
        told = told_by_fields or bool(self.missing)
        sentence = [line for line in super().lines() if not (told and line.startswith("why: "))]
        fields = [f"  {name}: {message}" for name, message in self.fields.items()]
        fields += [f"  {one.what}: {one.why} {one.next_step}".rstrip() for one in self.missing]
        kept = [f"kept: what you wrote is in {self.kept}"] if self.kept else []
        failed = self.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        request = [f"request: {self.request_id}"] if self.request_id and failed else []
        return [*sentence, *fields, *kept, *request]


FIRST = "do what is named, then run `skill-fleet promote JOB` again; see `skill-fleet show JOB`"
"""Said when a draft lacks something that no force passes over."""

BY_STATUS: Mapping[int, Sentence] = MappingProxyType(
    {
        400: Sentence(
            what="The api did not understand the request.",
            next_step="see `skill-fleet COMMAND --help`; if all is right, the api is of another version",
            exit_code=ExitCode.USAGE,
        ),
        401: Sentence(
            what="The api does not know who you are.",
            next_step="say it with --user NAME or SKILL_FLEET_USER",
            exit_code=ExitCode.AUTH,
        ),
        403: Sentence(
            what="You may not do this.",
            next_step="ask the job's owner, or say who you are with --user NAME",
            exit_code=ExitCode.AUTH,
        ),
        404: Sentence(
            what="There is no such thing here, or it is not yours.",
            next_step="see what there is: `skill-fleet jobs`, `skill-fleet skills`; or say who you are: --user NAME",
        ),
        409: Sentence(
            what="Something else stands in the way of this.",
            next_step="look at how things are now: `skill-fleet show JOB`",
        ),
        410: Sentence(
            what="The job has ended and takes no more of this.",
            next_step="look at it: `skill-fleet show JOB`; or start a new one: `skill-fleet create TASK`",
        ),
        413: Sentence(
            what="That is more than the api takes.",
            next_step="make the text or the sources smaller",
            exit_code=ExitCode.USAGE,
        ),
        415: Sentence(
            what="The api does not take this file.",
            next_step="mend the file as it says, or pack it anew, and run the command again",
            exit_code=ExitCode.USAGE,
        ),
        422: Sentence(
            what="What was sent does not fit; nothing of it was lost.",
            next_step="mend the fields below and run the command again",
            exit_code=ExitCode.USAGE,
        ),
        429: Sentence(
            what="The api is asked too much at once.",
            next_step="wait a little and run the command again",
        ),
        500: Sentence(
            what="The api failed.",
            next_step="run it again; if it stays so: `skill-fleet doctor`, and the api's log under the request id",
        ),
        502: Sentence(
            what="Nothing healthy answers behind the api's address.",
            next_step="`skill-fleet doctor` says which part is down",
        ),
        503: Sentence(
            what="The api cannot reach a part it needs, so nothing was done.",
            next_step="`skill-fleet doctor` says which part is down; then run the command again",
        ),
        504: Sentence(
            what="The api did not get an answer in time.",
            next_step="run the command again: a repeated start or answer counts once",
            exit_code=ExitCode.CANCELLED,
        ),
    }
)
"""One sentence for each status the api may answer with; a code below says it more exactly."""

BY_CODE: Mapping[str, Sentence] = MappingProxyType(
    {
        "answer_conflict": Sentence(
            what="This prompt is no longer yours to answer: another answer stands, or the prompt is closed.",
            next_step="see what is asked now: `skill-fleet answer JOB`; or go on watching: `skill-fleet watch JOB`",
        ),
        "invalid_answer": Sentence(
            what="The answer does not fit the prompt; the prompt is still open and valid parts are kept as a draft.",
            next_step="mend the fields below and answer again: `skill-fleet answer JOB`",
            exit_code=ExitCode.USAGE,
        ),
        "job_ended": Sentence(
            what="The job has ended: it takes no answer, asks nothing more and cannot be cancelled.",
            next_step="look at it: `skill-fleet show JOB`; or go on from it: `skill-fleet create --from-job JOB`",
        ),
        "skill_yanked": Sentence(
            what="This skill was withdrawn from the library.",
            next_step="find another: `skill-fleet skills search WORDS`; or see `skill-fleet skills versions NAME`",
        ),
        "nothing_to_promote": Sentence(
            what="This job ended without a draft that could be published.",
            next_step="go on from what it wrote: `skill-fleet create --from-job JOB`",
        ),
        "promotion_refused": Sentence(
            what="The draft may not be published as it is.",
            next_step="mend what is named, or publish anyway: `skill-fleet promote JOB --force --reason TEXT`",
        ),
        "library_conflict": Sentence(
            what="The library, as it is now, does not allow this.",
            next_step="do what the reason names; how it stands: `skill-fleet skills --status any`",
        ),
        "not_current": Sentence(
            what="Nothing is published: these bytes are a version already, which agents do not read now.",
            next_step="make agents read it again with the command that the reason names",
        ),
        "nothing_to_retry": Sentence(
            what="No problem of this job waits to be mended.",
            next_step="look at how it stands: `skill-fleet show JOB`",
        ),
        "nothing_to_reopen": Sentence(
            what="No prompt of this job waits to be asked again.",
            next_step="an open one is answered: `skill-fleet answer JOB`; see `skill-fleet show JOB`",
        ),
        "job_not_ended": Sentence(
            what="Only from an ended job can one go on.",
            next_step="stay with it: `skill-fleet watch JOB`; or end it: `skill-fleet cancel JOB --reason TEXT`",
        ),
        "not_begun": Sentence(
            what="No worker has begun this job yet.",
            next_step="run the command again in a moment; `skill-fleet doctor` says whether a worker runs",
        ),
        "still_at_work": Sentence(
            what="The same request is still at work.",
            next_step="run the command again in a moment: it counts once",
        ),
        "timed_out": Sentence(
            what="What the request needs hangs, so the api gave it up.",
            next_step="`skill-fleet doctor`, then run the command again: a repeated start or answer counts once",
            exit_code=ExitCode.CANCELLED,
        ),
        "promotion_failed": Sentence(
            what="Publishing was tried and failed; files and records are as before.",
            next_step="mend what is named and run `skill-fleet promote JOB` again",
        ),
        "library_broken": Sentence(
            what="The library on the server's disk cannot be read.",
            next_step="mend the file that is named; `skill-fleet doctor` checks again",
        ),
        "temporal_unavailable": Sentence(
            what="The api cannot reach Temporal; nothing was lost.",
            next_step="start it again (`skill-fleet up`, or see `skill-fleet doctor`), then run the command again",
        ),
        "database_unavailable": Sentence(
            what="The api cannot reach its database; what was accepted before is safe.",
            next_step="start it again (`skill-fleet up`, or see `skill-fleet doctor`), then run the command again",
        ),
        "host_refused": Sentence(
            what="The server does not answer to this name.",
            next_step="use the address that `skill-fleet status` shows, in --api-url",
            exit_code=ExitCode.USAGE,
        ),
        "idempotency_key_reused": Sentence(
            what="The same request key was used for something else.",
            next_step="run the command again: each run makes its own key",
        ),
    }
)
"""Sharper sentences, by the `code` of the problem document."""


def sentence_for(status: int, code: str) -> Sentence:
    """The sharpest sentence we have: by code, by status, else by the class of the status."""
    return (
        BY_CODE.get(code)
        or BY_STATUS.get(status)
        or BY_STATUS[500 if status >= HTTPStatus.INTERNAL_SERVER_ERROR else 400]
    )


def problem_of(response: httpx.Response) -> ApiProblem:
    """What an error response says; one that is no problem document (a proxy's page) is quoted in its first words."""
    try:
        problem = Problem.model_validate_json(response.content)
    except ValidationError:
        problem = Problem(detail=f"HTTP {response.status_code}: {response.text[:200].strip()}")
    if not problem.request_id:
        problem = problem.model_copy(update={"request_id": response.headers.get("X-Request-Id", "")})
    found = ApiProblem(response.status_code, problem)
    if job := JOB_IN_PATH.search(response.request.url.path):
        found.next_step = found.next_step.replace("JOB", job.group(1))
    return found


def unreachable(url: str, error: httpx.TransportError) -> CliError:
    """Nobody answers at the address, or not in time (then exit code 3)."""
    if isinstance(error, httpx.ReadTimeout | httpx.WriteTimeout | httpx.PoolTimeout):
        return CliError(
            f"The api at {url} did not answer in time.",
            why="it is overloaded or hangs; a start or an answer that did arrive counts once",
            next_step="`skill-fleet doctor`, then run the command again",
            exit_code=ExitCode.CANCELLED,
        )
    return CliError(
        f"No Skill Fleet api answers at {url}.",
        why=str(error) or type(error).__name__,
        next_step="start it with `skill-fleet up`, or name another with --api-url or SKILL_FLEET_API_URL",
    )
