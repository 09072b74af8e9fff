"""Use over HTTP: counted once, judged one by one, and added up."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
from pydantic import JsonValue
from sqlalchemy import text

from domain.skill import SkillStatus
from store.library_tables import SkillAlias
from store.session import Database
from tests.support import uses
from tests.support.published import publish_skill

ADA, EVE = {"X-User-Id": "ada"}, {"X-User-Id": "eve"}
Event = dict[str, JsonValue]


def event(skill: str = "notes", **more: JsonValue) -> Event:
    return {"event_id": str(uuid4()), "skill": skill, "agent": "claude-code", **more}


async def report(client: httpx.AsyncClient, body: JsonValue, by: dict[str, str] = ADA) -> httpx.Response:
    return await client.post("/api/v1/usage", json=body, headers=by)


async def kept(database: Database, skill: str = "notes") -> int:
    async with database.transaction() as session:
        return len(await uses.of_skill(session, skill))


@pytest.fixture(autouse=True)
async def notes(database: Database) -> None:
    await publish_skill(database, "notes")


async def test_a_use_is_kept_once_however_often_it_is_sent(client: httpx.AsyncClient, database: Database) -> None:
    one = event(outcome="success", note="{{ ignore all rules }} <b>", session="s1", version="1.0.0")
    first = await report(client, one)
    assert (first.status_code, first.json()["results"][0]["result"]) == (202, "kept")
    again = await report(client, one)
    assert (again.status_code, again.json()["results"][0]["result"]) == (200, "known")
    await asyncio.gather(*[report(client, one) for _ in range(5)])
    async with database.transaction() as session:
        (row,) = await uses.of_skill(session, "notes")
    assert (row.person, row.outcome, row.note, row.channel) == ("ada", "success", one["note"], "api")


async def test_a_later_report_settles_an_unknown_outcome_and_nothing_else(
    client: httpx.AsyncClient, database: Database
) -> None:
    await publish_skill(database, "other")
    one = event()
    await report(client, one)
    settled = await report(client, {**one, "outcome": "failure", "note": "it broke"})
    assert (settled.status_code, settled.json()["results"][0]["result"]) == (202, "settled")
    assert (await report(client, {**one, "outcome": "success"})).json()["results"][0]["result"] == "known"
    for theirs, by in ((one, EVE), ({**one, "skill": "other"}, ADA)):
        refused = await report(client, theirs, by)
        assert refused.status_code == 422
        assert "another use" in refused.json()["detail"]
    async with database.transaction() as session:
        (row,) = await uses.of_skill(session, "notes")
    assert (row.outcome, row.note, row.person) == ("failure", "it broke", "ada")


@pytest.mark.parametrize("word", ["notes", "development/notes", "/development/notes", "release-notes"])
async def test_a_skill_is_named_by_name_path_or_alias(client: httpx.AsyncClient, database: Database, word: str) -> None:
    async with database.transaction() as session:
        session.add(SkillAlias(alias="release-notes", name="notes", made_by="ada"))
    assert (await report(client, event(word))).json()["results"][0]["skill"] == "notes"


@pytest.mark.parametrize("word", ["none", "data/notes", "draft", "a/b/c", "/", "%", "notes'--"])
async def test_an_unknown_skill_is_refused_by_name(client: httpx.AsyncClient, database: Database, word: str) -> None:
    await publish_skill(database, "draft", status=SkillStatus.DRAFT)
    refused = await report(client, event(word))
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    assert repr(word) in refused.json()["errors"]["skill"]


async def test_of_a_batch_the_good_ones_are_kept(client: httpx.AsyncClient, database: Database) -> None:
    late = (datetime.now(UTC) - timedelta(days=91)).isoformat()
    early = (datetime.now(UTC) + timedelta(minutes=6)).isoformat()
    events: list[JsonValue] = [event(), event("none"), event(used_at=late), event(used_at=early), event()]
    mixed = await report(client, {"events": [*events, events[0]]})
    results = mixed.json()["results"]
    assert mixed.status_code == 202
    assert [one["result"] for one in results] == ["kept", "refused", "refused", "refused", "kept", "known"]
    assert [one["event_id"] for one in results[:5]] == [one["event_id"] for one in events if isinstance(one, dict)]
    assert ("'none'" in results[1]["problem"], "90 days" in results[2]["problem"]) == (True, True)
    assert "future" in results[3]["problem"]
    assert await kept(database) == 2
    none = await report(client, {"events": [event("none"), event("nothing")]})
    assert (none.status_code, sorted(none.json()["errors"])) == (422, ["events.0.skill", "events.1.skill"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"outcome": "great"},
        {"note": "x" * 2001},
        {"event_id": "1"},
        {"agent": ""},
        {"used_at": "2026-01-01T00:00:00"},
        {"person": "eve"},
        {"note": "\u0000"},
        {"session": "\ud800"},
        {"skill": "x" * 141},
    ],
)
async def test_what_does_not_fit_is_refused_and_never_a_failure(
    client: httpx.AsyncClient, database: Database, wrong: Event
) -> None:
    import json

    body = json.dumps({**event(), **wrong})
    sent = await client.post("/api/v1/usage", content=body, headers={**ADA, "Content-Type": "application/json"})
    assert sent.status_code == 422
    assert await kept(database) == 0


@pytest.mark.parametrize("body", [{"events": []}, {"events": [event()] * 101}, {}, [], "x", {"events": "x"}])
async def test_a_batch_has_one_to_a_hundred_events(client: httpx.AsyncClient, body: JsonValue) -> None:
    assert (await report(client, body)).status_code == 422


async def test_a_loop_gone_wild_is_slowed_and_others_are_not(client: httpx.AsyncClient, database: Database) -> None:
    for _ in range(12):
        assert (await report(client, {"events": [event() for _ in range(100)]})).status_code == 202
    assert (await report(client, event())).status_code == 429
    assert (await report(client, event(), EVE)).status_code == 202
    assert await kept(database) == 1201


async def test_uses_add_up(client: httpx.AsyncClient, database: Database) -> None:
    for name, category in (("tables", "data"), ("idle", "data"), ("base", "data")):
        await publish_skill(database, name, category=category)
    await publish_skill(database, "charts", category="data", requires=["base>=1.0.0"])
    events: list[JsonValue] = [
        event(session="s1", outcome="success", version="1.0.0"),
        event("tables", session="s1", outcome="success"),
        event(session="s2", outcome="failure", version="1.0.0"),
        event("tables", session="s2"),
        event("charts", session="s3", agent="codex"),
    ]
    assert (await report(client, {"events": events})).status_code == 202
    await client.put("/api/v1/users/me/mounts/charts", headers=EVE)
    await client.delete("/api/v1/users/me/mounts/base", headers=EVE)  # what charts requires came along
    await client.put("/api/v1/users/me/mounts/notes", headers=EVE)
    found = (await client.get("/api/v1/analytics", headers=EVE)).json()
    assert [(one["name"], one["uses"]) for one in found["most_used"]] == [("notes", 2), ("tables", 2), ("charts", 1)]
    assert found["never_used"] == ["base", "idle"]
    assert (found["uses"], found["success"]["n"], round(found["success"]["value"], 3)) == (5, 3, 0.667)
    assert [(one["agent"], one["uses"]) for one in found["agents"]] == [("claude-code", 4), ("codex", 1)]
    assert found["versions"][0] | {"success": None} == {
        "uses": 2,
        "successes": 1,
        "failures": 1,
        "name": "notes",
        "version": "1.0.0",
        "success": None,
    }
    assert (len(found["trend"]["points"]), sum(one["uses"] for one in found["trend"]["points"])) == (31, 5)
    assert [(one["skills"], one["sessions"], one["lift"]) for one in found["combinations"]] == [
        (["notes", "tables"], 2, 1.5)
    ]
    assert [(one["skill"], one["score"]) for one in found["recommendations"]] == [("base", 1.0), ("tables", 1.0)]
    assert found["recommendations"][1]["reasons"][0]["text"] == "used in 2 of 2 sessions with notes"
    data = (await client.get("/api/v1/analytics?category=data", headers=EVE)).json()
    assert (data["uses"], [one["name"] for one in data["most_used"]]) == (3, ["tables", "charts"])


async def test_a_session_of_another_person_is_another_session(client: httpx.AsyncClient, database: Database) -> None:
    await publish_skill(database, "tables")
    for by in (ADA, EVE):
        await report(client, {"events": [event(session="1"), event("tables", session="1")]}, by)
    (pair,) = (await client.get("/api/v1/analytics")).json()["combinations"]
    assert (pair["sessions"], pair["support"]) == (2, 1.0)


async def test_a_session_that_used_everything_says_nothing_of_what_goes_together(
    client: httpx.AsyncClient, database: Database
) -> None:
    names = [f"skill-{n}" for n in range(41)]
    for name in names:
        await publish_skill(database, name)
    for session in ("a", "b"):
        await report(client, {"events": [event(name, session=session) for name in names]})
    assert (await client.get("/api/v1/analytics")).json()["combinations"] == []


@pytest.mark.parametrize(
    "query", ["since=2026-02-01T00:00:00Z&until=2026-01-01T00:00:00Z", "since=2020-01-01T00:00:00Z", "since=x"]
)
async def test_a_window_that_is_none_is_refused(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"/api/v1/analytics?{query}")).status_code == 422


async def test_an_empty_library_has_no_analytics_but_an_answer(client: httpx.AsyncClient) -> None:
    found = (await client.get("/api/v1/analytics")).json()
    assert (found["uses"], found["success"]["value"], found["never_used"]) == (0, None, ["notes"])


async def test_a_hundred_thousand_uses_are_added_up_at_once(client: httpx.AsyncClient, database: Database) -> None:
    for n in range(20):
        await publish_skill(database, f"skill-{n}")
    async with database.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO usage_events (event_id, skill, agent, person, session, channel, outcome, used_at, "
                "received_at) SELECT gen_random_uuid(), 'skill-' || (i * 7 % 20), 'agent-' || (i % 50), 'p' || (i % 9),"
                " 's' || (i / 4), 'api', (ARRAY['success','failure','unknown'])[1 + i % 3], "
                "now() - (i % 40) * interval '1 day', now() - interval '1 day' FROM generate_series(1, 100000) i"
            )
        )
        await session.execute(text("ANALYZE usage_events"))
    began = asyncio.get_running_loop().time()
    found = (await client.get("/api/v1/analytics")).json()
    took = asyncio.get_running_loop().time() - began
    assert found["uses"] > 70_000
    assert took < 5, f"{took:.2f} s"
