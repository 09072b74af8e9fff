"""Cases that pass without the skill: made harder once, then kept as guards, or proof that no skill is needed."""

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import JsonValue

from activities.evaluator import ModelEvaluator
from activities.evidence.casting import Casting
from activities.models import Models
from domain.evaluation import Arm, CaseRole, CaseRun, EvaluationCase
from domain.evidence.profile import Profile
from store import evidence
from store.session import Database
from tests.activities.conftest import Run
from tests.activities.evidence.test_trial import a_case, evaluator_for, make_trial, with_skill, without
from tests.support.agents import Said, agent_calls, ignoring, play
from tests.support.fleet import settings_for
from tests.support.mortal import Killed, MortalModels
from tests.support.provider import LocalProvider
from tests.support.rows import told
from worker import specs

PROFILE = Profile(name="standard", cases=5, runs=2, sharpen=True)


class Sharp(Casting):
    """Makes a case harder by another prompt; those named in `stuck` it has no idea for."""

    asked: list[list[str]]
    stuck: frozenset[str] = frozenset()

    async def sharpened(
        self, job_id: UUID, attempt: int, passing: Sequence[EvaluationCase], runs: Sequence[CaseRun]
    ) -> list[EvaluationCase]:
        self.asked.append([case.id for case in passing])
        return [
            case.model_copy(update={"id": f"{case.id}-s", "prompt": f"Harder: {case.prompt}"})
            for case in passing
            if case.id not in self.stuck
        ]


def sharp(database: Database, provider: LocalProvider, library: Path, *stuck: str) -> tuple[ModelEvaluator, Sharp]:
    casting = Sharp(database, Models(database, specs(settings_for(provider, library)), 8), PROFILE)
    casting.asked, casting.stuck = [], frozenset(stuck)
    return evaluator_for(database, provider, library, PROFILE, casting=casting), casting


def easy(*names: str, also: Sequence[str] = ()) -> Said:
    """An agent that manages the cases of these names, and of `also` the harder ones too."""

    def said(prompt: str) -> str:
        known = next((name for name in (*names, *also) if f"notes of {name}." in prompt), None)
        return "merged" if known and (not prompt.startswith("Harder") or known in also) else "No."

    return said


async def cases_of(database: Database, job: UUID) -> list[EvaluationCase]:
    async with database.transaction() as session:
        return await evidence.cases_of(session, job)


def plain(*names: str, by_person: bool = False) -> list[EvaluationCase]:
    return [a_case(name, judged=0).model_copy(update={"by_person": by_person}) for name in names]


async def test_a_harder_case_that_fails_takes_the_place_of_the_easy_one(
    database: Database, provider: LocalProvider, tmp_path: Path, run: Run
) -> None:
    job = await make_trial(database, plain("a", "b", "c"))
    play(provider, ignoring(easy("b")))
    evaluator, casting = sharp(database, provider, tmp_path)
    measured = await run(evaluator.try_cases, without(job))
    assert [case.id for case in await cases_of(database, job)] == ["a", "b-s", "c"]
    assert (measured.passed, measured.cases, casting.asked) == (0, 3, [["b"]])
    paid = len(provider.calls())
    assert await run(evaluator.try_cases, without(job)) == measured
    assert len(provider.calls()) == paid
    assert casting.asked == [["b"]], "nothing is left to be sharpened"
    [event] = [event for event in await told(database, job) if event.type == "evidence"]
    assert event.message == "without the skill 0 of 3 cases passed; b was made harder"


async def test_what_stays_easy_guards_against_harm_and_of_those_two_at_most(
    database: Database, provider: LocalProvider, tmp_path: Path, run: Run
) -> None:
    job = await make_trial(database, plain("a", "b", "c", "d"))
    play(provider, ignoring(easy("b", also=("c", "d"))))
    evaluator, _ = sharp(database, provider, tmp_path, "b")
    measured = await run(evaluator.try_cases, without(job))
    kept = await cases_of(database, job)
    assert [(case.id, case.role) for case in kept] == [
        ("a", CaseRole.PROOF),
        ("b", CaseRole.GUARD),
        ("c", CaseRole.GUARD),
    ]
    assert (measured.passed, measured.cases) == (0, 1)
    [event] = [event for event in await told(database, job) if event.type == "evidence"]
    assert "d was dropped" in event.message
    calls = agent_calls(provider)
    green = await run(evaluator.try_cases, with_skill(job))
    assert agent_calls(provider) - calls == 3 * PROFILE.runs, "guards run with the skill too"
    assert green.cases == 1


