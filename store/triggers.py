"""How the descriptions of a job were tried, and the skills that stood beside them."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.evaluation import TriggerReport
from domain.evidence.triggers import digest_of
from domain.rules.neighbours import Neighbour
from domain.skill import SkillStatus
from store.base import columns_of
from store.evidence_tables import TriggerTrial
from store.library_tables import Skill

PARTIAL = "partial"


async def keep(session: AsyncSession, job_id: UUID, report: TriggerReport) -> None:
    """Keep a report. It replaces a partial one on the same description, and one of another agent model; of two whole
    ones the first stands."""
    row = insert(TriggerTrial).values(
        job_id=job_id, description_digest=digest_of(report.description), report=report.model_dump(mode="json")
    )
    stands = TriggerTrial.report
    other = stands["model"].astext != row.excluded.report["model"].astext
    await session.execute(
        row.on_conflict_do_update(
            index_elements=[TriggerTrial.job_id, TriggerTrial.description_digest],
            set_={"report": row.excluded.report, "created_at": func.now()},
            where=(stands["status"].astext == PARTIAL) | other,
        )
    )


async def of(session: AsyncSession, job_id: UUID, description: str) -> TriggerReport | None:
    """The report on this description."""
    row = await session.get(TriggerTrial, (job_id, digest_of(description)))
    return TriggerReport.model_validate(row.report) if row else None


async def newest(session: AsyncSession, job_id: UUID, *, whole: bool = False) -> TriggerReport | None:
    """The report that was made last, whatever its description; with `whole` the last that is not partial."""
    query = select(TriggerTrial).where(TriggerTrial.job_id == job_id).order_by(TriggerTrial.created_at.desc()).limit(1)
    if whole:
        query = query.where(TriggerTrial.report["status"].astext != PARTIAL)
    row = (await session.scalars(query)).first()
    return TriggerReport.model_validate(row.report) if row else None


async def copy(session: AsyncSession, of: UUID, to: UUID) -> None:
    """Give a job the reports of another one: on a description that stays the same they hold."""
    rows = await session.scalars(select(TriggerTrial).where(TriggerTrial.job_id == of))
    for row in rows.all():
        taken_over = insert(TriggerTrial).values({**columns_of(row), "job_id": to})
        await session.execute(taken_over.on_conflict_do_nothing())


async def others(session: AsyncSession, name: str) -> list[Neighbour]:
    """The active skills of the library but the one of this name: what an agent could choose instead."""
    query = select(Skill.name, Skill.description).where(Skill.status == SkillStatus.ACTIVE, Skill.name != name)
    rows = await session.execute(query.order_by(Skill.name))
    return [Neighbour(name=other, description=said) for other, said in rows.all()]
