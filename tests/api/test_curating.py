"""Changes of published skills and the check of the library over HTTP, with a real worker behind."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from temporalio.testing import WorkflowEnvironment

from activities.publishing import Publisher
from activities.shelves import Shelves
from store.session import Database
from tests.api.conftest import application, served
from tests.support.fleet import Fleet
from tests.support.wanted import NAME, PLACE, publish, told, wanted


def edited(library: Path) -> list[str]:
    return [file.read_text() for file in library.glob("_edited/*/SKILL.md")]


WHY = {"reason": "because"}


@pytest.fixture
async def client(fleet: Fleet, database_url: str, temporal: WorkflowEnvironment) -> AsyncIterator[httpx.AsyncClient]:
    """The api on the fleet's library, which holds one skill of two versions."""
    publisher = Publisher(fleet.database, Shelves(fleet.library))
    await publish(publisher, wanted())
    await publish(publisher, wanted("1.1.0", "Two.", token="two"))
    app = application(database_url, temporal.client.service_client.config.target_host, fleet.library)
    async with served(app) as client:
        client.headers["X-User-Id"] = "bob"
        yield client


async def post(client: httpx.AsyncClient, path: str, **body: object) -> httpx.Response:
    return await client.post(f"/api/v1/{path}", json=body)


async def test_a_rollback_and_its_record(client: httpx.AsyncClient, database: Database, fleet: Fleet) -> None:
    done = await post(client, f"skills/{PLACE}/rollback", version="1.0.0", **WHY)
    assert (done.status_code, done.json()["version"]) == (200, "1.0.0")
    assert (await told(database, Shelves(fleet.library)))[:3] == ("active", "1.0.0", "1.0.0")
    listed = (await client.get(f"/api/v1/skills/{PLACE}/changes")).json()["changes"]
    assert (listed[0]["kind"], listed[0]["reason"]) == ("rolled_back", "because")


async def test_yanked_deprecated_and_back(client: httpx.AsyncClient, database: Database, fleet: Fleet) -> None:
    shelves = Shelves(fleet.library)
    for status, version in (("yanked", None), ("active", "1.1.0"), ("deprecated", "1.1.0"), ("active", "1.1.0")):
        done = await post(client, f"skills/{NAME}/status", status=status, **WHY)
        assert (done.status_code, done.json()["status"]) == (200, status)
        seen = await told(database, shelves)
        assert (seen.status, seen.lying) == (status, version)
        assert (await client.get(f"/api/v1/skills/{NAME}")).status_code == (410 if status == "yanked" else 200)


async def test_another_name_comes_and_goes(client: httpx.AsyncClient) -> None:
    given = await client.put("/api/v1/skills/aliases/protocols", json={"name": NAME})
    assert (given.status_code, given.json()["path"]) == (200, PLACE)
    assert (await client.get("/api/v1/skills/protocols")).json()["path"] == PLACE
    assert (await client.delete("/api/v1/skills/aliases/protocols")).status_code == 200
    assert (await client.get("/api/v1/skills/protocols")).status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("skills/nothing/rollback", {"version": "1.0.0", **WHY}, 404),
        (f"skills/data/{NAME}/rollback", {"version": "1.0.0", **WHY}, 404),
        (f"skills/{PLACE}/rollback", {"version": "9.0.0", **WHY}, 404),
        (f"skills/{PLACE}/rollback", {"version": "1.0.0"}, 422),
        (f"skills/{PLACE}/rollback", {"version": "1.0.0", "reason": ""}, 422),
        (f"skills/{PLACE}/status", {"status": "draft", **WHY}, 422),
        (f"skills/{PLACE}/status", {"status": "active", "replaced_by": "x", **WHY}, 422),
        (f"skills/{PLACE}/status", {"status": "deprecated", "replaced_by": "x", **WHY}, 409),
        ("skills/../../etc/rollback", WHY, 404),
    ],
)
async def test_what_cannot_be_done_is_said(
    client: httpx.AsyncClient, path: str, body: dict[str, str], status: int
) -> None:
    assert (await client.post(f"/api/v1/{path}", json=body)).status_code == status


async def test_a_skill_that_somebody_publishes_is_left_to_them(
    client: httpx.AsyncClient, database: Database, fleet: Fleet
) -> None:
    await Publisher(database, Shelves(fleet.library)).claim(wanted("1.2.0", "Three.", token="three"))
    refused = await post(client, f"skills/{PLACE}/rollback", **WHY)
    assert refused.status_code == 409
    assert "ada is publishing version 1.2.0" in refused.json()["detail"]


async def test_a_check_finds_and_repairs(client: httpx.AsyncClient, fleet: Fleet) -> None:
    assert (await post(client, "library/check")).json()["differences"] == []
    (fleet.library / PLACE / "SKILL.md").write_text("mine")
    (found,) = (await post(client, "library/check")).json()["differences"]
    assert (found["code"], found["mended"]) == ("edited", "")
    (mended,) = (await post(client, "library/check", repair=True)).json()["differences"]
    assert mended["mended"].startswith("1.1.0 is back")
    assert edited(fleet.library) == ["mine"]


async def test_who_requires_a_withdrawn_skill_is_named(client: httpx.AsyncClient, fleet: Fleet) -> None:
    for name, status in (("one", "active"), ("two", "deprecated")):
        version = wanted(name=name, token=name)
        metadata = version.metadata.model_copy(update={"requires": [NAME]})
        publisher = Publisher(fleet.database, Shelves(fleet.library))
        await publish(publisher, version.model_copy(update={"metadata": metadata}))
        if status == "deprecated":
            answer = await post(client, f"skills/{name}/status", status=status, **WHY)
            assert answer.json()["required_by"] == []
    assert (await post(client, f"skills/{NAME}/status", status="yanked", **WHY)).json()["required_by"] == ["one"]
    found = (await post(client, "library/check")).json()["differences"]
    assert [(one["code"], one["path"]) for one in found] == [("requires-yanked", "general/one")]
