"""The worker: builds models, database and library, registers the steps, and works until it is told to stop.

A composition root: the only place that knows which class does which step. `python worker.py` runs it. It comes up in
two steps: answers, records and files go on before the libraries of the models are loaded.
"""

import argparse
import asyncio
import gc
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING

import structlog
from prometheus_client import start_http_server
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion, WorkflowIDConflictPolicy
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker, WorkerDeploymentConfig

from activities.curator import LibraryCurator
from activities.draining import LAST, Draining, Stop
from activities.edge import HEARTBEAT, Edge, Tell
from activities.entering import Enter, Entering
from activities.evidence.reviewing import DatabaseReviewing
from activities.importer import Importer
from activities.library import FolderLibrary
from activities.library_check import LibraryKeeper
from activities.library_git import Git
from activities.mlflow_needed import required
from activities.records import DatabaseRecords
from activities.retention import DatabaseRetention
from activities.shelves import Shelves
from domain.taxonomy import parse_taxonomy
from settings import Settings, load
from store.session import Database
from workflows.attributes import KEYS
from workflows.check_library import CheckLibrary
from workflows.converter import COMPACT
from workflows.library_messages import CheckRequest
from workflows.nightly import keep_schedule
from workflows.reevaluation import keep_reevaluation
from workflows.registered import ALL
from workflows.signals import Hearing
from workflows.steps import LIBRARY, MODELS, WORKFLOWS

if TYPE_CHECKING:
    from activities.models import Role
    from activities.programs.language_model import ModelSpec

DRAIN = timedelta(seconds=8)
"""How long model calls and files may go on after SIGTERM, while answers are still taken; then they are handed back."""

RECORDS_DRAIN = timedelta(seconds=0.5)
"""How long database steps may go on after that. They take milliseconds, unless the database is frozen."""

END = DRAIN + LAST
"""When a worker that was told to stop has stopped, one way or the other."""

STICKY = timedelta(seconds=1)
"""How long Temporal waits for a dead worker's cache before it asks another (its default of 10 s is felt at each
kill). A live worker that is late loses nothing but the cache of one job."""

WORKFLOW_TASKS = 16
"""Jobs whose next step is worked out at once, by threads that share one core: of a hundred each would take so long
that a short task timeout, or the SDK's own limit of 2 s, would end them."""

STEPS_AT_ONCE = {WORKFLOWS: 100, MODELS: 32, LIBRARY: 20}
"""Steps of one worker at once; the rest waits in Temporal. Of the model steps most wait for their turn at a provider
(`SKILL_FLEET_MODEL_CONCURRENCY`), and each costs two heartbeats a second (200 of them: more than half a core)."""

CACHED = 250
"""Jobs kept in memory between their steps, some 220 KB each. Of those that wait for people the history is replayed when
they are answered, in some 20 ms; a thousand of them in memory made a worker of 330 MB."""

MODEL_STEPS = ("activities.author", "activities.checks", "activities.evaluator")
"""Modules of the steps that need models."""

Step = Callable[..., object]

STEP = "__temporal_activity_definition"
"""The mark that Temporal's decorator leaves on a step."""


def specs(settings: Settings) -> "dict[Role, ModelSpec]":
    """The configured models by role; a role without one is left out, and its jobs say so."""
    from activities.models import Role  # noqa: PLC0415 - a process entry point: dspy takes most of a second
    from activities.programs.language_model import ModelSpec  # noqa: PLC0415

    found = {role: settings.model_for(role.value) for role in Role}
    return {
        role: ModelSpec(
            model=model.model,
            api_base=model.api_base,
            api_key=model.api_key.get_secret_value() if model.api_key else None,
            timeout=settings.model_timeout,
            small_local=model.small_local,
        )
        for role, model in found.items()
        if model is not None
    }


def steps(settings: Settings, database: Database) -> dict[str, list[Step]]:
    """Every step of the work, by the task queue it is asked for on."""
    return {**stored_steps(settings, database), **model_steps(settings, database)}


