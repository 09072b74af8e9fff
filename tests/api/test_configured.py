"""`GET /settings`: what is in use, for whom, while parts are away, and never a secret."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from temporalio.testing import WorkflowEnvironment

from api.app import build
from settings import Settings
from tests.api.conftest import served
from tests.support.fleet import Fleet

SIGNING = "whsec_aGVsbG8taGVsbG8taGVsbG8taGVsbG8taGVsbG8t"
SECRETS = ("key-of-openai", "key-of-judge", "pass-of-base", "token-in-path", SIGNING)
BOB = {"X-User-Id": "bob"}


def planted(database_url: str, library: Path) -> Settings:
    """Settings with a secret in every place that can hold one."""
    return Settings(
        database_url=SecretStr(database_url),
        library=library,
        model="openai/gpt-5",
        model_api_key=SecretStr("key-of-openai"),
        judge_model="anthropic/claude-x",
        judge_model_api_base="https://user:pass-of-base@proxy.example:8443/token-in-path/v1",
        judge_model_api_key=SecretStr("key-of-judge"),
        agent_model="ollama/qwen3",
        webhook_url="https://hooks.example/token-in-path",
        webhook_secret=SecretStr(SIGNING),
    )


@pytest.fixture
def planted_app(database_url: str, temporal: WorkflowEnvironment, library: Path) -> FastAPI:
    target = temporal.client.service_client.config.target_host
    return build(planted(database_url, library), {"target_host": target, "namespace": "default"})


@pytest.fixture
async def configured(planted_app: FastAPI, database: object) -> AsyncIterator[httpx.AsyncClient]:
    async with served(planted_app) as client:
        yield client


async def test_the_owner_of_the_machine_sees_which_model_does_what_and_where_its_key_is_set(
    configured: httpx.AsyncClient,
) -> None:
    found = (await configured.get("/api/v1/settings")).json()
    models = {one["role"]: (one["model"], one["host"], one["key"]) for one in found["operator"]["models"]}
    assert models == {
        "author": ("openai/gpt-5", "", {"state": "set", "variable": "SKILL_FLEET_MODEL_API_KEY"}),
        "judge": (
            "anthropic/claude-x",
            "proxy.example:8443",
            {"state": "set", "variable": "SKILL_FLEET_JUDGE_MODEL_API_KEY"},
        ),
        "agent": ("ollama/qwen3", "", {"state": "not needed", "variable": "SKILL_FLEET_AGENT_MODEL_API_KEY"}),
    }
    assert found["operator"]["webhook"] == {"on": True, "host": "hooks.example", "signed": True}
    assert (found["operator"]["library"], found["operator"]["keep"]["drafts"]) == ("skills", 90)
    assert found["me"] == {"name": "local", "roles": ["author", "reviewer", "operator"], "groups": []}


@pytest.mark.parametrize("path", ["/api/v1/settings", "/settings", "/api/v1/health/ready"])
@pytest.mark.parametrize("who", [{}, BOB])
async def test_no_secret_and_no_path_is_anywhere(
    configured: httpx.AsyncClient, library: Path, path: str, who: dict[str, str]
) -> None:
    for accept in ("text/html", "application/json"):
        told = await configured.get(path, headers={**who, "Accept": accept})
        assert told.status_code in (200, 503)  # 503: no worker polls in this test
        assert [secret for secret in (*SECRETS, str(library), "user:", "postgresql://") if secret in told.text] == []


async def test_another_named_person_sees_no_matter_of_the_operator(configured: httpx.AsyncClient) -> None:
    await configured.put("/api/v1/groups/reviewers", json={"members": ["bob", "cleo"]})
    found = (await configured.get("/api/v1/settings", headers=BOB)).json()
    assert found["operator"] is None
    assert found["me"] == {"name": "bob", "roles": ["author", "reviewer"], "groups": ["reviewers"]}
    assert found["models"] == {"author": "openai/gpt-5", "judge": "anthropic/claude-x", "agent": "ollama/qwen3"}
    assert (found["profile"]["name"], found["policy"]["cases"]) == ("standard", 3)
    shown = (await configured.get("/settings", headers=BOB | {"Accept": "text/html"})).text
    assert [hidden for hidden in ("SKILL_FLEET_", "hooks.example", "proxy.example") if hidden in shown] == []


async def test_it_answers_while_nothing_else_does(cut_off: httpx.AsyncClient) -> None:
    told = await cut_off.get("/api/v1/settings")
    found = told.json()
    assert (told.status_code, found["health"]["status"], found["me"]["groups"]) == (200, "degraded", None)
    assert found["versions"]["worker"] is None
    assert "start it" in found["health"]["checks"]["database"]["fix"]
    assert (await cut_off.get("/settings", headers={"Accept": "text/html"})).status_code == 200


async def test_without_a_model_it_says_so_and_names_where_one_is_set(cut_off: httpx.AsyncClient) -> None:
    found = (await cut_off.get("/api/v1/settings")).json()
    assert found["models"] == {}
    assert {one["model"] for one in found["operator"]["models"]} == {None}


async def test_the_build_that_gets_work_is_named(fleet: Fleet, client: httpx.AsyncClient) -> None:
    found = (await client.get("/api/v1/settings")).json()
    assert found["health"]["status"] == "ok"
    assert found["versions"]["worker"] is None  # the fleet of the tests has no versions
    assert found["versions"]["python"].startswith("3.")
    assert found["versions"]["skill_fleet"]
