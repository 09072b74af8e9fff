"""Values of one's own: names and descriptions that the rules take, and budgets that let the job go on."""

import pytest
from pydantic import JsonValue

from domain.answering.answers import check, form
from domain.answering.forms import fields
from domain.budget import Budget, Spend
from domain.errors import InvalidAnswer
from domain.prompt import Answer, BudgetData, HitlType
from tests.support.prompts import shown


def refused(kind: HitlType, prompt_data: dict[str, JsonValue], action: str, answers: JsonValue) -> dict[str, str]:
    try:
        check(kind, prompt_data, Answer.model_validate({"action": action, "answers": answers}))
    except InvalidAnswer as error:
        return error.fields
    return {}


def named(**answers: JsonValue) -> dict[str, str]:
    return refused(
        HitlType.STRUCTURE_FIX, shown(HitlType.STRUCTURE_FIX).model_dump(mode="json"), "proceed", {**answers}
    )


def budgeted(answers: JsonValue, spent: Spend, limit: Budget) -> dict[str, str]:
    data = BudgetData(spent=spent, limit=limit)
    return refused(HitlType.BUDGET, data.model_dump(mode="json"), "raise", answers)


@pytest.mark.parametrize("name", ["release-notes", "a", "x2", "a" * 64, "claude-notes"])
def test_a_name_that_the_rules_take_is_taken(name: str) -> None:
    assert named(skill_name=name) == {}
    assert named(skill_name=name, description="Writes notes. Use when a release is near.") == {}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Release-Notes", "capital"),
        ("release notes", "letters and digits"),
        ("-a", "hyphen"),
        ("a--b", "hyphen"),
        ("a" * 65, "65 characters"),
        ("nötes", "a-z"),
        ("con", "Windows"),
        ("notes ", "space"),
        ("notes\n", "space"),
        ("../etc", "letters and digits"),
        (7, "release-notes"),
        ("", "release-notes"),
    ],
)
def test_a_name_that_a_rule_refuses_is_refused_in_the_words_of_the_rule(name: JsonValue, says: str) -> None:
    assert says in named(skill_name=name)["answers.skill_name"]


@pytest.mark.parametrize(("text", "says"), [("x" * 1025, "1025 characters"), (" ", "what the skill does"), (1, "when")])
def test_a_description_that_a_rule_refuses_is_refused(text: JsonValue, says: str) -> None:
    assert says in named(description=text)["answers.description"]


@pytest.mark.parametrize("nothing", [{}, {"skill_name": None}])
def test_own_values_without_a_value_are_refused(nothing: dict[str, JsonValue]) -> None:
    assert "accept the suggestions" in named(**nothing)["answers"]


def test_the_form_proposes_the_suggestion_and_else_what_stands() -> None:
    name, description = fields(form(HitlType.STRUCTURE_FIX, shown(HitlType.STRUCTURE_FIX)))
    assert (name.default, description.default) == ("release-notes", "Writes notes.")


SPENT, LIMIT = Spend(calls=5, tokens=900, usd=0.25), Budget(calls=5)


@pytest.mark.parametrize("answers", [None, {}, {"calls": 6}, {"calls": 6.0}, {"calls": 9, "tokens": 901, "usd": 0.26}])
def test_a_budget_may_be_raised_above_what_is_spent_or_by_as_much_again(answers: JsonValue) -> None:
    assert budgeted(answers, SPENT, LIMIT) == {}


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"calls": 5}, "calls"),
        ({"calls": 6.5}, "calls"),
        ({"calls": "6"}, "calls"),
        ({"calls": True}, "calls"),
        ({"calls": 1_000_001}, "calls"),
        ({"calls": 6, "tokens": 900}, "tokens"),
        ({"calls": 6, "usd": 0.25}, "usd"),
        ({"calls": 6, "euro": 1}, "euro"),
        ({"tokens": 5_000}, "calls"),
    ],
)
def test_a_total_that_would_not_help_is_refused(answers: JsonValue, field: str) -> None:
    assert list(budgeted(answers, SPENT, LIMIT)) == [f"answers.{field}"]


def test_a_limit_in_money_without_a_price_is_not_asked_for_but_dropped() -> None:
    assert budgeted(None, Spend(calls=1), Budget(usd=1.0)) == {}
    assert "answers.usd" in budgeted({"calls": 9, "usd": 5}, Spend(calls=1), Budget(calls=1, usd=1.0))
