"""Which revision holds after a round: the better numbers, else the blind comparison; and when rounds end."""

from pathlib import Path
from uuid import UUID

import pytest

from activities.evidence.holding import Holding
from activities.models import Models
from domain.evaluation import Arm, CaseRun, Comparison
from domain.evidence.profile import QUICK, STANDARD, Profile
from store import evidence
from store.session import Database
from tests.activities.evidence.test_trial import with_skill
from tests.activities.programs.test_compare import prefers
from tests.support.fleet import settings_for
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
