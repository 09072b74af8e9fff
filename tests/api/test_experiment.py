"""The experiment of a job over HTTP: numbers, flags, triggers, comparisons and the checklist, all of the revision that
holds."""

from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest

from api.reading import KnownJob
from api.record import evaluation_of
from domain.evaluation import Arm, CaseRun, CheckedExpectation, Comparison, EvaluationView, Evidence, TriggerReport
from domain.evidence.grading import UNDECIDED
from domain.evidence.policy import Policy
from domain.job import JobStatus
from store import evidence, jobs, triggers
from store.session import Database
from tests.api.conftest import Opened
from tests.support.proof import chosen, tried
from tests.support.rows import SKILL, a_run, make_draft, make_evidence, make_report

NOW = datetime(2026, 11, 22, tzinfo=UTC)
CASES = {"case-1": (0, 1), "case-2": (0, 1), "case-3": (1, 1)}


def of_second(runs: list[CaseRun]) -> list[CaseRun]:
    """The same answers with a second revision, none of which pass."""
    return [
        run.model_copy(update={"revision": 2, "passed": False, "rationalizations": ["It is obvious."]})
        for run in runs
        if run.arm is Arm.WITH
    ]


@pytest.fixture
async def proven(opened: Opened, database: Database) -> UUID:
    """A job whose first revision holds over a second one, with all of its evidence."""
    return await prove(await opened(), database, chosen())


async def prove(job: UUID, database: Database, report: TriggerReport) -> UUID:
    digest = await make_draft(database, job)
    await make_draft(database, job, n=2, text=SKILL + "\n## More\n\nMore.\n")
    runs = tried(CASES, repeats=2)
    await make_evidence(database, job, *runs, *of_second(runs))
    await make_report(database, job, digest, passed=True)
    async with database.transaction() as session:
        await triggers.keep(session, job, report)
        await evidence.keep_comparison(session, job, Comparison(revision=2, against=1, winner=1, worse=2, ties=1))
        await jobs.merge_result(session, job, revision=1, digest=digest)
    return job


async def read(client: httpx.AsyncClient, job: UUID) -> EvaluationView:
    response = await client.get(f"/api/v1/jobs/{job}/evaluation")
    assert response.status_code == 200, response.text
    return EvaluationView.model_validate_json(response.content)


async def test_all_that_is_known_is_told_of_the_revision_that_holds(client: httpx.AsyncClient, proven: UUID) -> None:
    view = await read(client, proven)
    [numbers] = view.numbers
    assert (numbers.cases, numbers.runs, numbers.without, numbers.with_) == (3, 2, 0.3333, 1.0)
    assert (view.evidence.delta, view.evidence.recall, view.evidence.lacking) == (0.6667, 1.0, [])
    assert {(flag.kind, flag.case_id) for flag in view.flags if flag.kind == "passes_both"} == {
        ("passes_both", "case-3")
    }
    assert view.triggers is not None
    assert [(one.winner, one.worse) for one in view.comparisons] == [(1, 2)]
    assert view.tdd is not None
    undone = {name for name, done in view.tdd.checklist_state.items() if not done and "." in name}
    assert undone == set()
    assert len(view.runs) == 3 * 2 * 3


async def test_the_checklist_follows_the_record_at_once(
    client: httpx.AsyncClient, proven: UUID, database: Database
) -> None:
    async with database.transaction() as session:
        await jobs.merge_result(session, proven, revision=2)
    view = await read(client, proven)
    assert view.tdd is not None
    undone = {name for name, done in view.tdd.checklist_state.items() if not done}
    assert {"quality.validated", "green.gain_positive", "refactor.new_rationalizations_countered"} <= undone
    assert view.evidence.clearly_worse == ["case-3"]
    assert view.evidence.lacking


async def test_the_page_says_how_sure_the_difference_is_what_is_lacking_and_where_the_report_is(
    client: httpx.AsyncClient, proven: UUID, database: Database
) -> None:
    text = (await client.get(f"/jobs/{proven}")).text
    assert "95&nbsp;% sure: +0 to +100" in text
    assert f'href="/api/v1/jobs/{proven}/evidence.md"' in text
    assert "Without the skill, run 2: <strong>failed</strong>" in text
    assert "What publishing still lacks" not in text
    async with database.transaction() as session:
        await jobs.merge_result(session, proven, revision=2)
    assert "What publishing still lacks</h3><ul><li>" in (await client.get(f"/jobs/{proven}")).text


async def test_the_checklist_asks_for_what_was_planned_and_for_what_the_operator_wants(
    opened: Opened, database: Database
) -> None:
    proven = await prove(await opened(), database, chosen(recall=0.7))
    planned = Evidence(profile="standard").model_dump(mode="json", by_alias=True)
    job = KnownJob(
        job_id=proven,
        user_id="local",
        opened=True,
        status=JobStatus.RUNNING,
        task_description="Write notes",
        created_at=NOW,
    )
    async with database.transaction() as session:
        await jobs.merge_result(session, proven, evidence=planned)
        strict = await evaluation_of(session, job, Policy(recall=0.8))
        lenient = await evaluation_of(session, job, Policy(recall=0.6))
    found = [
        {name for name, done in view.tdd.checklist_state.items() if not done and "." in name}
        for view in (strict, lenient)
        if view.tdd
    ]
    of_three = {"red.runs_repeated", "quality.all_runs_there"}  # two runs are there
    assert found == [{*of_three, "quality.description_found"}, of_three]


async def test_a_job_without_cases_has_an_empty_experiment(client: httpx.AsyncClient, opened: Opened) -> None:
    view = await read(client, await opened())
    assert (view.cases, view.numbers, view.flags, view.tdd, view.comparisons) == ([], [], [], None, [])
    assert view.evidence.status == "none"


async def test_evidence_that_the_budget_ended_stays_partial(
    client: httpx.AsyncClient, opened: Opened, database: Database
) -> None:
    job = await opened()
    await make_draft(database, job)
    await make_evidence(database, job, a_run(), a_run(Arm.WITH, 1, passed=True))
    told = (await read(client, job)).evidence.model_copy(update={"status": "partial", "profile": "standard"})
    async with database.transaction() as session:
        await jobs.merge_result(session, job, revision=1, evidence=told.model_dump(mode="json", by_alias=True))
    found = (await read(client, job)).evidence
    assert (found.status, found.profile, found.delta) == ("partial", "standard", 1.0)
    async with database.transaction() as session:
        for run in (a_run(), a_run(Arm.WITH, 1)):
            for number in (1, 2):
                await evidence.keep_run(session, job, run.model_copy(update={"run": number}))
    assert (await read(client, job)).evidence.status == "measured", "all three runs are there"


async def test_what_was_not_decided_has_a_sign_of_its_own_on_the_page(
    client: httpx.AsyncClient, opened: Opened, database: Database
) -> None:
    job, run = await opened(), a_run()
    item = CheckedExpectation(text="Compiles", check="command", passed=False, reason=f"{UNDECIDED}no sandbox.")
    await make_evidence(database, job, run.model_copy(update={"checked": [*run.checked, item]}))
    text = (await client.get(f"/jobs/{job}")).text
    assert "<li>? Compiles" in text
    assert "<li>✗ Names merged" in text
