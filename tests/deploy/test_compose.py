"""`compose.yaml` and what it mounts: right in form, true to this checkout, closed to the network. Needs no engine."""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import jsonschema
import pytest
import yaml
from pydantic import BaseModel, JsonValue
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.testing import WorkflowEnvironment

from deploy.postgres_server import MAX_CONNECTIONS
from deploy.rollout import parse
from deploy.temporal_server import DYNAMIC_CONFIG, RETENTION, SEARCH_ATTRIBUTES, find_binary
from deploy.worker_version import DEPLOYMENT, build_id
from settings import PREFIX, Settings
from worker import DRAIN

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
FILE = DEPLOY / "compose.yaml"
TEXT = FILE.read_text()
ONE_SHOTS = {"temporal-schema", "temporal-namespace", "migrate", "rollout"}
OURS = {"migrate", "api", "worker", "rollout"}
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?P<how>:-|:\?)?(?P<rest>[^}]*)\}")


class Waiting(BaseModel):
    """What a service waits for of another."""

    condition: str


class Service(BaseModel):
    """The part of a service that these tests look at."""

    image: str
    environment: dict[str, str | None] = {}
    command: list[str] = []
    entrypoint: list[str] = []
    ports: list[str] = []
    volumes: list[str] = []
    depends_on: dict[str, Waiting] = {}
    healthcheck: dict[str, JsonValue] = {}
    restart: str = "no"
    stop_grace_period: str = "10s"
    read_only: bool = False
    cap_drop: list[str] = []


class Compose(BaseModel):
    """The whole file."""

    services: dict[str, Service]
    volumes: dict[str, None]


COMPOSE = Compose.model_validate(yaml.safe_load(TEXT))
SERVICES = sorted(COMPOSE.services)


def example() -> dict[str, str]:
    """The variables of `example.env`, those in comments too."""
    lines = (DEPLOY / "compose" / "example.env").read_text().splitlines()
    pairs = (re.fullmatch(r"#?([A-Z_]+)=(.*)", line) for line in lines)
    return {pair[1]: pair[2] for pair in pairs if pair}


def test_the_file_is_valid_by_the_compose_schema() -> None:
    package = find_spec("check_jsonschema")  # found, not imported: only the schema in it is wanted
    if package is None or package.origin is None:
        pytest.skip("the schema comes with the package check-jsonschema, which is not installed")
    schema = Path(package.origin).parent / "builtin_schemas" / "vendor" / "compose-spec.json"
    jsonschema.Draft202012Validator(json.loads(schema.read_text())).validate(yaml.safe_load(TEXT))


def test_docker_reads_the_file_where_docker_is_there() -> None:
    probe = shutil.which("docker") and subprocess.run(["docker", "compose", "version"], capture_output=True)
    if not probe or probe.returncode != 0:
        pytest.skip("no `docker compose` here")
    environment = os.environ | {"POSTGRES_PASSWORD": "a", "TEMPORAL_POSTGRES_PASSWORD": "b"}
    read = subprocess.run(["docker", "compose", "-f", str(FILE), "config", "-q"], capture_output=True, env=environment)
    assert (read.returncode, read.stderr) == (0, b"")


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_is_pinned(name: str) -> None:
    tag = COMPOSE.services[name].image.partition(":")[2]
    assert tag == "local" if name in OURS else re.fullmatch(r"\d+(\.\d+)+", tag)


def test_temporals_tools_are_as_new_as_its_server() -> None:
    images = [service.image for service in COMPOSE.services.values() if service.image.startswith("temporalio/")]
    versions = {image.rpartition(":")[2] for image in images if not image.startswith("temporalio/ui")}
    assert len(versions) == 1


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_published_on_this_machine_only(name: str) -> None:
    assert [port for port in COMPOSE.services[name].ports if not port.startswith("127.0.0.1:")] == []


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_for_what_the_other_can_become(name: str) -> None:
    for other, waiting in COMPOSE.services[name].depends_on.items():
        awaited = COMPOSE.services[other]
        if other in ONE_SHOTS:
            assert waiting.condition == "service_completed_successfully"
        else:
            assert waiting.condition == "service_healthy"
            assert awaited.healthcheck["test"]


