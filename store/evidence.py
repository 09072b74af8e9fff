"""Cases, runs and verdicts: what was tried with and without the skill, and what was found."""

import re
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from domain.evaluation import Arm, CaseRun, Comparison, EvaluationCase, TddState
from domain.names import free_name
from domain.skill import Finding, ValidationReport
from store.base import Json, columns_of
from store.tables import EvaluationRun, Revision, TddWorkflowState, ValidationReportRow

_PREFIX = re.compile(r"^r\d+-")


async def keep_cases(session: AsyncSession, job_id: UUID, cases: list[EvaluationCase]) -> None:
    """Store the cases of a job; cases that stand already stay."""
    row = insert(TddWorkflowState).values(
        job_id=job_id,
        phase="red",
        cases=[case.model_dump(mode="json") for case in cases],
        rationalizations_identified=[],
        checklist_state={"cases_written": True},
    )
    await session.execute(row.on_conflict_do_nothing())


async def replace_cases(session: AsyncSession, job_id: UUID, cases: list[EvaluationCase], number: int) -> None:
    """Put other cases in the place of a job's; `number` counts the changes from 1.

    Their ids are new in each change, so that no run of an earlier case counts for a later one; excuses and counts begin
    again. A change that was made already stays as it is (a retried activity). Raises NotFound before the first cases.
    """
    row = await _state(session, job_id)
    prefix = f"r{number}-"
    if row.cases and all(str(case["id"]).startswith(prefix) for case in row.cases):
        return
    row.cases = [case.model_dump(mode="json") for case in _renamed(cases, prefix)]
    row.phase = "red"
    row.baseline_tests_run = row.compliance_tests_run = 0
    row.rationalizations_identified = []
    row.checklist_state = {"cases_written": True}
    row.comparisons = []


async def settle_cases(session: AsyncSession, job_id: UUID, cases: list[EvaluationCase]) -> None:
    """The cases as the control arm leaves them: some sharper, some with another role. Raises NotFound."""
    row = await _state(session, job_id)
    row.cases = [case.model_dump(mode="json") for case in cases]


def _renamed(cases: list[EvaluationCase], prefix: str) -> list[EvaluationCase]:
    named: dict[str, EvaluationCase] = {}
    for case in cases:
        name = free_name(prefix + _PREFIX.sub("", case.id), named)
        named[name] = case.model_copy(update={"id": name})
    return list(named.values())


async def held(session: AsyncSession, job_id: UUID) -> object:
    """A job's row. While somebody has it, the session knows it, and the functions below do not read it again."""
    return await session.get(TddWorkflowState, job_id)


async def cases_of(session: AsyncSession, job_id: UUID) -> list[EvaluationCase]:
    """The cases of a job; none before the RED phase."""
    row = await session.get(TddWorkflowState, job_id)
    return [EvaluationCase.model_validate(case) for case in row.cases] if row else []


async def keep_run(session: AsyncSession, job_id: UUID, run: CaseRun) -> None:
    """Store one run; the first one under its key stands."""
    row = insert(EvaluationRun).values(
        job_id=job_id,
        case_id=run.case_id,
        arm=run.arm,
        revision=run.revision or 0,
        run=run.run,
        passed=run.passed,
        detail=run.model_dump(mode="json"),
    )
    await session.execute(row.on_conflict_do_nothing())


async def runs_of(session: AsyncSession, job_id: UUID, *, revision: int | None = None) -> list[CaseRun]:
    """The runs of a job's present cases, without the skill first; with `revision` only the control arm and that one."""
    known = [case.id for case in await cases_of(session, job_id)]
    if not known:
        return []
    query = select(EvaluationRun).where(EvaluationRun.job_id == job_id, EvaluationRun.case_id.in_(known))
    if revision is not None:
        query = query.where(EvaluationRun.revision.in_((0, revision)))
    rows = await session.scalars(query.order_by(EvaluationRun.revision, EvaluationRun.case_id, EvaluationRun.run))
    return [CaseRun.model_validate(row.detail) for row in rows]


async def reuse(session: AsyncSession, job_id: UUID, revision: int) -> None:
    """Give a revision the runs of the newest one with the very same bytes, if it has none of its own."""
    digest = select(Revision.digest).where(Revision.job_id == job_id, Revision.n == revision).scalar_subquery()
    alike = select(Revision.n).where(Revision.job_id == job_id, Revision.digest == digest)
    query = select(EvaluationRun).where(EvaluationRun.job_id == job_id, EvaluationRun.revision.in_(alike))
    rows = (await session.scalars(query)).all()
    tried = max((row.revision for row in rows), default=revision)
    for row in rows if all(row.revision != revision for row in rows) else ():
        if row.revision == tried:
            await keep_run(session, job_id, CaseRun.model_validate({**row.detail, "revision": revision}))


