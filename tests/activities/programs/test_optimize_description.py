"""Descriptions in two styles and better ones: within the rules, bounded, and blind to the half they are chosen on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from activities.programs.description_trials import DescriptionTrials
from activities.programs.language_model import LanguageModel
from activities.programs.optimize_description import (
    IMPROVEMENTS,
    candidates,
    is_legal,
    is_when_only,
    parts_of,
    shortened,
    style_of,
    styles,
)
from domain.brief import Brief
from domain.evaluation import DescriptionTrial, TriggerQuery
from domain.evidence.triggers import RUNS, f1
from domain.rules.neighbours import Neighbour
from tests.activities.programs.conftest import REQUEST
from tests.support.choosing import by_words, section
from tests.support.provider import LocalProvider
from tests.support.provider_models import ChatRequest

BRIEF = Brief(task=REQUEST)
WHAT = "Writes release notes from pull requests."
WHEN = "Use when a release is cut and users must hear of it."
PLANNED = f"{WHAT} {WHEN}"


@pytest.mark.parametrize(
    ("text", "parts", "style"),
    [
        (PLANNED, (WHAT, WHEN), "what_and_when"),
        (WHEN, ("", WHEN), "when_only"),
        ("Helps with PDFs", ("Helps with PDFs", ""), "as_planned"),
        ("Writes notes. Use this skill when  asked.", ("Writes notes.", "Use when asked."), "what_and_when"),
        ("Writes notes. Use it whenever asked.", ("Writes notes.", "Use when asked."), "what_and_when"),
        ("Shows what to use when in doubt.", ("Shows what to use when in doubt.", ""), "as_planned"),
        ("Writes notes. Use when", ("Writes notes.", ""), "as_planned"),
    ],
)
def test_a_description_is_taken_apart_where_its_when_begins(text: str, parts: tuple[str, str], style: str) -> None:
    assert parts_of(text) == parts
    assert style_of(text) == style


@given(st.lists(st.text("ab ", min_size=1, max_size=90), max_size=12))
def test_a_when_that_is_shortened_keeps_whole_sentences_under_500_characters(parts: list[str]) -> None:
    text = "Use when " + ". ".join(" ".join(part.split()) or "a" for part in parts) + "."
    short = shortened(text)
    assert len(short) < 500
    assert short == "" or short.endswith(".")
    assert " ".join(text.split()).startswith(short)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        (WHEN, True),
        ("Use when my release is cut.", False),
        ("Use when a release is cut: first read the requests, then sort them.", False),
        ("Writes notes. Use when a release is cut.", False),
        ("Use when " + "x" * 500, False),
    ],
)
def test_a_description_of_triggers_only_tells_of_no_workflow(text: str, good: bool) -> None:
    assert is_when_only(text) is good


async def test_the_other_style_is_made_by_rule_where_both_parts_are_there(
    model: LanguageModel, provider: LocalProvider
) -> None:
    found = await styles(model, BRIEF, PLANNED)
    assert [(trial.style, trial.description) for trial in found] == [("what_and_when", PLANNED), ("when_only", WHEN)]
    assert provider.calls() == []


PARTS: dict[str, JsonValue] = {"what": WHAT, "use_when": "use when a release is cut and users must hear of it"}


@pytest.mark.parametrize(
    ("planned", "others"),
    [
        (WHEN, [("what_and_when", PLANNED)]),
        ("Helps with releases", [("what_and_when", f"Helps with releases. {WHEN}"), ("when_only", WHEN)]),
        (f"{WHAT} Use when I ask for it.", [("when_only", WHEN)]),
    ],
)
async def test_a_part_that_is_missing_is_written_by_the_author_model(
    model: LanguageModel, provider: LocalProvider, planned: str, others: list[tuple[str, str]]
) -> None:
    provider.when().answer(PARTS)
    first, *rest = await styles(model, BRIEF, planned)
    assert first.description == planned
    assert [(trial.style, trial.description) for trial in rest] == others
    assert len(provider.calls()) == 1


@pytest.mark.parametrize("said", ["string", "", "see https://elsewhere.example [3]", "TODO: write this"])
async def test_what_a_model_says_outside_the_rules_is_not_tried(
    model: LanguageModel, provider: LocalProvider, said: str
) -> None:
    provider.when().answer({"what": said, "use_when": said})
    found = await styles(model, BRIEF, "Helps with releases")
    assert [(trial.style, trial.description) for trial in found] == [("as_planned", "Helps with releases")]


TRAIN = [
    TriggerQuery(id="q1", text="Announce version nine to customers", should=True, half="train"),
    TriggerQuery(id="q2", text="Explain to customers which version broke", should=False, half="train"),
]
HELD_OUT = [
    TriggerQuery(id="q3", text="Inform subscribers about shipped features", should=True, half="held_out"),
    TriggerQuery(id="q4", text="Count subscribers about once monthly", should=False, half="held_out"),
]
BESIDE = [Neighbour(name="triage", description="Explain which version broke and why. Use when something broke.")]
BETTER = "Announce a version to customers in release notes. Use when a release is cut."


def trials_with(model: LanguageModel) -> DescriptionTrials:
    return DescriptionTrials(model, "job", "release-notes", BESIDE, [*TRAIN, *HELD_OUT], {})


async def tried(model: LanguageModel, provider: LocalProvider, *improved: JsonValue) -> list[DescriptionTrial]:
    """The candidates, with an agent that goes by words and an author who improves like this, one call after another."""
    provider.when(field="choice").answer(by_words())
    for text in reversed(improved):
        provider.when(field="description").answer(text, times=1)
    return await candidates(model, BRIEF, PLANNED, trials_with(model))


async def test_the_better_style_is_improved_until_nothing_is_left_to_improve(
    model: LanguageModel, provider: LocalProvider
) -> None:
    found = await tried(model, provider, BETTER)
    assert [trial.style for trial in found] == ["what_and_when", "when_only", "improved"]
    assert [f1(trial.train) for trial in found] == [0, 0, 1]
    assert found[-1].description == BETTER
    assert all(trial.held_out is None for trial in found)
    assert len([call for call in provider.calls() if "description" in call.fields]) == 1


async def test_the_improving_call_is_told_what_failed_and_what_was_tried(
    model: LanguageModel, provider: LocalProvider
) -> None:
    requests: list[ChatRequest] = []

    def answer(request: ChatRequest) -> JsonValue:
        requests.append(request)
        return BETTER

    provider.when(field="choice").answer(by_words())
    provider.when(field="description").answer(answer)
    await candidates(model, BRIEF, PLANNED, trials_with(model))
    [request] = requests
    assert section(request, "failures") == (
        "1. Missed in 3 of 3 runs: “Announce version nine to customers”; chosen instead: no skill (3×)"
    )
    assert section(request, "present") == PLANNED
    assert section(request, "history") == (
        f"1. recall 0.00, precision none: {PLANNED}\n2. recall 0.00, precision none: {WHEN}"
    )
    assert section(request, "neighbours") == f"1. triage: {BESIDE[0].description}"


async def test_no_improving_call_ever_sees_the_held_out_half(model: LanguageModel, provider: LocalProvider) -> None:
    trials = trials_with(model)
    provider.when(field="choice").answer(by_words())
    provider.when(field="description").answer("Handles versions nine and ten. Use when numbers come up.")
    # Even where the held-out half has been tried before, as after a retry.
    await trials.on("held_out", DescriptionTrial(style="when_only", description=PLANNED))
    await candidates(model, BRIEF, PLANNED, trials)
    improving = [call for call in provider.calls() if "description" in call.fields]
    assert improving
    for call in improving:
        assert TRAIN[0].text in call.text
        assert not [query for query in HELD_OUT if query.text.casefold() in call.text.casefold()]


async def test_improving_ends_when_it_does_not_help(model: LanguageModel, provider: LocalProvider) -> None:
    found = await tried(model, provider, "Cooks dinner for two. Use when hungry.", BETTER)
    assert [trial.style for trial in found] == ["what_and_when", "when_only", "improved"]
    assert f1(found[-1].train) == 0


async def test_improving_is_bounded(model: LanguageModel, provider: LocalProvider) -> None:
    queries = [
        TriggerQuery(id=f"q{number}", text=text, should=True, half="train")
        for number, text in enumerate(["alpha bravo", "charlie delta", "echoes foxtrot", "golfing hotel"])
    ]
    provider.when(field="choice").answer(by_words())
    texts = [
        "Does bravo and alpha.",
        "Does bravo and alpha, delta and charlie.",
        "Does bravo and alpha, delta and charlie, foxtrot and echoes.",
    ]
    for text in reversed(texts):
        provider.when(field="description").answer(f"{text} Use when asked.", times=1)
    trials = DescriptionTrials(model, "job", "release-notes", [], queries, {})
    found = await candidates(model, BRIEF, PLANNED, trials)
    assert sum(trial.style == "improved" for trial in found) == IMPROVEMENTS
    assert len([call for call in provider.calls() if "description" in call.fields]) == IMPROVEMENTS


@pytest.mark.parametrize(
    "useless",
    [
        PLANNED,
        "Writes notes.",
        f"Writes notes. Use when a user says “{TRAIN[0].text}”.",
        "Writes <b>notes</b>. Use when asked.",
        "Writes notes, see https://elsewhere.example. Use when asked.",
        f"Writes notes. Use when {'asked ' * 300}.",
        "string",
    ],
)
async def test_an_improvement_outside_the_rules_is_asked_for_once_more_and_then_given_up(
    model: LanguageModel, provider: LocalProvider, useless: str
) -> None:
    found = await tried(model, provider, useless, useless)
    assert [trial.style for trial in found] == ["what_and_when", "when_only"]
    assert all(is_legal(trial.description) for trial in found)
    assert len([call for call in provider.calls() if "description" in call.fields]) == 2


async def test_nothing_is_improved_that_is_perfect(model: LanguageModel, provider: LocalProvider) -> None:
    provider.when(field="choice").answer(by_words())
    found = await candidates(model, BRIEF, BETTER, trials_with(model))
    assert f1(found[0].train) == 1
    assert len(provider.calls()) == 2 * len(TRAIN) * RUNS
