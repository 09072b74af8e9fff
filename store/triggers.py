"""How the descriptions of a job were tried."""

from hashlib import sha256
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.evaluation import TriggerReport
from store.evidence_tables import TriggerTrial


def digest_of(description: str) -> str:
    """Names a description, whatever its spacing."""
    return sha256(" ".join(description.split()).encode()).hexdigest()


async def keep(session: AsyncSession, job_id: UUID, report: TriggerReport) -> None:
    """Keep a report; one that is no longer partial takes the place of an earlier one on the same description."""
    row = insert(TriggerTrial).values(
        job_id=job_id, description_digest=digest_of(report.description), report=report.model_dump(mode="json")
    )
    await session.execute(
        row.on_conflict_do_update(
            index_elements=[TriggerTrial.job_id, TriggerTrial.description_digest], set_={"report": row.excluded.report}
        )
    )


async def of(session: AsyncSession, job_id: UUID, description: str) -> TriggerReport | None:
    """The report on this description."""
    row = await session.get(TriggerTrial, (job_id, digest_of(description)))
    return TriggerReport.model_validate(row.report) if row else None


async def newest(session: AsyncSession, job_id: UUID) -> TriggerReport | None:
    """The report that was made last, whatever its description."""
    query = select(TriggerTrial).where(TriggerTrial.job_id == job_id).order_by(TriggerTrial.created_at.desc()).limit(1)
    row = (await session.scalars(query)).first()
    return TriggerReport.model_validate(row.report) if row else None
