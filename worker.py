"""The worker: builds models, database and library, registers the steps, and works until it is told to stop.

A composition root: the only place that knows which class does which step. `python worker.py` runs it.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import structlog
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker, WorkerDeploymentConfig

from activities.author import ModelAuthor
from activities.checks import RuleChecks
from activities.edge import HEARTBEAT, Edge, Tell
from activities.entering import Enter, Entering
from activities.evaluator import ModelEvaluator
from activities.library import FolderLibrary
from activities.models import Models, Role
from activities.programs.language_model import ModelSpec, switch_off_caches
from activities.records import DatabaseRecords
from activities.shelves import Shelves
from domain.taxonomy import parse_taxonomy
from settings import Settings, load
from store.session import Database
from workflows.attributes import KEYS
from workflows.create_skill import CreateSkill
from workflows.promote_skill import PromoteSkill
from workflows.steps import LIBRARY, MODELS, WORKFLOWS

LOCAL_MODEL = "qwen2.5-coder-1.5b"
"""In the name of the small local model, whose verdicts are marked as low confidence."""

DRAIN = timedelta(seconds=8)
"""How long running steps may go on after SIGTERM; then they are handed back and tried elsewhere."""

STICKY = timedelta(seconds=2)
"""How long Temporal waits for a dead worker's cache (the default of 10 s made recovery take 11 s)."""

Step = Callable[..., object]


def specs(settings: Settings) -> dict[Role, ModelSpec]:
    """The configured models by role; a role without one is left out, and its jobs say so."""
    found = {role: settings.model_for(role.value) for role in Role}
    return {
        role: ModelSpec(
            model=model.model,
            api_base=model.api_base,
            api_key=model.api_key.get_secret_value() if model.api_key else None,
            timeout=settings.model_timeout,
            small_local=LOCAL_MODEL in model.model.lower(),
        )
        for role, model in found.items()
        if model is not None
    }


def steps(settings: Settings, database: Database) -> dict[str, list[Step]]:
    """Every step of the work, by the task queue it is asked for on."""
    shelves = Shelves(settings.library)
    taxonomy = parse_taxonomy(shelves.prepare())
    models = Models(database, specs(settings), settings.model_concurrency)
    records = DatabaseRecords(database)
    author = ModelAuthor(database, models, taxonomy, shelves)
    evaluator = ModelEvaluator(database, models)
    checks = RuleChecks(database, models)
    library = FolderLibrary(database, shelves, taxonomy)
    return {
        WORKFLOWS: [
            records.open_job,
            records.enter_phase,
            records.open_prompt,
            records.take_answer,
            records.park_prompt,
            records.remind,
            records.reopen_prompt,
            records.fix_structure,
            records.raise_budget,
            records.adopt,
            records.report_problem,
            records.resume,
            records.keep_decisions,
            records.waive,
            records.finish,
        ],
        MODELS: [
            author.refine,
            author.ask_questions,
            author.ask_deeper,
            author.summarize,
            author.plan,
            author.write,
            evaluator.write_cases,
            evaluator.revise_cases,
            evaluator.try_cases,
            checks.validate,
        ],
        LIBRARY: [
            library.save_draft,
            library.place,
            library.publish_files,
            library.publish_rows,
            library.undo,
        ],
    }


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
) -> list[Worker]:
    """One worker a task queue, so that a slow provider never delays an answer.

    `tell` shows passing trouble, `enter` records the phases that are entered with a step.
    """
    return [
        Worker(
            client,
            task_queue=queue,
            workflows=[CreateSkill, PromoteSkill] if queue == WORKFLOWS else [],
            activities=by_queue[queue],
            interceptors=[Edge(tell), Entering(enter)],
            deployment_config=deployment(version),
            graceful_shutdown_timeout=DRAIN,
            sticky_queue_schedule_to_start_timeout=STICKY,
            max_concurrent_activities=100,
            max_heartbeat_throttle_interval=timedelta(seconds=HEARTBEAT),
            default_heartbeat_throttle_interval=timedelta(seconds=HEARTBEAT),
        )
        for queue in (WORKFLOWS, MODELS, LIBRARY)
    ]


@asynccontextmanager
async def running(all_workers: Sequence[Worker]) -> AsyncIterator[None]:
    """Run the workers until the block ends; then they drain."""
    async with AsyncExitStack() as stack:
        for worker in all_workers:
            await stack.enter_async_context(worker)
        yield


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


async def main(settings: Settings) -> None:
    """Connect, work, drain on SIGTERM or SIGINT."""
    log = structlog.get_logger()
    if settings.database_url is None:
        raise SystemExit("The worker needs a database: set SKILL_FLEET_DATABASE_URL, or run `skill-fleet up`.")
    switch_off_caches()
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    url, tell = settings.database_url.get_secret_value(), settings.webhook_url is not None
    database = Database.connect(url, name="skill-fleet-worker", notify=tell)
    connect = ClientConfig.load_client_connect_config()
    connect.setdefault("target_host", "localhost:7233")
    client = await Client.connect(**connect, data_converter=pydantic_data_converter)
    await register_attributes(client)
    records = DatabaseRecords(database)
    at_work = workers(client, steps(settings, database), records.tell_trouble, records.enter_phase, build_version())
    async with running(at_work):
        log.info("the worker is ready", models={role: spec.model for role, spec in specs(settings).items()})
        await stop.wait()
        log.info("the worker drains")
    await database.dispose()


def build_version() -> WorkerDeploymentVersion | None:
    """The version under which Temporal knows this build, from the two variables its controller sets."""
    name, build = os.environ.get("TEMPORAL_DEPLOYMENT_NAME"), os.environ.get("TEMPORAL_WORKER_BUILD_ID")
    return WorkerDeploymentVersion(name, build) if name and build else None


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    asyncio.run(main(load()))
    sys.stderr.flush()
    os._exit(0)  # drained: the interpreter's own end can abort in the SDK's threads (temporalio/sdk-python#300)
