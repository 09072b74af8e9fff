"""The runs of cases: repeats are answers of their own, side by side, and whatever dies is paid for once."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

import pytest

from activities.evaluator import ModelEvaluator
from activities.evidence.casting import Casting
from activities.evidence.trial import scope_of
from activities.evidence.triggering import Triggering
from activities.models import Models
from domain.errors import BudgetExhausted, ProviderRateLimited
from domain.evaluation import Arm, CaseRun, EvaluationCase, Expectation, TriggerReport
from domain.evidence.grading import UNDECIDED
from domain.evidence.policy import Policy
from domain.evidence.profile import LOCAL_SMALL, Profile
from domain.skill import SkillFileEntry
from domain.skill_file import digest
from store import calls, evidence, revisions
from store.session import Database
from tests.activities.conftest import Run
from tests.support.agents import AGENT, agent_calls, harmed, ignoring, obeying, play, wavering
from tests.support.fleet import settings_for
from tests.support.mortal import Killed, MortalModels
from tests.support.provider import FaultKind, LocalProvider
from tests.support.rows import SKILL, make_draft, make_job, new_revision, row_of, told
from worker import specs
from workflows import messages as m

THREE_RUNS = Profile(name="standard", cases=5, runs=3)
TWO_RUNS = Profile(name="standard", cases=5, runs=2)
GOOD = "Merged: the flag (#1204)."


class NoTriggering(Triggering):
    """Nobody tries descriptions here."""

    async def tuned(self, job_id: UUID, attempt: int) -> TriggerReport | None:
        return None

    async def measured(self, job_id: UUID, revision: int, attempt: int) -> TriggerReport | None:
        return None

    async def coming(self, job_id: UUID, revision: int, attempt: int) -> int:
        return 0


def a_case(name: str, *, judged: int = 1) -> EvaluationCase:
    """One thing for code, and so many for the judge."""
    code = Expectation(text="Names merged", check="contains", value="merged")
    judge = [Expectation(text=f"Is clear {number}", check="judge") for number in range(judged)]
    return EvaluationCase(id=name, prompt=f"Write the notes of {name}.", expectations=[code, *judge])


def evaluator_for(
    database: Database,
    provider: LocalProvider,
    library: Path,
    profile: Profile,
    *,
    models: Models | None = None,
    casting: Casting | None = None,
) -> ModelEvaluator:
    """An evaluator whose models are the stand-in."""
    asked = models or Models(database, specs(settings_for(provider, library)), 8)
    nobody = NoTriggering(database, asked, profile)
    return ModelEvaluator(database, asked, profile, Policy(), casting=casting, triggering=nobody)


async def make_trial(database: Database, cases: Sequence[EvaluationCase], *, calls_allowed: int | None = None) -> UUID:
    """A job with a draft and these cases, and perhaps a budget."""
    job = await make_job(database, budget={"calls": calls_allowed} if calls_allowed else None)
    await make_draft(database, job)
    async with database.transaction() as session:
        await evidence.keep_cases(session, job, list(cases))
    return job


async def runs_of(database: Database, job: UUID) -> list[CaseRun]:
    async with database.transaction() as session:
        return await evidence.runs_of(session, job)


def without(job: UUID) -> m.Trial:
    return m.Trial(job_id=job, arm=Arm.WITHOUT)


def with_skill(job: UUID, revision: int = 1, **more: int) -> m.Trial:
    return m.Trial(job_id=job, arm=Arm.WITH, revision=revision, **more)


@pytest.fixture(autouse=True)
def clear_judge(provider: LocalProvider) -> Iterator[None]:
    provider.when(field="verdict").answer("yes")
    yield


def test_places_of_runs_in_the_ledger_never_coincide_and_the_first_is_where_it_always_was() -> None:
    job = UUID(int=1)
    places = [
        scope_of(trial, a_case(name), number)
        for trial in (without(job), with_skill(job), with_skill(job, 2))
        for name in ("a", "b", "a-1")
        for number in range(3)
    ]
    assert len(set(places)) == len(places)
    assert places[0] == "try/without/0/a"


async def test_each_run_asks_for_itself_so_that_variance_is_real(
    database: Database, provider: LocalProvider, tmp_path: Path, run: Run
) -> None:
    job = await make_trial(database, [a_case("c1")])
    play(provider, wavering(GOOD, "No.", "Nothing was " + GOOD))
    measured = await run(evaluator_for(database, provider, tmp_path, THREE_RUNS).try_cases, without(job))
    made = await runs_of(database, job)
    assert agent_calls(provider) == 3
    assert sorted(one.output for one in made) == sorted([GOOD, "No.", "Nothing was " + GOOD])
    assert [one.run for one in made] == [0, 1, 2]
    assert sorted(one.passed for one in made) == [False, True, True]
    assert (measured.passed, measured.cases) == (0, 1), "a case passes when it passes each time"
    async with database.transaction() as session:
        keys = await calls.kept(session, job, "try/")
    assert len({key for key in keys if "/DoTask/" in key}) == 3
    assert all(one.tokens > 0 and one.seconds > 0 and one.model for one in made)


@pytest.mark.parametrize("lives", range(12))
async def test_a_worker_that_dies_at_any_call_has_only_the_missing_ones_asked_again(
    lives: int, database: Database, provider: LocalProvider, tmp_path: Path, run: Run
) -> None:
    job = await make_trial(database, [a_case("c1", judged=2), a_case("c2", judged=2)])
    play(provider, obeying(GOOD, GOOD))
    mortal = MortalModels(database, specs(settings_for(provider, tmp_path)), 8).mortal(lives)
    dying = evaluator_for(database, provider, tmp_path, TWO_RUNS, models=mortal)
    with pytest.raises(Killed):
        await run(dying.try_cases, without(job))
    assert len(provider.calls()) == lives
    again = evaluator_for(database, provider, tmp_path, TWO_RUNS)
    assert (await run(again.try_cases, without(job))).passed == 2
    asked = provider.calls()
    assert len(asked) == 12
    await run(evaluator_for(database, provider, tmp_path, TWO_RUNS).try_cases, without(job))
    assert len(provider.calls()) == 12
    assert len(await runs_of(database, job)) == 4


async def test_a_rate_limit_amid_the_runs_costs_no_answer_twice(
    database: Database, provider: LocalProvider, tmp_path: Path, run: Run
) -> None:
    job = await make_trial(database, [a_case("c1"), a_case("c2")])
    play(provider, obeying(GOOD))
    evaluator = evaluator_for(database, provider, tmp_path, TWO_RUNS)
    await run(evaluator.try_cases, without(job))
    before = len(provider.calls())
    provider.when(contains="the notes of c2").fail(FaultKind.RATE_LIMIT, times=1, seconds=1)
    with pytest.raises(ProviderRateLimited):
        await run(evaluator.try_cases, with_skill(job))
    kept = [one for one in await runs_of(database, job) if one.arm is Arm.WITH]
    assert len(kept) == 3, "the other runs ended, and are kept"
    await run(evaluator.try_cases, with_skill(job))
    calls_made = provider.calls()[before:]
    answered = [call for call in calls_made if call.outcome == "answered"]
    assert (len(answered), len(calls_made)) == (8, 9)


async def test_verdicts_stand_in_the_order_of_the_expectations(
    database: Database, provider: LocalProvider, tmp_path: Path, run: Run
) -> None:
    judged, by_code = a_case("c1").expectations[1], a_case("c1").expectations[0]
    case = a_case("c1").model_copy(
        update={"expectations": [judged, by_code, judged.model_copy(update={"text": "Speaks plainly"})]}
    )
    job = await make_trial(database, [case])
    play(provider, obeying(GOOD))
    provider.when(contains="Speaks plainly", field="verdict").answer("no")
    await run(
        evaluator_for(database, provider, tmp_path, Profile(name="quick", cases=2, runs=1)).try_cases, with_skill(job)
    )
    [made] = [one for one in await runs_of(database, job) if one.arm is Arm.WITH]
    assert [(item.text, item.passed) for item in made.checked] == [
        (judged.text, True),
        (by_code.text, True),
        ("Speaks plainly", False),
    ]


async def test_without_a_judge_its_expectations_are_left_out_and_a_case_of_nothing_else_is_undecided(
    database: Database, provider: LocalProvider, tmp_path: Path, run: Run
) -> None:
    only_judged = a_case("c2").model_copy(update={"expectations": a_case("c2").expectations[1:], "by_person": True})
    job = await make_trial(database, [a_case("c1"), only_judged])
    play(provider, obeying(GOOD))
    measured = await run(evaluator_for(database, provider, tmp_path, LOCAL_SMALL).try_cases, with_skill(job))
    assert len(provider.calls()) == agent_calls(provider) == 4
    first, second = [one for one in await runs_of(database, job) if one.arm is Arm.WITH]
    assert (first.passed, second.passed) == (True, False)
    assert second.checked[0].reason.startswith(UNDECIDED)
    assert (measured.passed, measured.cases) == (1, 2)


async def test_the_agent_reads_the_references_of_the_revision(
    database: Database, provider: LocalProvider, tmp_path: Path, run: Run
) -> None:
    job = await make_trial(database, [a_case("c1")])
    files = [
        SkillFileEntry(path="SKILL.md", data=SKILL.encode()),
        SkillFileEntry(path="references/ids.md", data=b"Ids come first."),
        SkillFileEntry(path="scripts/run.py", data=b"print(1)"),
    ]
    second = new_revision(2).model_copy(update={"files": files, "digest": digest(files)})
    async with database.transaction() as session:
        await revisions.keep(session, job, second)
    play(provider, obeying(GOOD, needs="Ids come first."))
    evaluator = evaluator_for(database, provider, tmp_path, LOCAL_SMALL)
    assert (await run(evaluator.try_cases, with_skill(job, 1))).passed == 0
    assert (await run(evaluator.try_cases, with_skill(job, 2))).passed == 1
    assert not any("print(1)" in call.text for call in provider.calls() if AGENT in call.text)


async def test_a_budget_that_ends_amid_the_runs_leaves_partial_evidence(
    database: Database, provider: LocalProvider, tmp_path: Path, run: Run
) -> None:
    job = await make_trial(database, [a_case("c1", judged=0), a_case("c2", judged=0)], calls_allowed=5)
    play(provider, obeying(GOOD, GOOD))
    evaluator = evaluator_for(database, provider, tmp_path, TWO_RUNS)
    await run(evaluator.try_cases, without(job))
    with pytest.raises(BudgetExhausted):
        await run(evaluator.try_cases, with_skill(job))
    assert len([one for one in await runs_of(database, job) if one.arm is Arm.WITH]) == 1
    shown = (await row_of(database, job)).result["evidence"]
    assert (shown["status"], shown["n"]) == ("partial", 1)
    assert any("partial" in text for text in shown["lacking"]) or shown["lacking"]
    [event] = [event for event in await told(database, job) if event.message.startswith("1 runs with")]
    assert "wait for the budget" in event.message


async def test_what_a_loop_will_cost_is_told_before_it_begins(
    database: Database, provider: LocalProvider, tmp_path: Path, run: Run
) -> None:
    job = await make_trial(database, [a_case("c1"), a_case("c2")])
    play(provider, obeying(GOOD))
    evaluator = evaluator_for(database, provider, tmp_path, TWO_RUNS)
    await run(evaluator.try_cases, without(job))
    before = len(provider.calls())
    for _ in range(2):
        await run(evaluator.try_cases, with_skill(job))
    _, coming = [
        int(event.message.split()[2])
        for event in await told(database, job)
        if "model calls are to come" in event.message
    ]
    made = len(provider.calls()) - before
    assert (made, coming) == (8, 12), "at most: no run needed its excuses read"


class SlowTriggering(NoTriggering):
    """Tries descriptions until cases run beside it."""

    def __init__(self, *given: object, provider: LocalProvider) -> None:
        self.provider = provider
        self.tried: list[str] = []

    async def tuned(self, job_id: UUID, attempt: int) -> TriggerReport | None:
        await self.provider.until(lambda seen: len(seen) > 0)
        self.tried.append("plan")
        return None

    async def measured(self, job_id: UUID, revision: int, attempt: int) -> TriggerReport | None:
        await self.provider.until(lambda seen: len(seen) > 0)
        self.tried.append(f"revision {revision}")
        return None


@pytest.mark.parametrize("profile", [TWO_RUNS.model_copy(update={"triggers": True}), TWO_RUNS])
async def test_the_description_is_tried_beside_the_cases_where_the_profile_wants_it(
    profile: Profile, database: Database, provider: LocalProvider, tmp_path: Path, run: Run
) -> None:
    job = await make_trial(database, [a_case("c1")])
    play(provider, obeying(GOOD))
    evaluator = evaluator_for(database, provider, tmp_path, profile)
    slow = SlowTriggering(provider=provider)
    evaluator.triggering = slow
    await run(evaluator.try_cases, without(job))
    await run(evaluator.try_cases, with_skill(job))
    assert slow.tried == (["plan", "revision 1"] if profile.triggers else [])


async def test_what_is_told_of_the_evidence_has_what_it_lacks_and_the_checklist_is_on_record(
    database: Database, provider: LocalProvider, tmp_path: Path, run: Run
) -> None:
    job = await make_trial(database, [a_case("c1"), a_case("c2")])
    play(provider, obeying(GOOD))
    evaluator = evaluator_for(database, provider, tmp_path, THREE_RUNS)
    await run(evaluator.try_cases, without(job))
    await run(evaluator.try_cases, with_skill(job))
    shown = (await row_of(database, job)).result["evidence"]
    assert (shown["status"], shown["with"], shown["without"], shown["delta"]) == ("measured", 1.0, 0.0, 1.0)
    assert (shown["n"], shown["runs"], shown["profile"], shown["interval"]) == (2, 3, "standard", [1.0, 1.0])
    assert any("3" in text for text in shown["lacking"]), "two cases are fewer than the policy's three"
    async with database.transaction() as session:
        state = await evidence.tdd_of(session, job)
    assert state is not None
    done = {name for name, is_done in state.checklist_state.items() if is_done}
    assert {"red.control_run", "red.failures_recorded", "green.same_cases_run", "green.gain_positive"} <= done
    assert not {"quality.validated", "quality.description_tried"} & done


async def test_an_agent_that_ignores_the_skill_shows_no_gain_and_a_harmed_one_is_clearly_worse(
    database: Database, provider: LocalProvider, tmp_path: Path, run: Run
) -> None:
    for answer, delta, worse in ((ignoring(GOOD), 0.0, []), (harmed(GOOD), -1.0, ["c1", "c2"])):
        job = await make_trial(database, [a_case("c1"), a_case("c2")])
        play(provider, answer)
        evaluator = evaluator_for(database, provider, tmp_path, TWO_RUNS)
        await run(evaluator.try_cases, without(job))
        await run(evaluator.try_cases, with_skill(job))
        shown = (await row_of(database, job)).result["evidence"]
        assert (shown["delta"], shown["clearly_worse"]) == (delta, worse)
        assert shown["lacking"]