async def test_when_even_the_harder_ones_pass_nothing_is_changed_and_no_skill_is_needed(
    database: Database, provider: LocalProvider, tmp_path: Path, run: Run
) -> None:
    job = await make_trial(database, plain("a", "b"))
    play(provider, ignoring("merged"))
    evaluator, _ = sharp(database, provider, tmp_path)
    measured = await run(evaluator.try_cases, without(job))
    assert measured.passed == measured.cases == 2
    assert {case.role for case in await cases_of(database, job)} == {CaseRole.PROOF}


async def test_cases_of_a_person_are_left_alone(
    database: Database, provider: LocalProvider, tmp_path: Path, run: Run
) -> None:
    job = await make_trial(database, [*plain("a"), *plain("b", by_person=True)])
    play(provider, ignoring(easy("b")))
    evaluator, casting = sharp(database, provider, tmp_path)
    measured = await run(evaluator.try_cases, without(job))
    assert (measured.passed, measured.cases, casting.asked) == (1, 2, [])
    assert [(case.id, case.role) for case in await cases_of(database, job)] == [
        ("a", CaseRole.PROOF),
        ("b", CaseRole.PROOF),
    ]


@pytest.mark.parametrize("lives", range(4, 10))
async def test_a_worker_that_dies_while_harder_cases_run_comes_to_the_same_cases(
    lives: int, database: Database, provider: LocalProvider, tmp_path: Path, run: Run
) -> None:
    job = await make_trial(database, plain("a", "b"))
    play(provider, ignoring(easy("b")))
    evaluator, _ = sharp(database, provider, tmp_path)
    evaluator.trials.models = MortalModels(database, specs(settings_for(provider, tmp_path)), 8).mortal(lives)
    # failing runs look for excuses by rule, then ask: two of case a
    with pytest.raises(Killed):
        await run(evaluator.try_cases, without(job))
    assert [case.id for case in await cases_of(database, job)] == ["a", "b"]
    again, _ = sharp(database, provider, tmp_path)
    await run(again.try_cases, without(job))
    assert [case.id for case in await cases_of(database, job)] == ["a", "b-s"]
    assert agent_calls(provider) == 3 * PROFILE.runs
    async with database.transaction() as session:
        runs = await evidence.runs_of(session, job)
    assert {(one.case_id, one.run) for one in runs if one.arm is Arm.WITHOUT} == {
        (name, number) for name in ("a", "b-s") for number in range(PROFILE.runs)
    }


AUTHORED: list[JsonValue] = [
    {
        "variant": "application",
        "ask": "Write the notes of the stricter release, whose list is below, in the given order.",
        "material": ["adds a json flag to list", "repairs the crash on empty folders", "drops python three eight"],
    }
]


@pytest.mark.parametrize("lives", [0, 3, 4, 5, 6, 8, 9])
async def test_a_worker_that_dies_while_cases_are_made_harder_pays_for_none_twice(
    lives: int, database: Database, provider: LocalProvider, tmp_path: Path, run: Run
) -> None:
    play(provider, ignoring(lambda prompt: "merged" if "Write the notes of" in prompt else "No."))
    provider.when(field="cases").answer(AUTHORED)
    undisturbed, job = [await make_trial(database, plain("a", "b")) for _ in range(2)]
    profile = PROFILE.model_copy(update={"judge": False})
    whole = evaluator_for(database, provider, tmp_path, profile)
    await run(whole.try_cases, without(undisturbed))
    needed, ids = len(provider.calls()), [case.id for case in await cases_of(database, undisturbed)]
    assert needed > 2 * PROFILE.runs + 2, "both are made harder, and run"
    mortal = MortalModels(database, specs(settings_for(provider, tmp_path)), 8).mortal(lives)
    with pytest.raises(Killed):
        await run(evaluator_for(database, provider, tmp_path, profile, models=mortal).try_cases, without(job))
    assert len(provider.calls()) == needed + lives
    assert [case.id for case in await cases_of(database, job)] == ["a", "b"]
    await run(evaluator_for(database, provider, tmp_path, profile).try_cases, without(job))
    assert len(provider.calls()) == 2 * needed
    assert [case.id for case in await cases_of(database, job)] == ids
