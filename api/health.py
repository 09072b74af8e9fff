"""Routes for operators: does it live, can it work, how is the pool, and the numbers for Prometheus."""

from typing import Literal

from fastapi import APIRouter, Response
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from api.checks import SOME_JOBS, Check, readiness
from api.dependencies import Services, ServicesDep
from api.described import problems
from api.metrics import scraped
from domain.shape import StrictShape
from store.pool import PoolState

router = APIRouter(prefix="/health", tags=["operators"])
metrics_router = APIRouter(tags=["operators"])

HALF = 0.5
"""Share of the pool beyond which something holds connections too long (scenario H)."""


class Alive(StrictShape):
    """`GET /health/live`."""

    status: Literal["ok"] = "ok"


class Ready(StrictShape):
    """`GET /health/ready`: every part, what is wrong with it and what mends it."""

    status: Literal["ok", "degraded"]
    checks: dict[str, Check]


class DatabaseHealth(StrictShape):
    """`GET /health/db`: the pool of this process. `yellow` above half of `limit`, `red` when the next query must wait.

    `overflow`: connections beyond `size`. `checkout_p50` and `checkout_p99`: seconds, over the last 1,000 checkouts.
    """

    status: Literal["green", "yellow", "red"]
    size: int
    active: int
    idle: int
    overflow: int
    limit: int
    checkout_p50: float
    checkout_p99: float


@router.get("/live", summary="Does it live")
async def read_live() -> Alive:
    """Answers as long as the process does; asks nobody."""
    return Alive()


@router.get("/ready", summary="Can it work", responses={503: {"model": Ready, "description": "Something is missing."}})
async def read_ready(parts: ServicesDep, response: Response) -> Ready:
    """Every part the work needs, each with what mends it. 503 when one of them fails; `degraded` without a 503 when
    only some jobs cannot go on: this process serves all others, and must stay in service."""
    ready = await ready_now(parts)
    if {name for name, check in ready.checks.items() if not check.ok} - SOME_JOBS:
        response.status_code = 503
    return ready


@router.get("/db", summary="How is the pool", responses=problems(503))
async def read_database_health(parts: ServicesDep, response: Response) -> DatabaseHealth:
    """Connections in use and idle, and how long a checkout takes. 503 when the pool is exhausted. Needs none itself."""
    pool = pool_now(parts)
    if pool.status == "red":
        response.status_code = 503
    return pool


async def ready_now(parts: Services) -> Ready:
    """Every part, for whoever shows it; says nothing of whether this process must leave service."""
    checks = await readiness(parts)
    return Ready(status="ok" if all(check.ok for check in checks.values()) else "degraded", checks=checks)


def pool_now(parts: Services) -> DatabaseHealth:
    """The pool of this process."""
    state = parts.database.pool_state()
    return DatabaseHealth(
        status=colour_of(state),
        size=state.size,
        active=state.active,
        idle=state.idle,
        overflow=state.overflow,
        limit=state.limit,
        checkout_p50=round(state.checkout_p50, 6),
        checkout_p99=round(state.checkout_p99, 6),
    )


@metrics_router.get("/metrics", summary="Prometheus", response_class=Response)
async def read_metrics(parts: ServicesDep) -> Response:
    """The pool of this process, how the work stands, and which part answers. Answers whatever is down."""
    return Response(await scraped(parts), media_type=CONTENT_TYPE_PLAIN_0_0_4)


def colour_of(state: PoolState) -> Literal["green", "yellow", "red"]:
    """How the pool is."""
    if state.exhausted:
        return "red"
    return "yellow" if state.active > HALF * state.limit else "green"
