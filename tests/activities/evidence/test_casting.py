"""The cases of a job: of the kinds its plan calls for, changed as people want, sharpened once, and never paid twice."""

from pathlib import Path
from uuid import UUID

import pytest
from pydantic import JsonValue

from activities.evidence.casting import Casting
from activities.models import Models
from domain.brief import Kind
from domain.errors import BudgetExhausted, InvalidAnswer, ProviderError
from domain.evaluation import Arm, CaseRole, EvaluationCase, Expectation
from domain.evidence.case_checks import problems
from domain.evidence.case_file import write_cases
from domain.evidence.grading import check
from domain.evidence.profile import LOCAL_SMALL, QUICK, STANDARD, Profile
from domain.prompt import Answer
from store import calls, jobs
from store.session import Database
from tests.support.fleet import settings_for
from tests.support.generic import generic
from tests.support.provider import FaultKind, LocalProvider
from tests.support.rows import a_case, a_plan, a_run, make_job
from worker import specs
from workflows import messages as m


@pytest.fixture
def models(database: Database, tmp_path: Path, provider: LocalProvider) -> Models:
    """The stand-in in every role."""
    return Models(database, specs(settings_for(provider, tmp_path)), 4)


@pytest.fixture
def casting(database: Database, models: Models) -> Casting:
    return Casting(database, models, STANDARD)


async def planned(database: Database, kind: Kind = "technique", **options: object) -> UUID:
    job = await make_job(database, **options)  # type: ignore[arg-type]  # options of the job by name
    async with database.transaction() as session:
        await jobs.keep_plan(session, job, a_plan().model_copy(update={"kind": kind}))
    return job


async def paid(database: Database, job: UUID) -> int:
    async with database.transaction() as session:
        return (await calls.spent(session, job)).calls


def recasting(job: UUID) -> m.Recasting:
    return m.Recasting(job_id=job, answer=job, round=1)


async def test_a_standard_job_has_three_to_five_sound_cases_of_its_kind(casting: Casting, database: Database) -> None:
    cases = await casting.written(await planned(database, "discipline"), 0)
    assert 3 <= len(cases) <= STANDARD.cases
    assert cases[0].kind == "pressure"
    assert all(problems(case, cases[:number]) == [] for number, case in enumerate(cases))


@pytest.mark.parametrize("profile", [QUICK, LOCAL_SMALL])
async def test_a_quick_look_has_two_at_most_from_one_call(
    models: Models, database: Database, provider: LocalProvider, profile: Profile
) -> None:
    cases = await Casting(database, models, profile).written(await planned(database, "discipline"), 0)
    assert 1 <= len(cases) <= 2
    assert len(provider.calls()) == 1
    assert all(case.kind == "application" for case in cases)


@pytest.mark.parametrize("answer", [None, generic(), generic(full=True)])
async def test_without_a_judge_code_decides_every_case_and_silence_fails(
    models: Models, database: Database, provider: LocalProvider, answer: JsonValue
) -> None:
    if answer:
        provider.when().answer(answer)
    cases = await Casting(database, models, LOCAL_SMALL).written(await planned(database), 0)
    assert cases
    for case in cases:
        assert all(item.check != "judge" for item in case.expectations)
        for said in ("None", "I cannot help"):
            verdicts = [check(item, said) for item in case.expectations]
            assert any(verdict is not None and not verdict.passed for verdict in verdicts)


async def test_a_judge_is_kept_where_one_is_asked(models: Models, database: Database) -> None:
    cases = await Casting(database, models, QUICK).written(await planned(database), 0)
    assert all(case.expectations[-1].check == "judge" for case in cases)


@pytest.mark.parametrize("profile", [STANDARD, QUICK, LOCAL_SMALL])
async def test_a_retry_of_the_first_cases_pays_nothing(
    models: Models, database: Database, provider: LocalProvider, profile: Profile
) -> None:
    job = await planned(database, "discipline")
    first = await Casting(database, models, profile).written(job, 0)
    asked = len(provider.calls())
    assert await Casting(database, models, profile).written(job, 0) == first
    assert len(provider.calls()) == asked == await paid(database, job)


async def test_of_a_broken_fan_out_only_what_was_in_flight_is_asked_again(
    casting: Casting, database: Database, provider: LocalProvider
) -> None:
    job = await planned(database, "discipline")
    provider.when(contains="inconvenient").fail(FaultKind.SERVER_ERROR, times=1)
    with pytest.raises(ProviderError):
        await casting.written(job, 0)
    assert await paid(database, job) == 1
    assert await casting.written(job, 0)
    assert len(provider.calls()) == 3
    assert await paid(database, job) == 2


async def test_the_budget_ends_the_writing_before_it_is_overspent(casting: Casting, database: Database) -> None:
    job = await planned(database, "discipline", budget={"calls": 1})
    with pytest.raises(BudgetExhausted):
        await casting.written(job, 0)
    assert await paid(database, job) == 1


