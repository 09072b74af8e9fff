"""The open prompt as the page shows it."""

from uuid import uuid4

from api.pages.job.asked import Typed, asked_view
from domain.budget import Budget, Spend
from domain.prompt import BudgetData, HitlType, PromptView, TddData
from tests.support.prompts import TDD


def checklist(state: dict[str, bool]) -> list[tuple[str, bool]]:
    data: TddData = TDD.model_copy(update={"checklist": state})
    prompt = PromptView(
        job_id=uuid4(),
        status="pending_hitl",
        hitl_type=HitlType.TDD_RED,
        interaction_id=uuid4(),
        prompt_data=data.model_dump(mode="json"),
        form={},
    )
    return [(item.words, item.done) for item in asked_view(prompt, "", Typed()).checklist]


def limits(spent: Spend) -> dict[str, tuple[str, str]]:
    data = BudgetData(spent=spent, limit=Budget(calls=2), reason="2 of 2 model calls are spent")
    prompt = PromptView(
        job_id=uuid4(),
        status="pending_hitl",
        hitl_type=HitlType.BUDGET,
        interaction_id=uuid4(),
        prompt_data=data.model_dump(mode="json"),
        form={},
    )
    return {one.words: (one.spent, one.limit) for one in asked_view(prompt, "", Typed()).limits}


def test_money_that_nobody_can_count_is_said_to_be_so() -> None:
    assert limits(Spend(calls=2, tokens=9)) == {
        "Model calls": ("2", "2"),
        "Tokens": ("9", "–"),
        "US dollars": ("price unknown", "–"),
    }
    assert limits(Spend(calls=2, tokens=9, usd=0.5))["US dollars"] == ("0.50", "–")
    assert limits(Spend())["US dollars"] == ("–", "–"), "nothing was spent yet"


def test_the_checklist_stands_in_the_order_of_the_work_whatever_order_the_database_gives() -> None:
    shown = checklist({"with_run": True, "cases_written": True, "without_run": True})
    assert [words.partition(":")[0] for words, _ in shown] == ["The cases are written", "RED", "GREEN and REFACTOR"]
    assert shown == checklist({"without_run": True, "with_run": True, "cases_written": True})


def test_what_is_not_done_yet_is_on_the_checklist_too_and_what_is_unknown_comes_last() -> None:
    shown = checklist({"typos_mended": False, "cases_written": True})
    assert [done for _, done in shown] == [True, False, False, False]
    assert shown[-1] == ("typos mended", False)
    assert checklist({}) == []
