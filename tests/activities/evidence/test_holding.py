"""Which revision holds after a round: the better numbers, else the blind comparison; and when rounds end."""

from pathlib import Path
from uuid import UUID

import pytest

from activities.evidence.holding import Holding
from activities.models import Models
from domain.evaluation import Arm, CaseRole, CaseRun, Comparison
from domain.evidence.profile import QUICK, STANDARD, Profile
from store import evidence
from store.session import Database
from tests.activities.evidence.test_trial import with_skill
from tests.activities.programs.test_compare import prefers
from tests.support.fleet import settings_for
from tests.support.mortal import Killed, MortalModels
from tests.support.provider import LocalProvider
from tests.support.rows import a_run, make_evidence, make_job
from worker import specs

HARD = {"case-1": 0, "case-2": 0, "case-3": 0}


async def make_rounds(database: Database, old: dict[str, int], new: dict[str, int], excuse: bool = False) -> UUID:
    """A job whose revisions 1 and 2 pass these cases; nothing passes without."""
    job = await make_job(database)
    runs = [a_run(case=name) for name in old]
    for number, passes in ((1, old), (2, new)):
        for name, passed in passes.items():
            run = a_run(Arm.WITH, number, name, passed=bool(passed), output=f"answer {number} to {name}")
            runs.append(run if excuse and number == 1 else run.model_copy(update={"rationalizations": []}))
    await make_evidence(database, job, *_same_model(runs))
    return job


def _same_model(runs: list[CaseRun]) -> list[CaseRun]:
    return [run.model_copy(update={"model": "openai/a"}) for run in runs]


def holding(database: Database, provider: LocalProvider, library: Path, profile: Profile) -> Holding:
    return Holding(database, Models(database, specs(settings_for(provider, library)), 8), profile)


async def comparisons(database: Database, job: UUID) -> list[Comparison]:
    async with database.transaction() as session:
        return await evidence.comparisons_of(session, job)


@pytest.mark.parametrize(
    ("old", "new", "round_number", "holds", "another"),
    [
        ((0, 0, 0), (1, 0, 0), 1, 2, True),
        ((0, 0, 0), (1, 0, 0), 3, 2, False),
        ((1, 0, 0), (1, 1, 1), 1, 2, False),
        ((1, 1, 0), (0, 1, 0), 1, 1, False),
    ],
)
async def test_the_better_pass_rate_holds_and_a_gain_is_worth_another_round(
    old: tuple[int, ...],
    new: tuple[int, ...],
    round_number: int,
    holds: int,
    another: bool,
    database: Database,
    provider: LocalProvider,
    tmp_path: Path,
) -> None:
    job = await make_rounds(database, dict(zip(HARD, old, strict=True)), dict(zip(HARD, new, strict=True)))
    held = await holding(database, provider, tmp_path, STANDARD).decided(
        with_skill(job, 2, against=1, round=round_number)
    )
    assert (held.holds, held.worth_another) == (holds, another)
    assert provider.calls() == []
    [kept] = await comparisons(database, job)
    assert (kept.winner, kept.revision, kept.against) == (holds, 2, 1)
    assert "pass rate" in kept.reasons[0]


@pytest.mark.parametrize(("words", "holds"), [("answer 2", 2), ("answer 1", 1)])
async def test_of_equal_ones_the_blind_comparison_decides_and_a_retry_pays_nothing(
    words: str, holds: int, database: Database, provider: LocalProvider, tmp_path: Path
) -> None:
    job = await make_rounds(database, HARD, HARD)
    provider.when().answer(prefers(words))
    deciding = holding(database, provider, tmp_path, STANDARD)
    for _ in range(2):
        held = await deciding.decided(with_skill(job, 2, against=1, round=1))
        assert (held.holds, held.worth_another) == (holds, False)
    assert len(provider.calls()) == 2 * len(HARD)
    assert not any("revision" in call.text for call in provider.calls()), "it is blind"
    [kept] = await comparisons(database, job)
    assert (kept.better, kept.worse, kept.ties) == ((3, 0, 0) if holds == 2 else (0, 3, 0))


