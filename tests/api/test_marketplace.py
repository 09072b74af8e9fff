"""The marketplace document: one plugin a skill, in the form that Claude Code reads."""

import httpx

from domain.skill import SkillStatus
from store.session import Database
from tests.support.published import publish_skill


async def test_every_active_skill_is_a_plugin(client: httpx.AsyncClient, database: Database) -> None:
    await publish_skill(database, "lone", category="data")
    await publish_skill(database, "old", status=SkillStatus.DEPRECATED)
    shown = (await client.get("/.claude-plugin/marketplace.json")).json()
    assert shown == (await client.get("/api/v1/marketplace.json")).json()
    assert {"name", "owner", "plugins"} <= set(shown)
    [plugin] = shown["plugins"]
    assert plugin == {
        "name": "lone",
        "description": "Helps with lone. Use when lone is asked for.",
        "version": "1.0.0",
        "source": "./",
        "strict": False,
        "skills": ["./skills/lone"],
        "category": "data",
        "keywords": [],
    }
