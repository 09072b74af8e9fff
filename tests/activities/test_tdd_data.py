"""What is shown at the checkpoints of the experiment: what was tried, how it went, and what may be edited."""

from activities.tdd_data import SHOWN, tdd_data
from domain.evaluation import Arm, CheckedExpectation
from domain.evidence.case_file import read_cases
from domain.evidence.grading import UNDECIDED
from domain.evidence.profile import QUICK, STANDARD
from domain.prompt import HitlType, TddData
from store import evidence
from store.session import Database
from tests.support.rows import SKILL, a_case, a_run, make_draft, make_evidence, make_job
from workflows import messages as m


async def shown(database: Database, **prompt: object) -> TddData:
    async with database.transaction() as session:
        return await tdd_data(session, m.Prompt.model_validate({"round": 1, **prompt}))


async def test_before_the_skill_the_cases_themselves_can_be_edited(database: Database) -> None:
    job = await make_job(database)
    await make_evidence(database, job, a_run(), a_run(case="case-2", passed=True))
    data = await shown(database, job_id=job, kind=HitlType.TDD_RED)
    assert read_cases(data.content) == data.cases == [a_case("case-1"), a_case("case-2")]
    assert [(one.case_id, one.arm, one.passed, one.missed) for one in data.results] == [
        ("case-1", Arm.WITHOUT, False, ["Names merged"]),
        ("case-2", Arm.WITHOUT, True, []),
    ]
    assert data.rationalizations == ["I left it out for brevity."]
    done = {name for name, is_done in data.checklist.items() if is_done}
    assert {"red.cases_written", "red.control_run", "red.failures_recorded", "cases_written", "without_run"} <= done
    assert not {name for name in done if name.startswith(("green.", "quality."))}
    assert (data.revision, data.digest, data.no_skill_needed) == (None, None, False)


async def test_with_the_skill_its_text_can_be_edited_and_both_arms_are_shown(database: Database) -> None:
    job = await make_job(database)
    digest = await make_draft(database, job)
    await make_evidence(database, job, a_run(), a_run(Arm.WITH, 1, passed=True), a_run(Arm.WITH, 2))
    data = await shown(database, job_id=job, kind=HitlType.TDD_GREEN, revision=1)
    assert (data.content, data.revision, data.digest) == (SKILL, 1, digest)
    assert [(one.arm, one.passed) for one in data.results] == [(Arm.WITHOUT, False), (Arm.WITH, True)]


async def test_each_run_has_its_number_and_the_checklist_asks_for_all_that_were_planned(database: Database) -> None:
    job = await make_job(database)
    await make_evidence(database, job, *(a_run().model_copy(update={"run": number}) for number in range(2)))
    prompt = m.Prompt(job_id=job, kind=HitlType.TDD_RED, round=1)
    async with database.transaction() as session:
        standard = await tdd_data(session, prompt, STANDARD)
        quick = await tdd_data(session, prompt, QUICK)
    assert [one.run for one in standard.results] == [0, 1]
    assert not standard.checklist["red.runs_repeated"]
    assert quick.checklist["red.runs_repeated"]


async def test_what_could_not_be_decided_was_not_missed(database: Database) -> None:
    job, run = await make_job(database), a_run()
    item = CheckedExpectation(text="Compiles", check="command", passed=False, reason=f"{UNDECIDED}no sandbox.")
    await make_evidence(database, job, run.model_copy(update={"checked": [*run.checked, item]}))
    [result] = (await shown(database, job_id=job, kind=HitlType.TDD_RED)).results
    assert (result.missed, result.undecided) == (["Names merged"], ["Compiles"])


async def test_that_no_skill_is_needed_is_said_with_what_shows_it(database: Database) -> None:
    job = await make_job(database)
    await make_evidence(database, job, a_run(passed=True))
    data = await shown(database, job_id=job, kind=HitlType.TDD_RED, no_skill_needed=True)
    assert data.no_skill_needed
    assert [one.passed for one in data.results] == [True]


async def test_of_a_long_output_the_beginning_is_shown(database: Database) -> None:
    job = await make_job(database)
    await make_evidence(database, job, a_run(output="x" * 10_000))
    data = await shown(database, job_id=job, kind=HitlType.TDD_RED)
    assert [len(one.output) for one in data.results] == [SHOWN]


async def test_runs_of_cases_that_were_replaced_are_no_longer_shown(database: Database) -> None:
    job = await make_job(database)
    await make_evidence(database, job, a_run())
    async with database.transaction() as session:
        await evidence.replace_cases(session, job, [a_case()], 1)
    data = await shown(database, job_id=job, kind=HitlType.TDD_RED)
    assert ([case.id for case in data.cases], data.results, data.rationalizations) == (["r1-case-1"], [], [])
