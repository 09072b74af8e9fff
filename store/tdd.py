"""The test-driven state of a job as its rows show it: what its checklist is computed from."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from domain.evaluation import TddState, TriggerReport
from domain.evidence.checklist import Known, checklist
from domain.evidence.policy import Policy
from domain.evidence.profile import Profile, profile_named
from domain.job import JobResult
from domain.library.next_version import front_of
from store import evidence, jobs, proof, revisions, triggers
from store.proof import Proof


async def known_of(
    session: AsyncSession, job_id: UUID, revision: int, profile: Profile, policy: Policy, found: Proof | None = None
) -> Known:
    """All that is known of the proof of one revision; 0: nothing is written yet. By the operator's `policy`;
    `profile`: how thoroughly the job is proven. Its runs are those of its bytes, as the gate counts them; `found`:
    their proof, from whoever has read it."""
    proven = found if revision else None
    return Known(
        planned=profile.runs,
        policy=policy,
        cases=await evidence.cases_of(session, job_id),
        runs=found.every if found else await evidence.runs_of(session, job_id),
        rationalizations=await evidence.rationalizations_of(session, job_id),
        revision=(proven.revision or revision) if proven else await _tried(session, job_id, revision),
        comparisons=await evidence.comparisons_of(session, job_id),
        triggers=proven.triggers if proven else await triggers_of(session, job_id, revision),
        validated=await _validated(session, job_id, revision),
    )


async def _tried(session: AsyncSession, job_id: UUID, revision: int) -> int:
    """The revision whose runs count for this one: that with the same bytes whose trial is the most whole."""
    known = await revisions.find(session, job_id, revision) if revision else None
    return (await proof.tried_revision(session, job_id, known.digest) if known else 0) or revision


async def profile_of(session: AsyncSession, job_id: UUID, otherwise: Profile) -> Profile:
    """Under which profile the job's cases ran, as its result says; `otherwise` while it says none."""
    row = await jobs.get(session, job_id)
    found = JobResult.model_validate(row.result if row else {}).evidence
    return (profile_named(found.profile) if found else None) or otherwise


async def triggers_of(session: AsyncSession, job_id: UUID, revision: int) -> TriggerReport | None:
    """How the description of a revision was tried; before the first one, that of the plan."""
    try:
        if revision:
            front = front_of(await revisions.files(session, job_id, revision))
            description = front.description if front else ""
        else:
            description = (await jobs.plan_of(session, job_id)).description
    except NotFound:
        return None
    return await triggers.of(session, job_id, description) if description else None


async def state_of(session: AsyncSession, job_id: UUID, known: Known) -> TddState | None:
    """How far the job is, its checklist computed from what is known; None before its RED phase."""
    state = await evidence.tdd_of(session, job_id)
    if state is None:
        return None
    return state.model_copy(update={"checklist_state": {**state.checklist_state, **checklist(known)}})


async def _validated(session: AsyncSession, job_id: UUID, revision: int) -> bool:
    if not revision:
        return False
    digest = (await revisions.summary(session, job_id, revision)).digest
    report = await evidence.last_report(session, job_id, digest)
    return report is not None and (report.passed or report.waived is not None)
