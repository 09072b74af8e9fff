"""Who may what, on every route: the policy itself, and that no route forgets to ask it."""

from collections.abc import Iterator
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from api import (
    archives,
    audit,
    catalog,
    configured,
    curating,
    drafts,
    evaluations,
    groups,
    health,
    hitl,
    imports,
    jobs,
    live,
    marketplace,
    pages,
    profiles,
    record,
    retention,
    revision_files,
    skills,
    sources,
    traces,
    understanding,
    usage,
    versions,
    well_known,
    work,
)
from api.dependencies import JobTo
from api.permissions import EVERYONE, LOCAL, Person, Verb, may
from domain.job import JobStatus
from tests.api.conftest import Opened

ROUTERS = (
    *(jobs.router, record.router, audit.router, hitl.router, drafts.router, retention.router),
    *(live.router, groups.router, skills.router, health.router, pages.router),
    *(archives.router, versions.router, curating.router, usage.router, work.router, profiles.router, catalog.router),
    *(sources.router, imports.router, marketplace.router, marketplace.root_router, well_known.router),
    *(evaluations.router, traces.router, understanding.router, configured.router, revision_files.router),
)


class Owned:
    def __init__(self, user_id: str) -> None:
        self.user_id = user_id


class Assigned(Owned):
    def __init__(self, user_id: str, *assignees: str) -> None:
        super().__init__(user_id)
        self.assignees = frozenset(assignees)


def routes(routers: tuple[APIRouter, ...] = ROUTERS) -> Iterator[APIRoute]:
    for router in routers:
        yield from (route for route in router.routes if isinstance(route, APIRoute))


def verbs(dependant: Dependant) -> set[Verb]:
    asked = {dependant.call.verb} if isinstance(dependant.call, JobTo) else set()
    return asked.union(*(verbs(inner) for inner in dependant.dependencies)) if dependant.dependencies else asked


@pytest.mark.parametrize(
    ("person", "verb", "allowed"),
    [
        ("ada", Verb.CANCEL, True),
        ("bob", Verb.CANCEL, False),
        ("bob", Verb.PROMOTE, False),
        ("bob", Verb.RETRY, False),
        ("bob", Verb.DELETE, False),
        ("bob", Verb.READ, True),
        ("bob", Verb.ANSWER, True),
        ("local", Verb.DELETE, True),
    ],
)
def test_others_read_and_answer_and_the_owner_does_the_rest(person: str, verb: Verb, allowed: bool) -> None:
    assert may(Person(person), verb, Owned("ada")) is allowed


@pytest.mark.parametrize("verb", Verb)
def test_an_assignee_may_what_the_owner_may_and_nobody_else(verb: Verb) -> None:
    job = Assigned("ada", "bob", "cleo")
    assert all(may(Person(name), verb, job) for name in ("ada", "bob", "cleo", LOCAL))
    assert may(Person("eve"), verb, job) is (verb in EVERYONE)
    assert may(Person("bob"), verb, Owned("ada")) is (verb in EVERYONE)


def test_every_route_that_names_a_job_asks_who_may() -> None:
    naming = [route for route in routes() if "{job_id}" in route.path]
    assert len(naming) >= 20
    assert [route.path for route in naming if not verbs(route.dependant)] == []


def test_a_route_that_changes_a_job_asks_for_more_than_reading() -> None:
    changing = [route for route in routes() if "{job_id}" in route.path and (route.methods or set()) - {"GET", "HEAD"}]
    assert [route.path for route in changing if verbs(route.dependant) <= {Verb.READ}] == []


def test_the_walk_sees_every_router_of_the_application(app: FastAPI) -> None:
    documented = {path.removeprefix("/api/v1") for path in app.openapi()["paths"]}
    assert documented <= {route.path_format for route in routes()} | {"/metrics"}


async def test_what_a_stranger_may_not_do_looks_like_a_job_that_is_not_there(
    client: httpx.AsyncClient, opened: Opened
) -> None:
    job: UUID = await opened(user="ada", status=JobStatus.COMPLETED)
    bob = {"X-User-Id": "bob"}
    for path in (f"/jobs/{job}/cancel", f"/jobs/{job}/retry", f"/jobs/{job}/reopen", f"/drafts/{job}/promote"):
        response = await client.post(f"/api/v1{path}", headers=bob)
        assert (response.status_code, response.json()["code"]) == (404, "not_found")
    taken = await client.put(f"/api/v1/jobs/{job}/assignee", headers=bob, json={"assignee": "bob"})
    assert (taken.status_code, taken.json()["code"]) == (404, "not_found")
    assert (await client.get(f"/api/v1/jobs/{job}", headers=bob)).json()["user_id"] == "ada"


@pytest.mark.parametrize("name", ["x" * 256, "tab\there", " "])
async def test_a_name_that_is_none_is_refused(client: httpx.AsyncClient, opened: Opened, name: str) -> None:
    response = await client.get(f"/api/v1/jobs/{await opened()}", headers={"X-User-Id": name})
    assert response.status_code == 422
