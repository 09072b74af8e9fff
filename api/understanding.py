"""Route of what a job looked up, asked and learned before it wrote anything."""

from fastapi import APIRouter

from api.dependencies import JobToRead, ServicesDep
from api.described import problems
from domain.brief import UnderstandingView
from store import understanding

router = APIRouter(prefix="/jobs/{job_id}", tags=["record"], responses=problems(404, 503))


@router.get("/understanding", summary="What was looked up, asked and understood")
async def read_understanding(job: JobToRead, parts: ServicesDep) -> UnderstandingView:
    """Each query with its hits in library and sources, the questions by round, the answers, the summary with its
    readiness, and what is still open. Empty before the job has begun to understand."""
    async with parts.database.transaction() as session:
        return await understanding.view(session, job.job_id)
