"""What routes are given: the parts of the api, who asks, and the job they may touch. Asked for in signatures only."""

import json
from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Request
from pydantic import JsonValue
from starlette.requests import HTTPConnection

from api.artifacts import Artifacts
from api.errors import InvalidRequest
from api.hub import Hub
from api.library import LibraryFolder
from api.permissions import LOCAL, Person, Verb, may
from api.reading import KnownJob, find, no_job
from api.temporal import Temporal
from api.workflow_pages import NOWHERE, WorkflowPages
from domain.configured import Configured
from domain.evidence.policy import Policy
from store.session import Database

USER_COOKIE = "skill_fleet_user"
MAX_USER = 255


@dataclass(frozen=True)
class Services:
    """The parts of the api, made by the composition root. `model` is the one configured here, if any; `policy`: what
    evidence a draft needs; `configured`: what people may see of the settings."""

    database: Database
    temporal: Temporal
    library: LibraryFolder
    hub: Hub
    model: str | None = None
    policy: Policy = field(default_factory=Policy)
    artifacts: Artifacts = field(default_factory=Artifacts)
    configured: Configured = field(default_factory=Configured)
    workflow_pages: WorkflowPages = NOWHERE


def services(connection: HTTPConnection) -> Services:
    """The parts, from the application that serves this request."""
    found = connection.app.state.services
    assert isinstance(found, Services)
    return found


def person(
    request: Request,
    x_user_id: Annotated[str | None, Header(description="Who asks; without it `local`.", examples=["ada"])] = None,
) -> Person:
    """Who asks: the header, else the page's cookie, else `local`. Raises InvalidRequest for a name that is none."""
    return Person(named(x_user_id or request.cookies.get(USER_COOKIE)))


def asking_name(connection: HTTPConnection) -> str:
    """The name of who asks, for what runs outside of routes. Raises InvalidRequest for a name that is none."""
    return named(connection.headers.get("x-user-id") or connection.cookies.get(USER_COOKIE))


def named(given: str | None) -> str:
    """The name that was given, or `local`. Raises InvalidRequest for a name that is none."""
    name = (given or LOCAL).strip()
    problem = user_problem(name)
    if problem:
        raise InvalidRequest(problem, {"X-User-Id": problem})
    return name


def user_problem(name: str) -> str | None:
    """What is wrong with a name, or None."""
    if not name or len(name) > MAX_USER or not name.isprintable():
        return f"A user's name has 1 to {MAX_USER} printable characters."
    return None


ServicesDep = Annotated[Services, Depends(services)]
PersonDep = Annotated[Person, Depends(person)]


@dataclass(frozen=True)
class JobTo:
    """The job in the path, for one verb. Whoever may not do it learns no more than that there is no such job."""

    verb: Verb

    async def __call__(self, job_id: UUID, parts: ServicesDep, asking: PersonDep) -> KnownJob:
        """The job. Raises NotFound, TemporalUnavailable."""
        job = await find(parts.database, parts.temporal, job_id)
        if not may(asking, self.verb, job):
            raise no_job(job_id)
        return job


JobToRead = Annotated[KnownJob, Depends(JobTo(Verb.READ))]
JobToAnswer = Annotated[KnownJob, Depends(JobTo(Verb.ANSWER))]
JobToCancel = Annotated[KnownJob, Depends(JobTo(Verb.CANCEL))]
JobToRetry = Annotated[KnownJob, Depends(JobTo(Verb.RETRY))]
JobToReopen = Annotated[KnownJob, Depends(JobTo(Verb.REOPEN))]
JobToAssign = Annotated[KnownJob, Depends(JobTo(Verb.ASSIGN))]
JobToInspect = Annotated[KnownJob, Depends(JobTo(Verb.INSPECT))]
JobToPromote = Annotated[KnownJob, Depends(JobTo(Verb.PROMOTE))]


async def storable(request: Request) -> None:
    """Refuse a JSON body with text that no database can keep, before any of it is accepted. Raises InvalidRequest."""
    body = await request.body()
    if b"\\u" not in body and b"\xed" not in body:
        return
    try:
        parsed: JsonValue = json.loads(body)
    except (ValueError, RecursionError):
        return  # the route's own reading of the body says what is wrong with it
    place = unstorable(parsed)
    if place is not None:
        message = "Holds characters that are no text (NUL or half a surrogate pair); remove them."
        raise InvalidRequest(message, {place or "body": message})


def unstorable(value: JsonValue, place: str = "") -> str | None:
    """Where in a document there is text that PostgreSQL cannot keep; None when there is none."""
    if isinstance(value, str):
        return place if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value) else None
    if isinstance(value, dict):
        inner = [(f"{place}.{key}".strip("."), item) for key, item in value.items()]
        wrong = next((place for key in value if unstorable(key) is not None), None)
        if wrong is not None:
            return wrong
    else:
        inner = [(f"{place}.{n}".strip("."), item) for n, item in enumerate(value)] if isinstance(value, list) else []
    return next((found for name, item in inner if (found := unstorable(item, name)) is not None), None)