@pytest.mark.parametrize("name", SERVICES)
def test_what_serves_is_started_again_and_what_prepares_is_not(name: str) -> None:
    assert COMPOSE.services[name].restart == ("no" if name in ONE_SHOTS else "unless-stopped")


@pytest.mark.parametrize("name", SERVICES)
def test_every_mount_is_a_named_volume_or_a_folder_of_the_checkout(name: str) -> None:
    for mount in COMPOSE.services[name].volumes:
        source, target, *_ = VARIABLE.sub(lambda found: found["rest"], mount).split(":")
        assert target.startswith("/")
        assert (DEPLOY / source).is_dir() if source.startswith(".") else source in COMPOSE.volumes


def test_every_mounted_file_that_is_named_is_there() -> None:
    named = re.findall(r"/skill-fleet/([\w.-]+)", TEXT)
    assert len(set(named)) == 3
    assert [name for name in named if not (DEPLOY / "compose" / name).is_file()] == []


def test_api_and_worker_see_the_same_library() -> None:
    library = COMPOSE.services["api"].volumes
    assert COMPOSE.services["worker"].volumes == library
    assert library[0].endswith(f":{COMPOSE.services['api'].environment['SKILL_FLEET_LIBRARY']}")


@pytest.mark.parametrize("name", SERVICES)
def test_every_setting_that_is_passed_on_exists(name: str) -> None:
    known = {PREFIX + field.upper() for field in Settings.model_fields}
    given = {variable for variable in COMPOSE.services[name].environment if variable.startswith(PREFIX)}
    assert given <= known


def test_the_worker_gets_every_setting_of_models_and_the_api_no_key() -> None:
    of_models = {PREFIX + field.upper() for field in Settings.model_fields if "model" in field}
    assert of_models - set(COMPOSE.services["worker"].environment) == {"SKILL_FLEET_LOCAL_MODEL_FILE"}
    assert [name for name in COMPOSE.services["api"].environment if name.endswith("KEY")] == []


def test_api_and_worker_decide_by_the_same_policy() -> None:
    """The api refuses at once what the worker would refuse when it acts; another one would promise too much."""
    of_policy = {PREFIX + field.upper() for field in Settings.model_fields if field.startswith("evidence_")}
    assert len(of_policy) == 6
    for name in ("api", "worker"):
        given = COMPOSE.services[name].environment
        assert {variable: given.get(variable) for variable in of_policy} == dict.fromkeys(of_policy)


def test_the_worker_alone_is_told_how_to_prove_and_where_traces_go() -> None:
    own = {"SKILL_FLEET_EVALUATION", "SKILL_FLEET_REEVALUATE", "SKILL_FLEET_TRACES", "SKILL_FLEET_MLFLOW_URI"}
    holders = {name for name, service in COMPOSE.services.items() if own & set(service.environment)}
    assert holders == {"worker"}
    given = COMPOSE.services["worker"].environment
    assert {variable: given.get(variable, "missing") for variable in own} == dict.fromkeys(own)


def test_passwords_must_be_given_and_stand_in_no_file() -> None:
    secret = [found for found in VARIABLE.finditer(TEXT) if "PASSWORD" in found["name"]]
    assert {found["how"] for found in secret} == {":?"}
    required = {found["name"] for found in secret}
    assert {name: example()[name] for name in required} == dict.fromkeys(required, "")


def test_every_variable_that_may_be_set_is_in_the_example() -> None:
    assert {found["name"] for found in VARIABLE.finditer(TEXT)} <= set(example())


def test_the_databases_take_the_connections_of_all_their_clients() -> None:
    for name in ("postgres", "temporal-postgres"):
        assert f"max_connections={MAX_CONNECTIONS}" in COMPOSE.services[name].command


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_containers_can_change_nothing_but_their_volumes(name: str) -> None:
    service = COMPOSE.services[name]
    assert (service.read_only, service.cap_drop) == (True, ["ALL"])


def test_the_worker_may_drain_before_it_is_killed() -> None:
    grace = float(COMPOSE.services["worker"].stop_grace_period.removesuffix("s"))
    assert grace >= DRAIN.total_seconds() + 5