def stored_steps(settings: Settings, database: Database) -> dict[str, list[Step]]:
    """The steps that need the database and the library only: what answers wait for."""
    shelves = Shelves(settings.library)
    records = DatabaseRecords(database, shelves, settings.profile, settings.policy)
    taxonomy = parse_taxonomy(shelves.prepare())
    git = settings.library_git == "on"
    library = FolderLibrary(database, shelves, taxonomy, settings.policy, git=git)
    curator = LibraryCurator(database, shelves)
    keeper = LibraryKeeper(database, shelves, Git(settings.library) if git else None)
    importer = Importer(database, shelves, taxonomy)
    agent = settings.model_for("agent")
    reviewing = DatabaseReviewing(database, settings.library, settings.policy, agent.model if agent else None)
    retention = DatabaseRetention(database, settings.library, settings.keep)
    return {
        WORKFLOWS: [*of(records), retention.survey, retention.forget, retention.overdue],
        LIBRARY: [*of(library), *of(curator), *of(keeper), *of(importer), *of(reviewing), retention.remove_folders],
    }


def of(does: object) -> list[Step]:
    """All steps of an object, by their names."""
    named = (getattr(does, name) for name in dir(type(does)) if hasattr(getattr(type(does), name), STEP))
    return list(named)


def model_steps(settings: Settings, database: Database) -> dict[str, list[Step]]:
    """The steps that ask models."""
    from activities.author import ModelAuthor  # noqa: PLC0415 - a process entry point, see `specs`
    from activities.checks import RuleChecks  # noqa: PLC0415
    from activities.evaluator import ModelEvaluator  # noqa: PLC0415
    from activities.models import Models  # noqa: PLC0415
    from activities.second_opinion import SecondOpinion  # noqa: PLC0415

    shelves = Shelves(settings.library)
    models = Models(
        database, specs(settings), settings.model_concurrency, settings.model_requests_per_minute, settings.traces
    )
    evaluator = ModelEvaluator(database, models, settings.profile, settings.policy)
    second = SecondOpinion(settings.scanner) if settings.scanner else None
    author = ModelAuthor(database, models, parse_taxonomy(shelves.prepare()), shelves)
    checks = RuleChecks(database, models, settings.library, second)
    return {MODELS: [*of(author), *of(evaluator), *of(checks)]}


def load_models(mlflow_uri: str | None = None) -> None:
    """Import what the model steps need, a second's work; a thread may do it, so that answers go on."""
    # dspy would fetch a price list at the first call; the one it brings along costs nothing and is always there.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    for module in MODEL_STEPS:
        import_module(module)
    from activities.programs.language_model import switch_off_caches  # noqa: PLC0415 - see `specs`

    switch_off_caches()
    if mlflow_uri is not None:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # read at its import
        import_module("activities.programs.mlflow_tracing").send_to(mlflow_uri)


def deployment(version: WorkerDeploymentVersion | None) -> WorkerDeploymentConfig | None:
    """Jobs that wait for days go on with the newest worker (auto-upgrade); histories are replayed in the checks."""
    if version is None:
        return None
    return WorkerDeploymentConfig(
        version=version,
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE,
    )


def workers(
    client: Client,
    by_queue: dict[str, list[Step]],
    tell: Tell,
    enter: Enter,
    version: WorkerDeploymentVersion | None = None,
    drain: timedelta = DRAIN,
) -> list[Worker]:
    """One worker a task queue, so that a slow provider never delays an answer.

    `tell` shows passing trouble, `enter` records the phases that are entered with a step.
    """
    return [
        Worker(
            client,
            task_queue=queue,
            workflows=ALL if queue == WORKFLOWS else [],
            activities=by_queue[queue],
            interceptors=[Draining(), Edge(tell), Entering(enter), Hearing()],
            deployment_config=deployment(version),
            graceful_shutdown_timeout=RECORDS_DRAIN if queue == WORKFLOWS else drain,
            sticky_queue_schedule_to_start_timeout=STICKY,
            max_concurrent_workflow_tasks=WORKFLOW_TASKS,
            max_cached_workflows=CACHED,
            max_concurrent_activities=STEPS_AT_ONCE[queue],
            max_heartbeat_throttle_interval=timedelta(seconds=HEARTBEAT),
            default_heartbeat_throttle_interval=timedelta(seconds=HEARTBEAT),
        )
        for queue in by_queue
    ]


@asynccontextmanager
async def running(all_workers: Sequence[Worker]) -> AsyncIterator[None]:
    """Run the workers until the block ends; then they drain, side by side. The error of a worker that cannot go on ends
    the block, and is raised."""
    inside = asyncio.current_task()
    assert inside is not None
    runs = [asyncio.create_task(worker.run()) for worker in all_workers]
    for run in runs:
        run.add_done_callback(lambda run: inside.cancel() if not run.cancelled() and run.exception() else None)
    try:
        yield
    finally:
        await drained(all_workers, runs)