@pytest.mark.parametrize(("excuse", "holds"), [(False, 1), (True, 2)])
async def test_a_tie_keeps_the_earlier_one_unless_the_new_one_countered_an_excuse(
    excuse: bool, holds: int, database: Database, provider: LocalProvider, tmp_path: Path
) -> None:
    job = await make_rounds(database, HARD, HARD, excuse)
    provider.when(field="better").answer("tie")
    held = await holding(database, provider, tmp_path, STANDARD).decided(with_skill(job, 2, against=1, round=1))
    assert held.holds == holds


async def test_without_a_comparison_the_new_one_of_equals_holds_as_ever(
    database: Database, provider: LocalProvider, tmp_path: Path
) -> None:
    job = await make_rounds(database, HARD, HARD)
    held = await holding(database, provider, tmp_path, QUICK).decided(with_skill(job, 2, against=1, round=1))
    assert (held.holds, held.worth_another, provider.calls()) == (2, False, [])


async def test_the_first_revision_is_compared_with_nothing(
    database: Database, provider: LocalProvider, tmp_path: Path
) -> None:
    job = await make_rounds(database, HARD, HARD)
    held = await holding(database, provider, tmp_path, STANDARD).decided(with_skill(job, 1))
    assert (held.holds, held.worth_another, await comparisons(database, job)) == (None, False, [])


async def with_guard(database: Database, harmed: tuple[int, ...], proofs: tuple[int, ...] = (1, 1)) -> UUID:
    """A job of a proof case and a guard, which passes without the skill; `harmed`: how the guard does by revision."""
    job = await make_job(database)
    runs = [a_run(case="proof"), a_run(case="guard", passed=True)]
    for number, (guard, proof) in enumerate(zip(harmed, proofs, strict=False), 1):
        runs += [a_run(Arm.WITH, number, "proof", passed=bool(proof))]
        runs += [a_run(Arm.WITH, number, "guard", passed=bool(guard))]
    await make_evidence(database, job, *_same_model(runs))
    async with database.transaction() as session:
        cases = await evidence.cases_of(session, job)
        roles = {"guard": CaseRole.GUARD}
        cases = [case.model_copy(update={"role": roles.get(case.id, CaseRole.PROOF)}) for case in cases]
        await evidence.settle_cases(session, job, cases)
    return job


@pytest.mark.parametrize(("guard", "worth"), [(0, True), (1, False)])
async def test_harm_to_a_guard_is_worth_a_round_though_all_that_counts_passes(
    guard: int, worth: bool, database: Database, provider: LocalProvider, tmp_path: Path
) -> None:
    job = await with_guard(database, (guard,))
    held = await holding(database, provider, tmp_path, STANDARD).decided(with_skill(job, 1))
    assert (held.holds, held.worth_another) == (None, worth)


async def test_failing_proof_cases_alone_need_no_word_after_the_first_measuring(
    database: Database, provider: LocalProvider, tmp_path: Path
) -> None:
    job = await with_guard(database, (1,), (0,))
    assert not (await holding(database, provider, tmp_path, STANDARD).decided(with_skill(job, 1))).worth_another


async def test_a_revision_that_undoes_the_harm_holds(
    database: Database, provider: LocalProvider, tmp_path: Path
) -> None:
    job = await with_guard(database, (0, 1))
    held = await holding(database, provider, tmp_path, STANDARD).decided(with_skill(job, 2, against=1, round=1))
    assert (held.holds, held.worth_another) == (2, False)


@pytest.mark.parametrize("lives", range(6))
async def test_a_worker_that_dies_at_any_comparison_has_only_the_missing_ones_asked_again(
    lives: int, database: Database, provider: LocalProvider, tmp_path: Path
) -> None:
    job = await make_rounds(database, HARD, HARD)
    provider.when().answer(prefers("answer 2"))
    trial = with_skill(job, 2, against=1, round=1)
    mortal = MortalModels(database, specs(settings_for(provider, tmp_path)), 8).mortal(lives)
    with pytest.raises(Killed):
        await Holding(database, mortal, STANDARD).decided(trial)
    assert len(provider.calls()) == lives
    assert await comparisons(database, job) == []
    assert (await holding(database, provider, tmp_path, STANDARD).decided(trial)).holds == 2
    assert len(provider.calls()) == 6
