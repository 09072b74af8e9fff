"""Runs that decided something are followed by runs that count; nothing is run that stands already."""

from pathlib import Path

from activities.models import Models
from domain.evaluation import Arm
from domain.evidence.profile import Profile
from domain.evidence.series import CHOOSING, MEASURING
from store import evidence
from store.session import Database
from tests.activities.conftest import Run
from tests.activities.evidence.test_trial import (
    GOOD,
    a_case,
    evaluator_for,
    make_trial,
    runs_of,
    with_skill,
    without,
)
from tests.support.agents import POOR, agent_calls, ignoring, obeying, play, wavering
from tests.support.fleet import settings_for
from tests.support.provider import LocalProvider
from tests.support.rows import SKILL, make_draft
from worker import specs
from workflows import messages as m

THOROUGH = Profile(name="standard", cases=5, runs=2, sharpen=True, rounds=2, compare=True)
TWICE = Profile(name="standard", cases=5, runs=2)


async def test_cases_that_chance_had_a_say_in_are_run_once_more_without_the_skill(
    database: Database, provider: LocalProvider, tmp_path: Path, run: Run
) -> None:
    job = await make_trial(database, [a_case("one", judged=0)])
    play(provider, wavering(GOOD, POOR))
    await run(evaluator_for(database, provider, tmp_path, THOROUGH).try_cases, without(job))
    kept = await runs_of(database, job)
    assert [(one.series, one.run) for one in kept] == [(CHOOSING, 0), (CHOOSING, 1), (MEASURING, 2), (MEASURING, 3)]
    asked = agent_calls(provider)
    await run(evaluator_for(database, provider, tmp_path, THOROUGH).try_cases, without(job))
    assert agent_calls(provider) == asked == 4


async def test_a_case_that_never_passed_is_left_as_it_is(
    database: Database, provider: LocalProvider, tmp_path: Path, run: Run
) -> None:
    job = await make_trial(database, [a_case("one", judged=0)])
    play(provider, ignoring(POOR))
    await run(evaluator_for(database, provider, tmp_path, THOROUGH).try_cases, without(job))
    assert {one.series for one in await runs_of(database, job)} == {CHOOSING}


async def test_the_revision_that_came_out_best_is_measured_anew(
    database: Database, provider: LocalProvider, tmp_path: Path, run: Run
) -> None:
    job = await make_trial(database, [a_case("one", judged=0), a_case("two", judged=0)])
    evaluator = evaluator_for(database, provider, tmp_path, THOROUGH)
    play(provider, obeying(POOR))
    await run(evaluator.try_cases, without(job))
    await run(evaluator.try_cases, with_skill(job))
    await make_draft(database, job, n=2, text=f"{SKILL}\nMore.\n")
    play(provider, obeying(GOOD))
    measured = await run(evaluator.try_cases, with_skill(job, 2, against=1, round=1))
    assert (measured.holds, measured.worth_another) == (2, False)
    series = {(one.revision, one.series) for one in await runs_of(database, job) if one.arm is Arm.WITH}
    assert series == {(1, CHOOSING), (2, CHOOSING), (2, MEASURING)}


async def test_another_agent_model_gets_a_control_arm_of_its_own(
    database: Database, provider: LocalProvider, tmp_path: Path, run: Run
) -> None:
    job = await make_trial(database, [a_case("one", judged=0)])
    play(provider, obeying(GOOD))
    await run(evaluator_for(database, provider, tmp_path, TWICE).try_cases, without(job))
    other = settings_for(provider, tmp_path).model_copy(update={"model": "openai/other"})
    later = evaluator_for(database, provider, tmp_path, TWICE, models=Models(database, specs(other), 8))
    await run(later.try_cases, with_skill(job))
    kept = [(one.arm, one.model.split("/")[-1], one.run) for one in await runs_of(database, job)]
    assert kept == [
        (Arm.WITHOUT, "stand-in", 0),
        (Arm.WITHOUT, "stand-in", 1),
        (Arm.WITHOUT, "other", 2),
        (Arm.WITHOUT, "other", 3),
        (Arm.WITH, "other", 0),
        (Arm.WITH, "other", 1),
    ]


async def test_an_arm_that_has_fewer_runs_than_are_planned_is_completed(
    database: Database, provider: LocalProvider, tmp_path: Path, run: Run
) -> None:
    job = await make_trial(database, [a_case("one", judged=0)])
    play(provider, obeying(GOOD))
    once = Profile(name="standard", cases=5, runs=1)
    await run(evaluator_for(database, provider, tmp_path, once).try_cases, without(job))
    await run(evaluator_for(database, provider, tmp_path, TWICE).try_cases, with_skill(job))
    kept = await runs_of(database, job)
    assert [(one.arm, one.run) for one in kept] == [(arm, number) for arm in Arm for number in (0, 1)]
    assert agent_calls(provider) == 4


async def test_bytes_that_were_tried_under_another_number_are_not_paid_again(
    database: Database, provider: LocalProvider, tmp_path: Path, run: Run
) -> None:
    job = await make_trial(database, [a_case("one", judged=0)])
    evaluator = evaluator_for(database, provider, tmp_path, TWICE)
    play(provider, obeying(GOOD))
    await run(evaluator.try_cases, without(job))
    await run(evaluator.try_cases, with_skill(job))
    asked = agent_calls(provider)
    await make_draft(database, job, n=2, text=f"{SKILL}\nAn edit.\n")
    await make_draft(database, job, n=3, text=SKILL)
    measured = await run(evaluator.try_cases, with_skill(job, 3))
    assert (measured.passed, agent_calls(provider)) == (1, asked)
    await run(evaluator.try_cases, m.Trial(job_id=job, arm=Arm.WITH, revision=2))
    assert agent_calls(provider) == asked + 2
    async with database.transaction() as session:
        assert len(await evidence.runs_of(session, job, revision=3)) == 4
