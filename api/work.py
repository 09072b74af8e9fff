"""Route of the work: how many jobs ended how, how long people were waited for, what models cost, what skills gained."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from api.dependencies import PersonDep, Services, ServicesDep
from api.described import problems
from api.usage import window_of
from domain.work import Work
from domain.work_sums import summed
from store import work_counts

router = APIRouter(tags=["usage"], responses=problems(503))


@router.get("/analytics/work", summary="How the work goes", responses=problems(422))
async def read_work(
    parts: ServicesDep,
    asking: PersonDep,  # noqa: ARG001 - sums over all jobs are for everyone who has a name; whoever has none is refused
    since: Annotated[AwareDatetime | None, Query(description="Default: 30 days before `until`.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Default: now.")] = None,
) -> Work:
    """Jobs by state and over time, how long prompts waited for people, model spend by model and over time, pass rates
    with and without the skill, and what became of drafts. Sums only: no job, person or text is named."""
    return await work_of(parts, since, until)


async def work_of(parts: Services, since: datetime | None, until: datetime | None) -> Work:
    """The same for a page. Raises InvalidRequest for a window that is none."""
    window = window_of(since, until)
    async with parts.database.transaction() as session:
        counts = await work_counts.counted(session, window.since, window.until)
    return summed(counts, window.since, window.until)
