"""Routes of retention: what the last night found and let go, and a night at once. The schedule is Temporal's.

Whether anything goes is the worker's setting, never a caller's.
"""

from dataclasses import dataclass

from fastapi import APIRouter

from api.dependencies import PersonDep, ServicesDep
from api.described import problems
from api.errors import NotAllowed
from api.nights import Nights
from api.permissions import LOCAL, Verb, may
from domain.retention import RetentionView

router = APIRouter(prefix="/retention", tags=["operators"], responses=problems(503))


@dataclass(frozen=True)
class Machine:
    """What belongs to no person: only the machine's owner acts on it."""

    user_id: str = LOCAL


@router.get("", summary="What is too old")
async def read_retention(parts: ServicesDep) -> RetentionView:
    """What the last night counted, and what of it went: nothing, unless the worker has `SKILL_FLEET_RETENTION=on`."""
    return await Nights(parts.temporal).view()


@router.post("", status_code=202, summary="Look now", responses=problems(403, 409))
async def begin_retention(parts: ServicesDep, asking: PersonDep) -> RetentionView:
    """Begin a night at once instead of waiting for it; only `local` may. Read what came of it with GET."""
    if not may(asking, Verb.CHANGE, Machine()):
        raise NotAllowed(f"Only {LOCAL!r}, whose machine this is, begins a night of retention.")
    nights = Nights(parts.temporal)
    await nights.begin()
    return await nights.view()
