"""The worker: which model each role asks, under which version it works, and what it says when it cannot."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.testing import WorkflowEnvironment

from activities.draining import LAST, LAST_MOMENT
from activities.models import Models, Role
from activities.records import DatabaseRecords
from domain.errors import NoProvider
from settings import Settings
from store.session import Database
from worker import (
    DRAIN,
    RECORDS_DRAIN,
    build_version,
    deployment,
    main,
    register_attributes,
    specs,
    steps,
    stored_steps,
    workers,
)
from workflows.attributes import KEYS
from workflows.registered import ALL
from workflows.steps import LIBRARY, MODELS, WORKFLOWS

ROOT = Path(__file__).resolve().parents[2]
NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


def test_every_role_gets_its_own_model_with_its_own_key() -> None:
    made = specs(
        Settings(
            model="openai/gpt-5",
            model_api_key=SecretStr("common"),
            judge_model="anthropic/claude-x",
            judge_model_api_key=SecretStr("of the judge"),
            agent_model="openai/local",
            agent_model_api_base="http://127.0.0.1:1/v1",
            model_timeout=12,
        )
    )
    assert {role: (spec.model, spec.api_base, spec.api_key) for role, spec in made.items()} == {
        Role.AUTHOR: ("openai/gpt-5", None, "common"),
        Role.JUDGE: ("anthropic/claude-x", None, "of the judge"),
        Role.AGENT: ("openai/local", "http://127.0.0.1:1/v1", None),
    }
    assert {spec.timeout for spec in made.values()} == {12}


@pytest.mark.parametrize("role", Role)
def test_a_role_with_a_model_of_its_own_needs_no_common_one(role: Role) -> None:
    made = specs(Settings.model_validate({f"{role}_model": "openai/gpt-5"}))
    assert list(made) == [role]


@pytest.mark.parametrize(
    ("model", "small"),
    [
        ("openai/Qwen2.5-Coder-1.5B-Instruct-Q4_K_M.gguf", True),
        ("openai/qwen2.5-coder-7b", False),
        ("openai/gpt-5", False),
    ],
)
def test_only_the_small_local_model_is_marked_for_low_confidence(model: str, small: bool) -> None:
    assert {spec.small_local for spec in specs(Settings(model=model)).values()} == {small}


@pytest.mark.parametrize("role", Role)
def test_a_worker_without_a_model_takes_jobs_and_says_what_to_set(role: Role) -> None:
    nothing = Models(Database.connect(NOWHERE), specs(Settings()), 1)
    with pytest.raises(NoProvider, match=f"(?s)for the {role}.*SKILL_FLEET_MODEL"):
        nothing.of(role, uuid4(), "refine")


def test_a_key_is_not_in_what_a_model_prints_about_itself() -> None:
    made = specs(Settings(model="openai/gpt-5", model_api_key=SecretStr("very-secret")))
    assert "very-secret" not in repr(made)


def test_building_the_steps_makes_a_library_that_is_missing(tmp_path: Path) -> None:
    steps(Settings(library=tmp_path / "new" / "skills"), Database.connect(NOWHERE))
    assert (tmp_path / "new" / "skills" / "taxonomy.yaml").is_file()


@pytest.mark.parametrize(
    ("name", "build", "version"),
    [
        ("skill-fleet", "abc", WorkerDeploymentVersion("skill-fleet", "abc")),
        ("skill-fleet", None, None),
        (None, "abc", None),
        ("", "", None),
        (None, None, None),
    ],
)
def test_the_version_is_what_temporals_controller_sets_and_only_when_it_is_whole(
    monkeypatch: pytest.MonkeyPatch, name: str | None, build: str | None, version: WorkerDeploymentVersion | None
) -> None:
    for variable, value in (("TEMPORAL_DEPLOYMENT_NAME", name), ("TEMPORAL_WORKER_BUILD_ID", build)):
        monkeypatch.delenv(variable, raising=False)
        if value is not None:
            monkeypatch.setenv(variable, value)
    assert build_version() == version


def test_a_job_that_waits_for_days_goes_on_with_the_newest_worker() -> None:
    version = WorkerDeploymentVersion("skill-fleet", "abc")
    made = deployment(version)
    assert made is not None
    assert (made.version, made.use_worker_versioning) == (version, True)
    assert made.default_versioning_behavior is VersioningBehavior.AUTO_UPGRADE
    assert deployment(None) is None


def test_prompts_go_by_the_operators_policy_and_profile(tmp_path: Path) -> None:
    settings = Settings(library=tmp_path, evaluation="quick", evidence_cases=7)
    made = stored_steps(settings, Database.connect(NOWHERE))
    owners = {type(own): own for steps in made.values() for step in steps if (own := getattr(step, "__self__", None))}
    records = owners[DatabaseRecords]
    assert isinstance(records, DatabaseRecords)
    assert (records.policy, records.profile) == (settings.policy, settings.profile)
    assert records.policy.cases == 7


async def test_each_queue_has_its_worker_and_only_one_runs_workflows(
    temporal: WorkflowEnvironment, tmp_path: Path
) -> None:
    # A worker is registered with its client when it is made: a client of its own leaves the shared one free.
    client = await Client.connect(temporal.client.service_client.config.target_host)
    nowhere = Database.connect(NOWHERE)
    records = DatabaseRecords(nowhere)
    made = workers(client, steps(Settings(library=tmp_path), nowhere), records.tell_trouble, records.enter_phase)
    configured = {worker.config()["task_queue"]: len(worker.config()["workflows"]) for worker in made}
    assert configured == {WORKFLOWS: len(ALL), MODELS: 0, LIBRARY: 0}
    drains = {worker.config()["task_queue"]: worker.config()["graceful_shutdown_timeout"] for worker in made}
    assert drains == {WORKFLOWS: RECORDS_DRAIN, MODELS: DRAIN, LIBRARY: DRAIN}
    assert timedelta(seconds=10) > DRAIN + LAST
    assert RECORDS_DRAIN + timedelta(seconds=2 * LAST_MOMENT) < LAST


async def test_search_attributes_that_are_known_already_are_no_trouble(
    temporal: WorkflowEnvironment, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    client: Client = temporal.client
    await register_attributes(client)
    await register_attributes(client)
    assert len(KEYS) == 4
    assert "by hand" not in capsys.readouterr().out + caplog.text


async def test_a_worker_without_a_database_ends_at_once_and_says_what_to_set() -> None:
    with pytest.raises(SystemExit, match="SKILL_FLEET_DATABASE_URL"):
        await main(Settings())


def test_answers_need_not_wait_for_the_libraries_of_the_models() -> None:
    code = (
        "import os, sys, worker; assert 'dspy' not in sys.modules; worker.load_models(); "
        "import dspy; assert not dspy.cache.enable_memory_cache; "
        "assert all(module in sys.modules for module in worker.MODEL_STEPS); "
        "print(os.environ['LITELLM_LOCAL_MODEL_COST_MAP'])"
    )
    surroundings = {"HOME": "/proc/none"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, env=surroundings)
    assert (done.stdout, done.stderr) == ("True\n", "")