def test_the_worker_is_named_by_its_code_and_the_rollout_makes_that_name_current() -> None:
    worker = COMPOSE.services["worker"]
    assert worker.environment["TEMPORAL_DEPLOYMENT_NAME"] == DEPLOYMENT
    show = (sys.executable, "-c", "import os; print(os.environ['TEMPORAL_WORKER_BUILD_ID'])")
    entry = [word.replace("$$", "$") for word in worker.entrypoint]
    path = f"{Path(sys.executable).parent}:{os.defpath}"
    named = subprocess.run((*entry, *show), capture_output=True, text=True, cwd=ROOT, env={"PATH": path})
    assert named.stdout == build_id(ROOT) + "\n", named.stderr


def test_the_rollout_is_told_nothing_that_it_does_not_know() -> None:
    program, module, name, *arguments = COMPOSE.services["rollout"].command
    assert (program, module, name) == ("python", "-m", "deploy.rollout")
    given = parse(arguments)
    # One container of a kind: the worker of the version before is gone, so nothing is left to ramp from or to drain.
    assert (given.command, given.deployment, given.build) == ("deploy", DEPLOYMENT, None)
    assert (given.ramp, given.pause, given.drain, given.only_running) == ((), 0, 0, True)


def test_commands_name_files_of_the_checkout() -> None:
    words = [word for name in OURS for word in COMPOSE.services[name].command if word.endswith((".py", ".ini"))]
    assert sorted(words) == ["deploy/migrations/alembic.ini", "worker.py"]
    assert all((ROOT / word).is_file() for word in words)


def test_temporals_server_polls_as_fast_as_the_local_one() -> None:
    given = yaml.safe_load((DEPLOY / "compose" / "temporal-dynamic-config.yaml").read_text())
    ours = {key: json.loads(str(value)) for key, value in DYNAMIC_CONFIG.items()}
    assert given == {key: [{"value": value}] for key, value in ours.items()}


async def test_the_namespace_is_prepared_and_preparing_it_again_changes_nothing(temporal: WorkflowEnvironment) -> None:
    namespace = f"compose-{uuid4().hex[:8]}"
    address = temporal.client.service_client.config.target_host
    for _ in range(2):
        done = run_script("temporal-namespace.sh", TEMPORAL_ADDRESS=address, TEMPORAL_NAMESPACE=namespace)
        assert done.returncode == 0, done.stderr
    described = await temporal.client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=namespace))
    assert described.config.workflow_execution_retention_ttl.ToTimedelta() == RETENTION
    listed = await temporal.client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=namespace)
    )
    assert set(SEARCH_ATTRIBUTES) <= set(listed.custom_attributes)


def test_both_databases_of_temporal_get_their_own_tables(tmp_path: Path) -> None:
    recorder = tmp_path / "temporal-sql-tool"
    recorder.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n')
    recorder.chmod(0o700)
    surroundings = {"POSTGRES_SEEDS": "db", "POSTGRES_USER": "temporal", "DB_PORT": "5432", "SQL_PASSWORD": "secret"}
    done = run_script("temporal-schema.sh", PATH=f"{tmp_path}:{os.defpath}", **surroundings)
    assert done.returncode == 0, done.stderr
    calls = (tmp_path / "calls").read_text().splitlines()
    steps = [call.partition("--db ")[2] for call in calls]
    tables = "update-schema -d /etc/temporal/schema/postgresql/v12"
    assert steps == [
        *("temporal create", "temporal setup-schema -v 0.0", f"temporal {tables}/temporal/versioned"),
        *("temporal_visibility create", "temporal_visibility setup-schema -v 0.0"),
        f"temporal_visibility {tables}/visibility/versioned",
    ]
    assert all(call.startswith("--plugin postgres12 --ep db -p 5432 -u temporal") for call in calls)
    assert "secret" not in " ".join(calls)


def run_script(name: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one of the scripts that compose mounts, with `temporal` on the path and nothing else from here."""
    path = f"{find_binary().parent}:{Path(sys.executable).parent}:{os.defpath}"
    given = {"PATH": path, "HOME": "/nonexistent"} | environment
    script = str(DEPLOY / "compose" / name)
    return subprocess.run(["/bin/sh", script], capture_output=True, text=True, env=given, timeout=90)
