"""An agent model that a job names: reached as a configured one of its provider is, and by no other key."""

from uuid import uuid4

import pytest

from activities.models import Models, Role
from activities.programs.language_model import ModelSpec
from domain.errors import NoProvider
from domain.job import Evaluates, StartJob
from store import jobs
from store.session import Database
from tests.support.rows import make_job

HOSTED = ModelSpec("openai/a", api_key="for openai", timeout=7)
OWN = ModelSpec("anthropic/b", api_base="http://own.example", api_key="for anthropic")


def models(database: Database, **specs: ModelSpec) -> Models:
    return Models(database, {Role(role): spec for role, spec in specs.items()}, 4)


async def test_another_model_of_a_configured_provider_gets_that_providers_key_and_address(database: Database) -> None:
    known = models(database, author=HOSTED, agent=OWN)
    for named, spec in (("openai/new", HOSTED), ("anthropic/new", OWN)):
        found = known.named(Role.AGENT, named)
        assert (found.model, found.api_key, found.api_base, found.timeout) == (
            named,
            spec.api_key,
            spec.api_base,
            spec.timeout,
        )
        assert found.learned is not spec.learned


async def test_what_one_call_learned_of_a_named_model_the_next_one_knows(database: Database) -> None:
    known = models(database, agent=HOSTED)
    first = known.named(Role.AGENT, "openai/new")
    assert known.named(Role.AGENT, "openai/new") is first
    assert known.named(Role.AGENT, "openai/newer") is not first


async def test_a_model_that_another_role_has_is_reached_as_there(database: Database) -> None:
    mine, theirs = ModelSpec("openai/a", api_key="agents"), ModelSpec("openai/b", "http://b.example", "judges")
    known = models(database, agent=mine, judge=theirs)
    found = known.named(Role.AGENT, "openai/b")
    assert (found.api_base, found.api_key) == ("http://b.example", "judges")
    assert known.named(Role.AGENT, "openai/c").api_key == "agents"


async def test_no_key_goes_to_a_provider_it_was_not_meant_for(database: Database) -> None:
    known = models(database, author=HOSTED)
    with pytest.raises(NoProvider, match="no key is known for mistral/large"):
        known.of(Role.AGENT, uuid4(), "try", model="mistral/large")
    with pytest.raises(NoProvider, match="none"):
        models(database).of(Role.AGENT, uuid4(), "try", model="mistral/large")


SMALL = ModelSpec("openai/qwen", "http://127.0.0.1:1", "none", small_local=True)


async def test_the_server_of_the_small_local_model_is_asked_for_no_other_one(database: Database) -> None:
    known = models(database, agent=SMALL, author=SMALL)
    said = "there is: the small local model, as openai/qwen only.*key is known for openai/gpt-5"
    with pytest.raises(NoProvider, match=said):
        known.of(Role.AGENT, uuid4(), "try", model="openai/gpt-5")
    found = known.of(Role.AGENT, uuid4(), "try", model="openai/qwen")
    assert (found.name, found.low_confidence) == ("openai/qwen", True)


async def test_beside_the_small_local_model_the_hosted_one_of_that_provider_is_the_near_one(database: Database) -> None:
    found = models(database, agent=SMALL, author=HOSTED).named(Role.AGENT, "openai/gpt-5")
    assert (found.api_base, found.api_key, found.small_local) == (None, "for openai", False)
    with pytest.raises(NoProvider, match="there is: anthropic, the small local model"):
        models(database, agent=SMALL, author=OWN).named(Role.AGENT, "openai/gpt-5")


async def test_a_job_that_names_a_model_gets_it_for_its_agent_only(database: Database) -> None:
    known = models(database, author=HOSTED, agent=HOSTED)
    start = StartJob(
        job_id=uuid4(),
        user_id="ada",
        task_description="again",
        evaluates=Evaluates(name="notes", model="openai/new"),
    )
    async with database.transaction() as session:
        await jobs.open_job(session, start)
    assert (await known.agent(start.job_id, "try")).name == "openai/new"
    assert known.of(Role.AUTHOR, start.job_id, "cases").name == "openai/a"
    assert (await known.agent(await make_job(database), "try")).name == "openai/a"