async def finish_arm(session: AsyncSession, job_id: UUID, arm: Arm, runs: list[CaseRun], phase: str) -> None:
    """Count the arm's runs, and collect the excuses that were heard, word for word and once each."""
    row = await _state(session, job_id)
    row.phase = phase
    if arm is Arm.WITHOUT:
        row.baseline_tests_run = len(runs)
    else:
        row.compliance_tests_run = max(row.compliance_tests_run, len(runs))
    heard = dict.fromkeys([*row.rationalizations_identified, *(text for run in runs for text in run.rationalizations)])
    row.rationalizations_identified = list(heard)
    row.checklist_state = {**row.checklist_state, f"{arm}_run": True}


async def rationalizations_of(session: AsyncSession, job_id: UUID) -> list[str]:
    """The excuses heard so far."""
    row = await session.get(TddWorkflowState, job_id)
    return list(row.rationalizations_identified) if row else []


async def keep_comparison(session: AsyncSession, job_id: UUID, comparison: Comparison) -> None:
    """Keep which of two revisions holds; the first verdict on the two stands."""
    row = await _state(session, job_id)
    known = [Comparison.model_validate(one) for one in row.comparisons]
    if (comparison.revision, comparison.against) not in {(one.revision, one.against) for one in known}:
        row.comparisons = [*row.comparisons, comparison.model_dump(mode="json")]


async def comparisons_of(session: AsyncSession, job_id: UUID) -> list[Comparison]:
    """Every comparison of two revisions of a job, in their order."""
    row = await session.get(TddWorkflowState, job_id)
    return [Comparison.model_validate(one) for one in row.comparisons] if row else []


async def keep_checklist(session: AsyncSession, job_id: UUID, done: dict[str, bool]) -> None:
    """Bring the checklist up to date; items of earlier releases stay as they are."""
    row = await _state(session, job_id)
    row.checklist_state = {**row.checklist_state, **done}


async def tdd_of(session: AsyncSession, job_id: UUID) -> TddState | None:
    """How far the test-driven part of a job is; None before its RED phase."""
    row = await session.get(TddWorkflowState, job_id)
    return TddState.model_validate(row, from_attributes=True) if row else None


async def copy(session: AsyncSession, of: UUID, to: UUID, *, revision: int, as_revision: int) -> None:
    """Give a job the cases of another one, with the runs of its control arm and of one revision; 0: of none.

    Comparisons name revisions of the other job, and stay there.
    """
    row = await session.get(TddWorkflowState, of)
    if row is None:
        return
    own: Json = {"job_id": to, "comparisons": []}
    if not revision:
        own |= {"compliance_tests_run": 0, "checklist_state": {**row.checklist_state, f"{Arm.WITH}_run": False}}
    taken_over = insert(TddWorkflowState).values({**columns_of(row), **own})
    await session.execute(taken_over.on_conflict_do_nothing())
    for run in await runs_of(session, of, revision=revision):
        number = as_revision if run.arm is Arm.WITH else run.revision
        await keep_run(session, to, run.model_copy(update={"revision": number}))


async def _state(session: AsyncSession, job_id: UUID) -> TddWorkflowState:
    row = await session.get(TddWorkflowState, job_id, with_for_update=True)
    if row is None:
        raise NotFound(f"Job {job_id} has no cases yet.")
    return row


async def keep_report(
    session: AsyncSession, report_id: UUID, job_id: UUID, revision: int, digest: str, report: ValidationReport
) -> None:
    """Store the verdict on one digest; the first one under this id stands."""
    row = insert(ValidationReportRow).values(
        report_id=report_id,
        job_id=job_id,
        revision=revision,
        digest=digest,
        passed=report.passed,
        score=report.score,
        findings=[finding.model_dump(mode="json") for finding in report.findings],
    )
    await session.execute(row.on_conflict_do_nothing())


async def report_of(session: AsyncSession, report_id: UUID) -> ValidationReportRow:
    """One verdict. Raises NotFound."""
    row = await session.get(ValidationReportRow, report_id)
    if row is None:
        raise NotFound(f"There is no validation report {report_id}.")
    return row


async def last_report(session: AsyncSession, job_id: UUID, digest: str) -> ValidationReportRow | None:
    """The newest verdict on this very digest."""
    query = select(ValidationReportRow).where(
        ValidationReportRow.job_id == job_id, ValidationReportRow.digest == digest
    )
    return (await session.scalars(query.order_by(ValidationReportRow.created_at.desc()).limit(1))).first()


async def waive(session: AsyncSession, report_id: UUID, waiver: Json) -> None:
    """Record who let the findings of this report stand, and why."""
    row = await report_of(session, report_id)
    row.waived = waiver


def findings(row: ValidationReportRow) -> list[Finding]:
    """The findings of a stored verdict."""
    return [Finding.model_validate(finding) for finding in row.findings]
