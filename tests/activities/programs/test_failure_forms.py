"""Form matched to failure: one question for all, and code's words where the model's are not fit to be followed."""

import pytest
from pydantic import JsonValue

from activities.programs.failure_forms import counters
from activities.programs.language_model import LanguageModel
from domain.brief import Brief
from domain.counters import Condition, Counters, Slot
from domain.evaluation import CaseKind, EvaluationCase
from tests.activities.programs.conftest import REQUEST, MakeModel
from tests.activities.programs.test_failure_kinds import run
from tests.support.provider import LocalProvider

BRIEF = Brief(task=REQUEST)
CASES = [
    EvaluationCase(id="case-1", prompt="Ticket 412: 412 lines break the Foobar API, an exciting day", expectations=[]),
    EvaluationCase(id="pressed", kind=CaseKind.PRESSURE, prompt="Hurry", expectations=[]),
]
SAID = "For brevity I left it out."
RUNS = [
    run("Has the heading “Breaking”", "regex", SAID),
    run("Has at most 300 words", "max_words"),
    run("Says “none” when a group is empty", "judge"),
    run("Reads the list before it writes", "judge", case="pressed"),
]


def form(number: int, kind: str, text: str, **more: str) -> JsonValue:
    return {"failure": number, "kind": kind, "name": "", "text": text, "when": "", "otherwise": "", **more}


FORMS: list[JsonValue] = [
    form(4, "prohibition", "never write a line before the whole list is read"),
    form(1, "slot", "what stops working after the release, in one line", name="Other"),
    form(2, "recipe", "count the words and shorten the longest line until it fits"),
    form(3, "condition", "write “none” under it", when="when a group has no items", otherwise="list its items"),
]


def scripted(
    provider: LocalProvider, forms: list[JsonValue], truth: str = "short notes still need every group"
) -> None:
    provider.when(field="forms").answer(forms)
    provider.when(field="truths").answer([{"excuse": 1, "truth": truth}])
    provider.when(field="red_flags").answer(["you are about to drop a group because it is empty"])


async def test_each_failure_gets_the_form_of_its_kind_by_one_question(
    model: LanguageModel, provider: LocalProvider
) -> None:
    scripted(provider, FORMS)

    found = await counters(model, BRIEF, RUNS, CASES)

    assert found.slots == [Slot(name="Breaking", holds="What stops working after the release, in one line.")]
    assert found.recipe == ["Count the words and shorten the longest line until it fits."]
    assert found.conditions == [
        Condition(when="a group has no items", do="write “none” under it.", otherwise="list its items.")
    ]
    assert found.prohibitions == ["Never write a line before the whole list is read."]
    assert [(item.said, item.truth) for item in found.excuses] == [(SAID, "Short notes still need every group.")]
    assert found.red_flags == ["You are about to drop a group because it is empty."]
    assert len(provider.calls()) == 1


async def test_what_the_author_asked_for_comes_first_so_that_a_provider_reads_it_once(
    model: LanguageModel, provider: LocalProvider
) -> None:
    await counters(model, BRIEF, RUNS)

    told = provider.calls()[0].messages[-1].text
    assert told.index(REQUEST) < told.index("Has the heading “Breaking” [slot]") < told.index(SAID)


@pytest.mark.parametrize(
    "text",
    [
        "never write more words than allowed",
        "try to keep the notes short where possible",
        "keep the notes to the 412 lines of the test",
        "follow https://example.org/style for the length",
        "",
    ],
)
async def test_a_wrong_shape_never_gets_a_prohibition_a_nuance_or_a_tests_own_words(
    model: LanguageModel, provider: LocalProvider, text: str
) -> None:
    scripted(provider, [form(1, "prohibition", text)])

    found = await counters(model, BRIEF, [RUNS[1]], CASES)

    assert found.recipe == ["The finished result has at most 300 words."]
    assert found.prohibitions == []


async def test_a_rule_that_is_certain_tells_the_kind_whatever_the_model_says(
    model: LanguageModel, provider: LocalProvider
) -> None:
    scripted(provider, [form(1, "recipe", "keep to the words of the list")])

    found = await counters(model, BRIEF, [run("Does not contain “exciting”", "absent")])

    assert found.recipe == []
    assert found.prohibitions == ["Never write “exciting”."]


async def test_what_only_one_test_names_is_in_no_counter(model: LanguageModel, provider: LocalProvider) -> None:
    named = "Flags that ticket 412 breaks the Foobar API"
    scripted(provider, [form(1, "slot", "flags that ticket 412 breaks the Foobar API", name="Ticket 412")])

    found = await counters(model, BRIEF, [run(named, "judge", SAID)], CASES)

    assert "412" not in found.model_dump_json()
    assert "Foobar" not in found.model_dump_json()
    assert found.slots == []
    assert [item.said for item in found.excuses] == [SAID]


async def test_an_excuse_that_the_model_does_not_answer_is_answered_by_rule(
    model: LanguageModel, provider: LocalProvider
) -> None:
    scripted(provider, [], truth="TODO")

    found = await counters(model, BRIEF, [RUNS[0]])

    assert found.excuses[0].truth == ("The result was refused, because this was asked for: has the heading “Breaking”.")
    assert found.slots == [Slot(name="Breaking", holds="under this heading, “none” where there is nothing.")]


async def test_the_small_model_is_asked_nothing_more_and_gets_codes_words(
    make_model: MakeModel, provider: LocalProvider
) -> None:
    found = await counters(make_model(small=True), BRIEF, RUNS, CASES)

    assert provider.calls() == []
    assert [slot.name for slot in found.slots] == ["Breaking"]
    assert found.recipe == ["The finished result has at most 300 words."]
    assert [item.said for item in found.excuses] == [SAID]


async def test_in_a_discipline_what_is_missed_is_a_rule_that_was_skipped(
    model: LanguageModel, provider: LocalProvider
) -> None:
    scripted(provider, [])

    found = await counters(model, BRIEF, [run("Names every pull request", "judge")], CASES, discipline=True)

    assert found.prohibitions == ["Never hand over a result without this: names every pull request."]


async def test_without_a_failure_nobody_is_asked(model: LanguageModel, provider: LocalProvider) -> None:
    assert await counters(model, BRIEF, [run("A", "judge", passed=True)]) == Counters()
    assert provider.calls() == []


async def test_a_second_attempt_pays_nothing(model: LanguageModel, provider: LocalProvider) -> None:
    first = await counters(model, BRIEF, RUNS)

    assert await counters(model, BRIEF, RUNS) == first
    assert len(provider.calls()) == 1
