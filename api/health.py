"""Routes for operators: does it live, can it work, how is the pool, and the numbers for Prometheus."""

from typing import Literal

from fastapi import APIRouter, Response

from api.checks import Check, readiness
from api.dependencies import ServicesDep
from api.described import problems
from domain.job import JobStatus
from domain.shape import StrictShape
from store import health
from store.session import PoolState

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
    """`GET /health/db`: the pool of this process. `checkout_p99` in seconds; `red` when the next query must wait."""

    status: Literal["green", "yellow", "red"]
    size: int
    active: int
    idle: int
    limit: int
    checkout_p99: float


@router.get("/live", summary="Does it live")
async def read_live() -> Alive:
    """Answers as long as the process does; asks nobody."""
    return Alive()


@router.get("/ready", summary="Can it work", responses={503: {"model": Ready, "description": "Something is missing."}})
async def read_ready(parts: ServicesDep, response: Response) -> Ready:
    """Every part the work needs, each with what mends it. 503 when one of them fails."""
    checks = await readiness(parts)
    well = all(check.ok for check in checks.values())
    if not well:
        response.status_code = 503
    return Ready(status="ok" if well else "degraded", checks=checks)


@router.get("/db", summary="How is the pool", responses=problems(503))
async def read_database_health(parts: ServicesDep, response: Response) -> DatabaseHealth:
    """Connections in use and idle, and how long a checkout takes. 503 when the pool is exhausted."""
    state = parts.database.pool_state()
    colour = colour_of(state)
    if colour == "red":
        response.status_code = 503
    return DatabaseHealth(
        status=colour,
        size=state.size,
        active=state.active,
        idle=state.idle,
        limit=state.limit,
        checkout_p99=round(state.checkout_p99, 6),
    )


@metrics_router.get("/metrics", summary="Prometheus", response_class=Response, responses=problems(503))
async def read_metrics(parts: ServicesDep) -> Response:
    """Gauges of the pool and the number of jobs in each state."""
    state = parts.database.pool_state()
    async with parts.database.transaction() as session:
        jobs = await health.jobs_by_status(session)
    return Response(prometheus(state, jobs), media_type="text/plain; version=0.0.4")


def colour_of(state: PoolState) -> Literal["green", "yellow", "red"]:
    """How the pool is."""
    if state.exhausted:
        return "red"
    return "yellow" if state.active > HALF * state.limit else "green"


def prometheus(state: PoolState, jobs: dict[str, int]) -> str:
    """The text format of Prometheus."""
    gauges = {
        "skill_fleet_db_connections_active": ("Connections in use.", state.active),
        "skill_fleet_db_connections_idle": ("Connections ready for use.", state.idle),
        "skill_fleet_db_connections_limit": ("Most connections of this process.", state.limit),
        "skill_fleet_db_checkout_seconds_p99": ("99th percentile of a checkout.", state.checkout_p99),
    }
    lines = []
    for name, (text, value) in gauges.items():
        lines += [f"# HELP {name} {text}", f"# TYPE {name} gauge", f"{name} {value}"]
    lines += ["# HELP skill_fleet_jobs Jobs by status.", "# TYPE skill_fleet_jobs gauge"]
    lines += [f'skill_fleet_jobs{{status="{status}"}} {jobs.get(status, 0)}' for status in JobStatus]
    return "\n".join(lines) + "\n"
