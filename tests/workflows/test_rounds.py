"""Rounds of answers to failing cases: where the budget ends them, and what of them goes on into later runs of a job."""

import asyncio

import pytest

from domain.job import JobStatus
from domain.prompt import HitlType
from tests.workflows.conftest import Stage
from tests.workflows.test_ending import replays
from workflows import messages as m
from workflows.create_skill import CreateSkill


def told(stage: Stage, *words: str) -> list[str]:
    """What the fakes were asked that begins with one of these words."""
    return [line for line in stage.memory.told if line.startswith(words)]


@pytest.fixture
def second_round(stage: Stage) -> Stage:
    """The first round helps, and a second one is worth it."""
    stage.memory.passed_with = [0, 1, 2]
    stage.memory.rounds = [(True, True), (True, False)]
    return stage


async def test_a_budget_that_ends_before_the_second_answer_leaves_the_first(second_round: Stage) -> None:
    stage = second_round
    stage.memory.affords, stage.memory.broke = {"write": 2}, {"write": 1}
    outcome = await (await stage.start(auto_approve=True)).result()
    assert (outcome.status, outcome.revision) == (JobStatus.COMPLETED, 2)
    assert told(stage, "write", "try", "ask budget") == [
        "try without 0",
        "write 1 from 0 (first)",
        "try with 1",
        "write 2 from 1 (counter)",
        "try with 2",
        "ask budget:1",
    ]
    assert "validate 2 by rules alone" in stage.memory.told
    await replays(stage)


async def test_a_second_answer_that_the_budget_leaves_untried_does_not_hold(second_round: Stage) -> None:
    stage = second_round
    stage.memory.affords, stage.memory.broke = {"try": 3}, {"try": 1}
    outcome = await (await stage.start(auto_approve=True)).result()
    assert (outcome.status, outcome.revision) == (JobStatus.COMPLETED, 2)
    assert told(stage, "try with ") == ["try with 1", "try with 2"]
    assert told(stage, "draft", "ask budget") == ["draft 1", "draft 2", "draft 3", "ask budget:1", "draft 2"]
    await replays(stage)


async def test_an_answer_that_the_budget_leaves_untried_does_not_hold_where_nothing_passed_before(stage: Stage) -> None:
    stage.memory.passed_with, stage.memory.affords, stage.memory.broke = [0], {"try": 2}, {"try": 1}
    outcome = await (await stage.start(auto_approve=True)).result()
    assert (outcome.status, outcome.revision) == (JobStatus.COMPLETED, 1)
    assert told(stage, "draft", "ask budget") == ["draft 1", "draft 2", "ask budget:1", "draft 1"]
    await replays(stage)


async def test_a_budget_that_is_raised_amid_the_second_round_goes_on_in_it(second_round: Stage) -> None:
    stage = second_round
    stage.memory.affords, stage.memory.broke = {"try": 3}, {"try": 1}
    handle = await stage.start(max_questions=0)
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.BUDGET, 1, "raise"))
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW))
    assert (await handle.result()).revision == 3
    assert told(stage, "raise", "round") == ["round 1: 2 against 1", "raise_budget", "round 2: 3 against 2"]
    await replays(stage)


async def test_what_a_person_wants_is_written_out_of_the_revision_that_holds(second_round: Stage) -> None:
    stage = second_round
    stage.memory.passed_with, stage.memory.rounds = [0, 1, 1], [(True, True), (False, False)]
    handle = await stage.start(max_questions=0)
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW, 1, "revise"))
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW, 2))
    assert (await handle.result()).revision == 4
    assert told(stage, "write")[-2:] == ["write 3 from 2 (counter)", "write 4 from 2 (answer)"]
    assert told(stage, "try with")[-1] == "try with 4"
    await replays(stage)


async def test_a_job_that_continued_as_new_goes_on_from_the_revision_that_holds(stage: Stage) -> None:
    """The run before had written revision 3, which did not hold, and wrote nothing after it."""
    draft = m.Draft(name="a-skill", path="general/a-skill", revision=2, latest=3, cases=2, passed_with=1, measured=2)
    carried = m.Progress(draft=draft).model_dump(mode="json")
    stage.memory.rounds = [(False, True)]
    handle = await stage.start(carried=carried)
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW, 1, "revise"))
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW, 2))
    assert (await asyncio.wait_for(handle.result(), 30)).revision == 4
    assert told(stage, "write", "try", "round") == ["write 4 from 2 (answer)", "try with 4"]
    await replays(stage)
