"""The open prompt as the page shows it."""

from uuid import uuid4

from api.asked import Typed, asked_view
from domain.prompt import HitlType, PromptView, TddData
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


def test_the_checklist_stands_in_the_order_of_the_work_whatever_order_the_database_gives() -> None:
    shown = checklist({"with_run": True, "cases_written": True, "without_run": True})
    assert [words.partition(":")[0] for words, _ in shown] == ["The cases are written", "RED", "GREEN and REFACTOR"]
    assert shown == checklist({"without_run": True, "with_run": True, "cases_written": True})


def test_what_is_not_done_yet_is_on_the_checklist_too_and_what_is_unknown_comes_last() -> None:
    shown = checklist({"typos_mended": False, "cases_written": True})
    assert [done for _, done in shown] == [True, False, False, False]
    assert shown[-1] == ("typos mended", False)
    assert checklist({}) == []
