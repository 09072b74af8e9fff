"""What must be there for jobs to get done: each part is looked at, and each fault comes with what mends it."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from api.dependencies import Services
from api.errors import TemporalUnavailable
from domain.errors import SkillFleetError
from domain.shape import StrictShape
from domain.text import counted
from store import health, outbox
from workflows.steps import LIBRARY, MODELS, WORKFLOWS

WITHIN = 12.0
"""Seconds for one look: connecting to a database that does not answer is given up after 10."""

PROCESSES = 2
"""Processes of the usual stack with a pool of their own: api and worker."""

SPARE = 10
"""Connections for superusers, migrations and the listener."""


SOME_JOBS = frozenset({"workflows"})
"""Checks that tell of single jobs, not of a part that all need."""


class Check(StrictShape):
    """One part: whether it is well, what was seen, and what mends it."""

    ok: bool
    detail: str
    fix: str = ""


Look = Callable[[Services], Awaitable[Check | None]]


async def readiness(parts: Services) -> dict[str, Check]:
    """Every part by name, looked at side by side. A part about which nothing is known is left out."""
    looks: dict[str, Look] = {
        "database": _database,
        "migrations": _migrations,
        "connections": _connections,
        "temporal": _temporal,
        "workers": _workers,
        "workflows": _workflows,
        "model": _model,
        "library": _library,
        "notifications": _notifications,
    }
    found = await asyncio.gather(*(_looked(look, parts) for look in looks.values()))
    return {name: check for name, check in zip(looks, found, strict=True) if check is not None}


async def _looked(look: Look, parts: Services) -> Check | None:
    try:
        async with asyncio.timeout(WITHIN):
            return await look(parts)
    except (SQLAlchemyError, TimeoutError):
        return Check(ok=False, detail="PostgreSQL does not answer", fix="start it: skill-fleet up")
    except TemporalUnavailable as error:
        return Check(
            ok=False, detail=str(error), fix="start it: skill-fleet up; or mend TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE"
        )
    except (SkillFleetError, OSError) as error:
        return Check(ok=False, detail=str(error), fix="mend the library's folder")


async def _database(parts: Services) -> Check:
    await parts.database.ping()
    return Check(ok=True, detail="answers")


async def _migrations(parts: Services) -> Check:
    async with parts.database.transaction() as session:
        revision = await health.schema_revision(session)
    if revision is None:
        return Check(
            ok=False,
            detail="the tables are missing",
            fix="make them: alembic -c deploy/migrations/alembic.ini upgrade head",
        )
    return Check(ok=True, detail=f"the tables are there, as of migration {revision}")


async def _connections(parts: Services) -> Check:
    async with parts.database.transaction() as session:
        used, allowed = await health.connections(session)
    needed = PROCESSES * parts.database.pool_state().limit + SPARE
    detail = f"{used} in use, {allowed} allowed, {needed} needed by api and worker at their busiest"
    return Check(ok=allowed >= needed, detail=detail, fix="" if allowed >= needed else "set max_connections = 300")


async def _temporal(parts: Services) -> Check:
    return Check(ok=True, detail=f"answers, namespace {await parts.temporal.ping()}")


async def _workers(parts: Services) -> Check:
    queues = (WORKFLOWS, MODELS, LIBRARY)
    polled = dict(zip(queues, await asyncio.gather(*map(parts.temporal.pollers, queues)), strict=True))
    idle = [queue for queue, number in polled.items() if not number]
    if idle:
        return Check(ok=False, detail=f"nobody works on {', '.join(idle)}", fix="start one: skill-fleet worker")
    return Check(
        ok=True, detail=", ".join(f"{counted(number, 'worker')} for {queue}" for queue, number in polled.items())
    )


async def _workflows(parts: Services) -> Check | None:
    """Jobs whose workflow task fails: a build that does not fit their history or cannot read it. They wait, whole."""
    number = await parts.temporal.count_failing_workflows()
    if number is None:
        return None
    if number == 0:
        return Check(ok=True, detail="every job can go on")
    named = await parts.temporal.failing_workflows()
    ids = ", ".join(named) + (", …" if number > len(named) else "")
    return Check(
        ok=False,
        detail=f"{counted(number, 'job')} cannot go on: the workflow task fails, again and again ({ids})",
        fix="roll back to the build before, or put what was changed behind workflow.patched: then they go on by "
        "themselves, with all that was answered meanwhile. The worker's log and the Temporal Web UI say why it fails",
    )


async def _model(parts: Services) -> Check | None:
    """The worker has the model, not we: what is known is what is set here, and who gave the last answers."""
    async with parts.database.transaction() as session:
        seen = await health.recent_models(session)
    if seen:
        return Check(ok=True, detail=f"the last answers came from {', '.join(seen)}")
    return Check(ok=True, detail=f"{parts.model} is set") if parts.model else None


async def _library(parts: Services) -> Check:
    root = parts.library.root
    well = await asyncio.to_thread(_writable, root)
    taxonomy = await asyncio.to_thread(parts.library.taxonomy)
    detail = f"{len(taxonomy.categories)} shelves in {root.name}"
    fix = "" if well else "create the folder SKILL_FLEET_LIBRARY names and make it writable"
    return Check(ok=well, detail=detail if well else "the folder is missing or not writable", fix=fix)


def _writable(root: Path) -> bool:
    return root.is_dir() and os.access(root, os.W_OK)


async def _notifications(parts: Services) -> Check | None:
    """Well whatever the receiver does: jobs get done without it, and the api must not be taken out of service."""
    if not parts.database.notify:
        return None
    async with parts.database.transaction() as session:
        state = await outbox.waiting(session)
    detail = f"{state.waiting} wait, {state.given_up} given up"
    if state.last_error is None:
        return Check(ok=True, detail=detail)
    return Check(
        ok=True,
        detail=f"{detail}; last error: {state.last_error}",
        fix="see docs/notifications.md: when nothing arrives",
    )
