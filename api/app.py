"""The composition root of the api: settings, database, Temporal, library, routes. `uvicorn api.app:create --factory`.

It starts and answers while the database or Temporal is away: both are connected to on first use, and again.
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import structlog
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.middleware.gzip import GZipMiddleware
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig, ClientConnectConfig

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
    logs,
    marketplace,
    pages,
    problems,
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
from api.dependencies import Services
from api.described import problems as documented
from api.guard import SECURITY_HEADERS, Guard
from api.hub import Hub
from api.idempotency import Idempotency
from api.idempotency import document as document_keys
from api.library import LibraryFolder
from api.notifying import notify_for_ever
from api.patience import WITHIN, Patience
from api.reconciling import reconcile_for_ever
from api.redelivery import redeliver_for_ever
from api.temporal import Temporal
from api.webhook import UnusableWebhook, Webhook, webhook_of
from api.workflow_pages import WorkflowPages
from settings import Settings, load
from store.notifications import listen
from store.session import Database

PREFIX = "/api/v1"

DESCRIPTION = """\
Makes Agent Skills worth installing: a sentence becomes a skill that is questioned, written, proven against a run
without it, approved, validated and published. Start with `POST /api/v1/skills`, follow
`GET /api/v1/jobs/{job_id}/events`, answer with `POST /api/v1/hitl/{job_id}/response`, publish with
`POST /api/v1/drafts/{job_id}/promote`. Errors are problem documents (RFC 9457).
"""


class Application(FastAPI):
    """The application, whose documentation also tells of the header that a middleware heeds."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document, made once."""
        if self.openapi_schema is None:
            document_keys(super().openapi())
        return super().openapi()


def create() -> FastAPI:
    """The application from the environment's settings; what uvicorn calls."""
    logs.configure()
    app = build(load(), ClientConfig.load_client_connect_config())
    gc.freeze()  # what is loaded stays: each full collection that looked at it again would hold up every request
    return app


def build(settings: Settings, temporal: ClientConnectConfig, *, patience: float = WITHIN) -> FastAPI:
    """The application from given settings; `patience`: seconds a request may go without an answer.

    Raises SystemExit when no database is named, or the webhook cannot be used.
    """
    if settings.database_url is None:
        raise SystemExit("The api needs a database: set SKILL_FLEET_DATABASE_URL, or run `skill-fleet up`.")
    app = Application(
        title="Skill Fleet",
        version="1",
        description=DESCRIPTION,
        lifespan=partial(lifespan, settings=settings, temporal=temporal, webhook=webhook_from(settings)),
        docs_url=None,  # its scripts come from another host, which the content policy forbids
        redoc_url=None,
        generate_unique_id_function=operation_id,
        responses=documented(422),
    )
    about_jobs = (live.router, jobs.router, record.router, revision_files.router, traces.router, understanding.router)
    about_people = (audit.router, hitl.router, drafts.router, groups.router)
    # The last one takes any path below /skills.
    about_skills = (
        archives.router,
        versions.router,
        evaluations.router,
        curating.router,
        catalog.router,
        marketplace.router,
        skills.router,
    )
    from_people = (usage.router, work.router, configured.router, profiles.router, sources.router, imports.router)
    for router in (*about_jobs, *about_people, *about_skills, *from_people, health.router, retention.router):
        app.include_router(router, prefix=PREFIX)
    for router in (well_known.router, marketplace.root_router, health.metrics_router, pages.router):
        app.include_router(router)
    app.mount("/static", pages.assets, name="static")
    told = problems.install(app, pages.problem_page, SECURITY_HEADERS)
    # The last one added is the first to see a request.
    app.add_middleware(Idempotency, told=told)
    app.add_middleware(Patience, told=told, seconds=patience)
    app.add_middleware(GZipMiddleware, minimum_size=1024, compresslevel=6)
    app.add_middleware(Guard, hosts=own_hosts(settings.api_url), streamed={**sources.STREAMED, **pages.STREAMED})
    return app


def operation_id(route: APIRoute) -> str:
    """The function's name: readable, and unique because no two routes share one."""
    return route.name


def own_hosts(api_url: str | None) -> frozenset[str]:
    """The host under which people were told to find this api, besides loopback."""
    host = urlsplit(api_url).hostname if api_url else None
    return frozenset({host} if host else ())


def webhook_from(settings: Settings) -> Webhook | None:
    """Where notifications go; None when nobody is to be notified."""
    secret = settings.webhook_secret.get_secret_value() if settings.webhook_secret else None
    try:
        return webhook_of(settings.webhook_url, secret, private=settings.webhook_allow_private)
    except UnusableWebhook as error:
        raise SystemExit(str(error)) from error


@asynccontextmanager
async def lifespan(
    app: FastAPI, settings: Settings, temporal: ClientConnectConfig, webhook: Webhook | None
) -> AsyncIterator[None]:
    """Make the parts, run what runs beside requests, and leave nothing open."""
    assert settings.database_url is not None
    url = settings.database_url.get_secret_value()
    model = settings.model_for("author")
    client = await lazy_client(temporal)
    parts = Services(
        database=Database.connect(url, name="skill-fleet-api", notify=webhook is not None),
        temporal=Temporal(client),
        library=LibraryFolder(settings.library),
        hub=Hub(),
        model=model.model if model else None,
        policy=settings.policy,
        configured=settings.configured,
        workflow_pages=WorkflowPages(settings.temporal_ui_url, client.namespace),
    )
    app.state.services = parts
    works = [parts.hub.listen(partial(listen, url)), redeliver_for_ever(parts), reconcile_for_ever(parts)]
    if webhook is not None:
        works.append(notify_for_ever(parts.database, webhook))
    try:
        async with beside(*works):
            yield
    finally:
        await parts.database.dispose()


async def lazy_client(config: ClientConnectConfig) -> Client:
    """A client that connects on its first call, and again after a broken one."""
    config.setdefault("target_host", "localhost:7233")
    return await Client.connect(**config, lazy=True, data_converter=pydantic_data_converter)


@asynccontextmanager
async def beside(*works: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run these until the block ends. One that dies of a bug is logged loudly; requests go on."""
    tasks = [asyncio.create_task(work) for work in works]
    for task in tasks:
        task.add_done_callback(_told)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _told(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        structlog.get_logger("api").critical("a background task died", exc_info=task.exception())
