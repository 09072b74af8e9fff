"""A seed makes the same choices in every run, and seeds differ; what is drawn covers what must be survived."""

from collections import Counter
from collections.abc import Callable

import pytest

from domain.prompt import HitlType, PromptAction
from tests.chaos.faults import LONGEST_STOP, PARTS, How, blows, troubles
from tests.chaos.person import Open, Person
from tests.chaos.plans import FEWEST, MOST, End, plan, plans
from tests.support.provider import FaultKind

SEEDS = range(100)


@pytest.mark.parametrize("draw", [plans, blows, troubles])
def test_a_seed_draws_the_same_again_and_another_draws_something_else(draw: Callable[[int], list[object]]) -> None:
    assert draw(7) == draw(7)
    assert len({str(draw(seed)) for seed in SEEDS}) == len(SEEDS)


def test_what_a_job_decides_does_not_depend_on_the_others() -> None:
    assert [plan(5, number) for number in range(len(plans(5)))] == plans(5)
    assert plans(5)[0].chance("thinks", 1).random() == plan(5, 0).chance("thinks", 1).random()


def test_a_hundred_seeds_play_every_end_and_every_kind_of_job() -> None:
    drawn = [one for seed in SEEDS for one in plans(seed)]
    assert {len(plans(seed)) for seed in SEEDS} == set(range(FEWEST, MOST + 1))
    assert {one.end for one in drawn} == set(End)
    cancelled = [one for one in drawn if one.end is End.CANCELLED]
    assert {one.cancelled for one in cancelled} == {"answer", "waiting", "working"}
    assert all(one.options["max_questions"] for one in cancelled), "a job must be asked before it is cancelled"
    assert {change for one in drawn for change in one.changes} == {"revise", "edit", "break"}
    assert {one.mending for one in drawn if "break" in one.changes} == {
        PromptAction.REVISE,
        PromptAction.EDIT,
        PromptAction.WAIVE,
    }
    assert {name for one in drawn for name in one.options} >= {"confirm", "tdd_checkpoints", "promote", "budget"}
    assert any(one.parks for one in drawn)


def test_a_hundred_seeds_hit_every_part_in_every_way() -> None:
    drawn = [blow for seed in SEEDS for blow in blows(seed)]
    assert {blow.part for blow in drawn} == set(PARTS)
    assert {(blow.part, blow.how) for blow in drawn} == {
        *((part, how) for part in PARTS for how in (How.KILL, How.STOP)),
        ("worker", How.END),
        ("api", How.END),
        ("postgres", How.BACKEND),
    }
    assert all(0 < blow.seconds <= LONGEST_STOP if blow.how is How.STOP else not blow.seconds for blow in drawn)
    kinds = Counter(trouble.kind for seed in SEEDS for trouble in troubles(seed))
    wanted = {FaultKind.DELAY, FaultKind.RATE_LIMIT, FaultKind.SERVER_ERROR, FaultKind.PROSE, FaultKind.HANG}
    assert wanted | {FaultKind.DROP} <= set(kinds)


def opened(kind: HitlType, number: int = 1, content: str = "good") -> Open:
    return Open("id", kind, number, {"content": content, "questions": [{"id": "q1"}]}, "a-skill")


def test_a_person_does_what_is_planned_to_the_previews_and_then_approves() -> None:
    person = Person(next(one for seed in SEEDS for one in plans(seed) if one.changes == ("revise", "edit", "break")))
    actions = [person.answer(opened(HitlType.PREVIEW, number))["action"] for number in (1, 2, 3, 4)]
    assert actions == [PromptAction.REVISE, PromptAction.EDIT, PromptAction.EDIT, PromptAction.PROCEED]


def test_a_broken_text_is_mended_as_planned_with_the_last_good_one() -> None:
    drawn = (one for seed in SEEDS for one in plans(seed))
    person = Person(next(one for one in drawn if one.changes == ("break",) and one.mending is PromptAction.EDIT))
    broken = person.answer(opened(HitlType.PREVIEW, 1, "good"))["content"]
    assert "description" not in str(broken).split("---")[1]
    assert person.answer(opened(HitlType.PREVIEW, 2, str(broken)))["action"] is PromptAction.PROCEED
    assert person.answer(opened(HitlType.VALIDATE)) == {"action": PromptAction.EDIT, "content": "good"}
