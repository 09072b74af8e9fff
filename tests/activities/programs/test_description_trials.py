"""Trials of descriptions: each query in each run beside the same neighbours, in an order that a retry meets again."""

from collections import Counter

import pytest
from pydantic import JsonValue

from activities.programs.description_trials import DescriptionTrials
from activities.programs.language_model import LanguageModel
from domain.errors import ProviderUnavailable
from domain.evaluation import DescriptionTrial, TriggerQuery
from domain.evidence.triggers import RUNS
from domain.rules.neighbours import Neighbour
from tests.activities.programs.conftest import MakeModel
from tests.support.choosing import by_table, offered
from tests.support.provider import FaultKind, LocalProvider
from tests.support.provider_models import ChatRequest

QUERIES = [
    TriggerQuery(id=f"q{number}", text=f"message number {number}", should=number < 3, half=half)
    for number, half in enumerate(("train", "held_out", "train", "train", "held_out"))
]
LIBRARY = [Neighbour(name=name, description=f"Does {name}. Use when asked.") for name in ("a", "b", "c", "none")]
TRIAL = DescriptionTrial(style="as_planned", description="Writes notes. Use when asked.")


def trials_with(model: LanguageModel, seed: str = "job") -> DescriptionTrials:
    return DescriptionTrials(model, seed, "notes", LIBRARY, QUERIES, {"case-1": "Do the notes.", "q2": "And these."})


async def test_each_query_of_a_half_is_asked_in_each_run(model: LanguageModel, provider: LocalProvider) -> None:
    table = {"message number 0": "notes", "message number 2": "b", "message number 3": "notes"}
    provider.when(field="choice").answer(by_table(table))
    trials = trials_with(model)
    train = (await trials.on("train", TRIAL)).train
    assert (train.recall, train.precision, train.queries, train.runs) == (0.5, 0.5, 3, RUNS)
    assert train.confusions == {"b": 3}
    assert (train.missed, train.false_alarms) == (["message number 2"], ["message number 3"])
    assert len(provider.calls()) == 3 * RUNS
    assert [(choice.query_id, choice.run) for choice in trials.choices(TRIAL.description)] == [
        (name, run) for name in ("q0", "q2", "q3") for run in range(RUNS)
    ]


async def orders(model: LanguageModel, provider: LocalProvider, seed: str) -> Counter[tuple[str, ...]]:
    seen: list[tuple[str, ...]] = []

    def answer(request: ChatRequest) -> JsonValue:
        seen.append(tuple(offered(request)))
        return "none"

    provider.when(field="choice").answer(answer)
    await trials_with(model, seed).on("train", TRIAL)
    return Counter(seen)


async def test_the_orders_differ_by_query_and_run_and_follow_from_the_job(
    make_model: MakeModel, provider: LocalProvider
) -> None:
    first = await orders(make_model(), provider, "job")
    assert {frozenset(order) for order in first} == {frozenset({"notes", "a", "b", "c"})}
    assert len(first) > RUNS
    paid = len(provider.calls())
    assert await orders(make_model(), provider, "job") == Counter()
    assert len(provider.calls()) == paid
    assert await orders(make_model(), provider, "another job") != first


async def test_a_query_that_fails_leaves_what_the_others_chose(make_model: MakeModel, provider: LocalProvider) -> None:
    provider.when(field="choice").answer(by_table({"message number 0": "notes"}))
    provider.when(contains="message number 2").fail(FaultKind.UNAVAILABLE, times=1)
    trials = trials_with(make_model())
    with pytest.raises(ProviderUnavailable):
        await trials.on("train", TRIAL)
    assert len(trials.choices(TRIAL.description)) == 3 * RUNS - 1
    await trials_with(make_model()).on("train", TRIAL)
    assert len([call for call in provider.calls() if call.outcome == "answered"]) == 3 * RUNS
    assert len(provider.calls()) == 3 * RUNS + 1


async def test_the_control_is_asked_by_name_in_each_run(model: LanguageModel, provider: LocalProvider) -> None:
    provider.when(field="choice").answer(by_table({}))
    assert await trials_with(model).control(TRIAL.description) == ["notes"] * RUNS
    assert len(provider.calls()) == RUNS
    assert "Use the skill notes for this, and no other: Writes notes." in provider.calls()[0].text


async def test_reading_is_a_share_of_all_tasks_and_runs(model: LanguageModel, provider: LocalProvider) -> None:
    provider.when(contains="reply only with READ").answer("READ a")
    provider.when(contains="And these.").answer("READ notes")
    assert (await trials_with(model).read(TRIAL)).body_read == 0.5
    assert len(provider.calls()) == 2 * RUNS


async def test_without_tasks_nothing_is_claimed_about_reading(model: LanguageModel) -> None:
    trials = DescriptionTrials(model, "job", "notes", LIBRARY, QUERIES, {})
    assert (await trials.read(TRIAL)).body_read is None
