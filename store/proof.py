"""What the record holds of the proof of one digest: cases, runs of both arms, and how its description was tried.

Runs belong to the bytes they were made with. A change of any file makes another digest, and that one has none of them.
"""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from domain.evaluation import Arm, CaseRun, EvaluationCase, Evidence, Numbers, TriggerReport
from domain.evidence.numbers import numbers, shown
from domain.evidence.policy import Policy, lacking
from domain.evidence.profile import profile_named
from domain.library.next_version import front_of
from domain.shape import Shape
from store import evidence, revisions, triggers
from store.tables import EvaluationRun, Revision


class Proof(Shape):
    """`runs`: of the control arm, and of the newest revision with the digest that was tried."""

    cases: list[EvaluationCase] = []
    runs: list[CaseRun] = []
    triggers: TriggerReport | None = None

    def numbers(self, profile: str = "") -> list[Numbers]:
        """What the runs add up to, by agent model, the newest first. Tens of milliseconds for many cases.

        `profile`: how thoroughly the job went about it, which says how many runs were planned.
        """
        known = profile_named(profile)
        return numbers(self.cases, self.runs, planned=known.runs if known else 1)

    def shown(self, policy: Policy | None = None, *, profile: str = "") -> Evidence:
        """The evidence at a glance, and what it lacks by this policy."""
        found = self.numbers(profile)
        told = shown(found, self.triggers, profile=profile)
        if policy is None:
            return told
        return told.model_copy(update={"lacking": lacking(policy, found[0] if found else None, self.triggers)})


async def of_revision(session: AsyncSession, job_id: UUID, number: int | None) -> Proof:
    """The proof of a revision's bytes; with None, or of one that is not there, the control arm only."""
    known = await revisions.find(session, job_id, number) if number else None
    if known is None:
        cases, runs = await evidence.cases_of(session, job_id), await evidence.runs_of(session, job_id, revision=0)
        return Proof(cases=cases, runs=runs)
    try:
        front = front_of(await revisions.files(session, job_id, known.n))
    except NotFound:
        front = None  # retention took its files; what was found out of them stays
    return await of_digest(session, job_id, known.digest, front.description if front else None)


async def of_digest(session: AsyncSession, job_id: UUID, digest: str, description: str | None) -> Proof:
    """The proof of these bytes. `description`: of their SKILL.md, None when it cannot be read."""
    alike = select(Revision.n).where(Revision.job_id == job_id, Revision.digest == digest)
    tried = select(func.max(EvaluationRun.revision)).where(
        EvaluationRun.job_id == job_id, EvaluationRun.arm == Arm.WITH, EvaluationRun.revision.in_(alike)
    )
    return Proof(
        cases=await evidence.cases_of(session, job_id),
        runs=await evidence.runs_of(session, job_id, revision=await session.scalar(tried) or 0),
        triggers=None if description is None else await triggers.of(session, job_id, description),
    )