async def drained(all_workers: Sequence[Worker], runs: Sequence[asyncio.Task[None]]) -> None:
    """Shut the workers down. Raises the error of one that could not go on.

    Now and then the SDK (1.35) waits for ever for the end of its own threads: it is left alone then.
    """
    await asyncio.wait([asyncio.create_task(worker.shutdown()) for worker in all_workers], timeout=END.total_seconds())
    for run in runs:
        run.cancel()
    for outcome in await asyncio.gather(*runs, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome


async def register_attributes(client: Client) -> None:
    """Make the search attributes known to this namespace; without them its workflows could not go on.

    Managed Temporal may forbid it: then its operator registers them, and a line in the log says so.
    """
    for key in KEYS:
        request = AddSearchAttributesRequest(
            namespace=client.namespace,
            search_attributes={key.name: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD},
        )
        try:
            await client.operator_service.add_search_attributes(request)
        except RPCError as refused:
            if refused.status is not RPCStatusCode.ALREADY_EXISTS:
                structlog.get_logger().warning("register a search attribute by hand", name=key.name, why=str(refused))


async def schedule_nights(client: Client, settings: Settings) -> None:
    """Make or renew the schedules; where they may not be, the log says so, and jobs get done all the same."""
    try:
        await keep_schedule(client, off=settings.retention == "off")
        await keep_reevaluation(client, off=settings.reevaluate == "off")
    except RPCError as refused:
        structlog.get_logger().warning("retention and re-evaluation are not scheduled", why=str(refused))


async def register_library(client: Client) -> None:
    """Give rows to folders of the library that have none: what was shipped with it, checked out, or written by hand.

    Of several workers that start together one does it; the log says so where it may not begin.
    """
    try:
        await client.start_workflow(
            CheckLibrary.run,
            CheckRequest(by="skill-fleet", register_only=True),
            id="register-library",
            task_queue=WORKFLOWS,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary="Give rows to folders of the library that have none",
        )
    except RPCError as refused:
        structlog.get_logger().warning("folders without rows are not listed", why=str(refused))


async def main(settings: Settings, drain: timedelta = DRAIN) -> None:
    """Connect, work, drain on SIGTERM or SIGINT."""
    log = structlog.get_logger()
    if settings.database_url is None:
        raise SystemExit("The worker needs a database: set SKILL_FLEET_DATABASE_URL, or run `skill-fleet up`.")
    required(settings.mlflow_uri)
    stop = Stop(drain)
    url, tell = settings.database_url.get_secret_value(), settings.webhook_url is not None
    database = Database.connect(url, name="skill-fleet-worker", notify=tell)
    if settings.metrics_port is not None:
        start_http_server(settings.metrics_port, "127.0.0.1", database.meter.registry)
    connect = ClientConfig.load_client_connect_config()
    connect.setdefault("target_host", "localhost:7233")
    client = await Client.connect(**connect, data_converter=COMPACT)
    await register_attributes(client)
    records = DatabaseRecords(database)
    common = records.tell_trouble, records.enter_phase, build_version(), drain
    async with running(workers(client, stored_steps(settings, database), *common)):
        log.info("the worker takes answers")
        await schedule_nights(client, settings)
        await register_library(client)
        await asyncio.to_thread(load_models, settings.mlflow_uri)
        gc.freeze()  # what is loaded stays: each full collection that looked at it again would stop all for 80 ms
        async with running(workers(client, model_steps(settings, database), *common)):
            log.info("the worker is ready", models={role: spec.model for role, spec in specs(settings).items()})
            await stop.asked.wait()
            log.info("the worker drains")
    await database.dispose()


def build_version() -> WorkerDeploymentVersion | None:
    """The version under which Temporal knows this build, from the two variables its controller sets."""
    name, build = os.environ.get("TEMPORAL_DEPLOYMENT_NAME"), os.environ.get("TEMPORAL_WORKER_BUILD_ID")
    return WorkerDeploymentVersion(name, build) if name and build else None


def drain_asked() -> timedelta:
    """How long it may drain, from the command line."""
    parser = argparse.ArgumentParser(description="The worker of Skill Fleet. Its settings are in the environment.")
    parser.add_argument(
        "--drain", type=float, default=DRAIN.total_seconds(), metavar="SECONDS", help="for steps that run at SIGTERM"
    )
    return timedelta(seconds=parser.parse_args().drain)


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    asyncio.run(main(load(), drain_asked()))
    sys.stderr.flush()
    os._exit(0)  # drained: the interpreter's own end can abort in the SDK's threads (temporalio/sdk-python#300)
