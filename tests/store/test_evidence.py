"""Evidence: the first run under a key stands, excuses are kept once each, and a verdict speaks of one digest only."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from domain.errors import NotFound
from domain.evaluation import Arm, CaseRun, EvaluationCase, Expectation
from domain.skill import Finding, Severity, ValidationReport
from store import evidence
from store.session import Database
from store.tables import TddWorkflowState
from tests.support.rows import make_job, make_report

CASE = EvaluationCase(id="c1", prompt="do it", expectations=[Expectation(text="says so", check="contains", value="x")])


def run(arm: Arm, revision: int | None = None, case: str = "c1", *, passed: bool = True, excuse: str = "") -> CaseRun:
    said = [excuse] if excuse else []
    return CaseRun(
        case_id=case, arm=arm, revision=revision, output="o", passed=passed, checked=[], rationalizations=said
    )


async def keep(database: Database, job: UUID, *runs: CaseRun) -> None:
    async with database.transaction() as session:
        for one in runs:
            await evidence.keep_run(session, job, one)


async def state(database: Database, job: UUID) -> TddWorkflowState:
    async with database.transaction() as session:
        return await session.get_one(TddWorkflowState, job)


async def test_cases_that_stand_are_not_replaced_by_a_retry(database: Database) -> None:
    job = await make_job(database)
    async with database.transaction() as session:
        assert await evidence.cases_of(session, job) == []
        await evidence.keep_cases(session, job, [CASE])
        await evidence.keep_cases(session, job, [CASE.model_copy(update={"id": "other"})])
        assert await evidence.cases_of(session, job) == [CASE]


async def cases(database: Database, job: UUID, *names: str) -> None:
    async with database.transaction() as session:
        await evidence.keep_cases(session, job, [CASE.model_copy(update={"id": name}) for name in names])


async def test_the_first_run_under_its_key_stands(database: Database) -> None:
    job = await make_job(database)
    await cases(database, job, "c1")
    await keep(database, job, run(Arm.WITH, 1, passed=True), run(Arm.WITH, 1, passed=False))
    async with database.transaction() as session:
        assert [one.passed for one in await evidence.runs_of(session, job)] == [True]


async def test_a_revision_is_compared_with_the_control_runs_and_no_other_revision(database: Database) -> None:
    job = await make_job(database)
    await cases(database, job, "c1", "c2")
    await keep(
        database, job, run(Arm.WITH, 2), run(Arm.WITH, 1), run(Arm.WITHOUT, case="c2"), run(Arm.WITHOUT, case="c1")
    )
    async with database.transaction() as session:
        every = await evidence.runs_of(session, job)
        second = await evidence.runs_of(session, job, revision=2)
    assert [(one.arm, one.case_id, one.revision) for one in every] == [
        (Arm.WITHOUT, "c1", None),
        (Arm.WITHOUT, "c2", None),
        (Arm.WITH, "c1", 1),
        (Arm.WITH, "c1", 2),
    ]
    assert [one.revision for one in second] == [None, None, 2]


async def test_excuses_are_kept_word_for_word_and_once_each_in_the_order_they_were_heard(database: Database) -> None:
    job = await make_job(database)
    async with database.transaction() as session:
        await evidence.keep_cases(session, job, [CASE])
        heard = [run(Arm.WITHOUT, excuse="It is too short."), run(Arm.WITHOUT, excuse="It is obvious.")]
        await evidence.finish_arm(session, job, Arm.WITHOUT, heard, "red")
        again = [run(Arm.WITH, 1, excuse="It is obvious."), run(Arm.WITH, 1, excuse="There was no time.")]
        await evidence.finish_arm(session, job, Arm.WITH, again, "green")
        found = await evidence.rationalizations_of(session, job)
    assert found == ["It is too short.", "It is obvious.", "There was no time."]
    standing = await state(database, job)
    assert (standing.phase, standing.baseline_tests_run, standing.compliance_tests_run) == ("green", 2, 2)
    assert standing.checklist_state == {"cases_written": True, "without_run": True, "with_run": True}


async def test_an_arm_counted_again_after_a_retry_counts_the_same(database: Database) -> None:
    job = await make_job(database)
    for _ in range(2):
        async with database.transaction() as session:
            await evidence.keep_cases(session, job, [CASE])
            await evidence.finish_arm(session, job, Arm.WITH, [run(Arm.WITH, 1), run(Arm.WITH, 1)], "green")
    assert (await state(database, job)).compliance_tests_run == 2


async def test_an_arm_without_cases_cannot_be_counted(database: Database) -> None:
    job = await make_job(database)
    with pytest.raises(NotFound, match="no cases"):
        async with database.transaction() as session:
            await evidence.finish_arm(session, job, Arm.WITH, [], "green")
    async with database.transaction() as session:
        assert await evidence.rationalizations_of(session, job) == []


async def test_the_first_verdict_under_an_id_stands(database: Database) -> None:
    job, report = await make_job(database), uuid4()
    found = [Finding(code="a", severity=Severity.ERROR, message="x", line=3)]
    async with database.transaction() as session:
        first = ValidationReport(passed=False, score=0.6, findings=found)
        await evidence.keep_report(session, report, job, 1, "d", first)
        await evidence.keep_report(session, report, job, 1, "d", ValidationReport(passed=True, score=1, findings=[]))
        row = await evidence.report_of(session, report)
    assert (row.passed, row.score, evidence.findings(row)) == (False, 0.6, found)


async def test_the_verdict_that_counts_is_the_newest_on_this_very_digest(database: Database) -> None:
    job, other = await make_job(database), await make_job(database)
    await make_report(database, job, "d1", passed=False)
    newest = await make_report(database, job, "d1", passed=True)
    await make_report(database, job, "d2", passed=False)
    await make_report(database, other, "d1", passed=False)
    async with database.transaction() as session:
        standing = await evidence.last_report(session, job, "d1")
        assert await evidence.last_report(session, job, "d3") is None
    assert standing is not None
    assert standing.report_id == newest


async def test_findings_are_let_stand_with_a_name_and_a_reason(database: Database) -> None:
    job = await make_job(database)
    report = await make_report(database, job, "d1", passed=False)
    async with database.transaction() as session:
        await evidence.waive(session, report, {"by": "ada", "reason": "known"})
    async with database.transaction() as session:
        row = await evidence.report_of(session, report)
    assert (row.passed, row.waived) == (False, {"by": "ada", "reason": "known"})


async def test_what_is_not_there_can_neither_be_read_nor_waived(database: Database) -> None:
    with pytest.raises(NotFound, match="no validation report"):
        async with database.transaction() as session:
            await evidence.waive(session, uuid4(), {})


async def test_a_score_outside_of_its_range_is_refused_by_the_database(database: Database) -> None:
    job = await make_job(database)
    with pytest.raises(IntegrityError, match="score_is_a_share"):
        async with database.transaction() as session:
            report = ValidationReport(passed=True, score=1.5, findings=[])
            await evidence.keep_report(session, uuid4(), job, 1, "d", report)


async def test_other_cases_begin_the_experiment_again_and_no_old_run_counts_for_them(database: Database) -> None:
    job = await make_job(database)
    await cases(database, job, "c1", "c2")
    await keep(database, job, run(Arm.WITHOUT, 0), run(Arm.WITHOUT, 0, "c2", excuse="It is obvious."))
    async with database.transaction() as session:
        await evidence.finish_arm(session, job, Arm.WITHOUT, await evidence.runs_of(session, job), "red")
    async with database.transaction() as session:
        await evidence.replace_cases(session, job, [CASE], 1)
    async with database.transaction() as session:
        assert [case.id for case in await evidence.cases_of(session, job)] == ["r1-c1"]
        assert await evidence.runs_of(session, job) == []
    standing = await state(database, job)
    assert (standing.phase, standing.baseline_tests_run, standing.rationalizations_identified) == ("red", 0, [])
    assert standing.checklist_state == {"cases_written": True}
    await keep(database, job, run(Arm.WITHOUT, 0, "r1-c1"))
    async with database.transaction() as session:
        assert [one.case_id for one in await evidence.runs_of(session, job)] == ["r1-c1"]


async def test_cases_get_new_ids_in_every_change_and_a_change_is_made_once(database: Database) -> None:
    job = await make_job(database)
    await cases(database, job, "c1")
    for number, names in ((1, ["c1", "r7-c1"]), (1, ["late"]), (2, ["r1-c1", "new"])):
        async with database.transaction() as session:
            changed = [CASE.model_copy(update={"id": name}) for name in names]
            await evidence.replace_cases(session, job, changed, number)
        found = [case["id"] for case in (await state(database, job)).cases]
        assert found == (["r1-c1", "r1-c1-2"] if number == 1 else ["r2-c1", "r2-new"])


async def test_there_is_nothing_to_replace_before_there_are_cases(database: Database) -> None:
    job = await make_job(database)
    with pytest.raises(NotFound, match="no cases"):
        async with database.transaction() as session:
            await evidence.replace_cases(session, job, [CASE], 1)