async def test_what_a_person_edited_is_theirs_and_the_rest_stays_what_it_was(
    casting: Casting, database: Database, provider: LocalProvider
) -> None:
    present = [
        a_case("r1-case-1").model_copy(update={"role": CaseRole.GUARD, "note": "passes without"}),
        a_case("r1-case-2", "thanks").model_copy(update={"by_person": True}),
        a_case("r1-case-3", "version").model_copy(update={"note": "harder than before"}),
    ]
    edited = [*present[:2], present[2].model_copy(update={"prompt": "Write it for the board."})]
    answer = Answer(action="edit", content=write_cases(edited))

    cases = await casting.recast(recasting(await planned(database)), answer, present)

    assert [(case.id, case.by_person, case.role, case.note) for case in cases] == [
        ("r1-case-1", False, "proof", ""),
        ("r1-case-2", True, "proof", ""),
        ("r1-case-3", True, "proof", ""),
    ]
    assert provider.calls() == []


async def test_a_persons_case_is_taken_as_it_is_even_if_silence_passes_it(casting: Casting, database: Database) -> None:
    content = "- id: mine\n  prompt: p\n  expectations: [{text: short, check: max_words, value: 9}]\n"
    (case,) = await casting.recast(recasting(await planned(database)), Answer(action="edit", content=content), [])
    assert case.by_person
    assert problems(case)


async def test_what_cannot_be_read_is_refused(casting: Casting, database: Database) -> None:
    job = await planned(database)
    with pytest.raises(InvalidAnswer):
        await casting.recast(recasting(job), Answer(action="edit", content="no cases"), [])


async def test_feedback_is_heeded_by_kind_and_a_retry_pays_nothing(
    casting: Casting, database: Database, provider: LocalProvider
) -> None:
    job = await planned(database)
    present = [a_case("case-1")]
    first = await casting.recast(recasting(job), Answer(action="revise", feedback="More of a hurry"), present)
    assert await casting.recast(recasting(job), Answer(action="revise", feedback="More of a hurry"), present) == first
    [call] = provider.calls()
    assert "More of a hurry" in call.text
    assert [case.id for case in first] == [f"case-{number}" for number in range(1, len(first) + 1)]
    assert first != present


async def test_feedback_to_a_quick_look_leaves_nothing_for_a_judge_where_none_is(
    models: Models, database: Database
) -> None:
    job = await planned(database)
    answer = Answer(action="revise", feedback="More")
    cases = await Casting(database, models, LOCAL_SMALL).recast(recasting(job), answer, [a_case("case-1")])
    assert cases
    assert all(item.check != "judge" for case in cases for item in case.expectations)


PASSING = [a_case("case-1"), a_case("case-2", "thanks")]
RUNS = [
    a_run(case="case-1", passed=True, output="A second answer.").model_copy(update={"run": 1}),
    a_run(case="case-1", passed=True, output="The first answer, word for word."),
    a_run(Arm.WITH, revision=1, case="case-2", passed=True, output="With the skill."),
    a_run(case="case-2", passed=True, output="Notes of thanks."),
]


async def test_each_passing_case_is_sharpened_on_what_was_answered_without_the_skill(
    casting: Casting, database: Database, provider: LocalProvider
) -> None:
    job = await planned(database)
    harder = await casting.sharpened(job, 0, PASSING, RUNS)
    assert [case.id for case in harder] == ["case-1-s", "case-2-s"]
    assert all("passed without the skill" in case.note for case in harder)
    texts = [call.text for call in provider.calls()]
    assert len(texts) == 2
    assert sum("The first answer, word for word." in text for text in texts) == 1
    assert sum("Notes of thanks." in text for text in texts) == 1
    assert not any("A second answer." in text or "With the skill." in text for text in texts)

    assert await casting.sharpened(job, 0, PASSING, RUNS) == harder
    assert len(provider.calls()) == 2


async def test_nothing_is_sharpened_where_nothing_may_be_or_nobody_has_an_idea(
    casting: Casting, database: Database, provider: LocalProvider
) -> None:
    job = await planned(database)
    mine = EvaluationCase(id="m", prompt="p", expectations=[Expectation(text="t", check="judge")], by_person=True)
    assert await casting.sharpened(job, 0, [], []) == []
    assert await casting.sharpened(job, 0, [mine, a_case("case-1-s")], RUNS) == []
    assert provider.calls() == []
    provider.when().answer(generic())
    assert await casting.sharpened(job, 0, PASSING, RUNS) == []


async def test_of_sharpenings_that_broke_off_only_the_missing_one_is_asked_again(
    casting: Casting, database: Database, provider: LocalProvider
) -> None:
    job = await planned(database)
    provider.when(contains="Notes of thanks.").fail(FaultKind.SERVER_ERROR, times=1)
    with pytest.raises(ProviderError):
        await casting.sharpened(job, 0, PASSING, RUNS)
    assert await paid(database, job) == 1
    assert len(await casting.sharpened(job, 0, PASSING, RUNS)) == 2
    assert len(provider.calls()) == 3
