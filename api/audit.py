"""Route of the audit: who answered what, when, through which channel, on which revision."""

from fastapi import APIRouter

from api.dependencies import JobToRead, ServicesDep
from api.described import problems
from domain.job import AuditLog
from store import audit

router = APIRouter(tags=["prompts"])


@router.get("/jobs/{job_id}/audit", summary="Every answer that came in", responses=problems(404, 503))
async def read_audit(job: JobToRead, parts: ServicesDep) -> AuditLog:
    """Every answer of a job, whatever became of it, oldest first. Nothing is ever removed or changed here."""
    async with parts.database.transaction() as session:
        return AuditLog(entries=await audit.of_job(session, job.job_id))
