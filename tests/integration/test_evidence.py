"""The product's heart, whole: a gain is found where there is one, none where there is none, and harm is refused.

Everything is real but the provider, whose agent obeys the skill, ignores it, or is harmed by it.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import JsonValue
from temporalio.testing import WorkflowEnvironment

from activities.evidence.files import EVIDENCE
from api.reading import KnownJob
from api.record import evaluation_of
from domain.evaluation import EvaluationView, TriggerReport
from domain.evidence.policy import Policy
from domain.job import JobStatus
from domain.prompt import HitlType
from store import evaluations, jobs
from store.base import columns_of
from store.session import Database
from tests.support import agents
from tests.support.fleet import BY_DEFAULT, Fleet
from tests.support.fleet import fleet as run_fleet
from tests.support.provider import LocalProvider
from tests.support.provider_models import ChatRequest

WANTED = [
    "Turn these merged pull requests into notes for the 2.4 release please",
    "we ship tomorrow, need the changelog text from this PR list",
    "Here are forty pull request titles, write what users should read",
    "Summarise what changed since v3.1 for our customers",
    "draft the release announcement out of these merges",
    "Can you make notes of what we merged this sprint for the users?",
    "PR list attached, produce the notes for Acme CLI 5.0",
    "What do I tell users about these merged changes? write it up",
    "Write up the fixes and breaking changes in this list for publication",
    "I have the merge log, I need release notes by noon",
]
NEAR = [
    "Which of these pull requests should be merged first?",
    "Review this pull request for bugs",
    "Write a commit message for my staged changes",
    "Tag the release and push it to the registry",
    "Why did the release pipeline fail last night?",
    "Translate the existing release notes into German",
    "Close all stale pull requests of the repository",
    "What does semantic versioning say about breaking changes?",
    "Write a blog post about why we build command line tools",
    "Plan the next release with dates and owners",
]
MISSED = {WANTED[0], WANTED[1]}
"""Messages for which this agent does not think of the skill, whatever its description says."""

ITEMS: list[JsonValue] = [
    {"variant": "application", "ask": f"Please write up what we merged, batch {number}.", "material": [*lines]}
    for number, lines in enumerate(
        (
            ["adds a json flag to list", "repairs the crash on empty folders", "drops support for python three eight"],
            ["introduces coloured diffs", "mends broken paging under windows", "renames the verbose option to loud"],
            ["brings shell completion for fish", "stops leaking sockets on timeout", "removes the legacy exporter"],
        ),
        1,
    )
]


def good(said: str) -> str:
    """The form that the request asks for, with all the material."""
    return f"Added:\n- {said}\n\nFixed:\n- {said}\n\nBreaking:\n- none"


def chooses(request: ChatRequest) -> str:
    """The skill for what it is for, but for two messages; none for all else."""
    message = request.messages[-1].text
    if any(text in message for text in NEAR) or any(text in message for text in MISSED):
        return "none"
    schema = str(request.response_format)
    names = schema[schema.index("'enum': [") + 9 :].partition("]")[0].replace("'", "").split(", ")
    return next(name for name in names if name != "none")


@pytest.fixture
async def fleet(
    temporal: WorkflowEnvironment, database: Database, provider: LocalProvider, tmp_path: Path
) -> AsyncIterator[Fleet]:
    """A fleet that proves and refuses as it does by default, with an author who knows what to ask for."""
    provider.when(field="cases").answer(ITEMS)
    provider.when(field="wanted").answer([*WANTED])
    provider.when(field="near_misses").answer([*NEAR])
    provider.when(field="choice").answer(chooses)
    provider.when(field="verdict").answer("yes")
    async with run_fleet(temporal.client, database, provider, tmp_path / "skills", proof=BY_DEFAULT) as fleet:
        yield fleet


async def evidence_of(fleet: Fleet, job_id: UUID) -> EvaluationView:
    async with fleet.database.transaction() as session:
        row = await jobs.get(session, job_id)
        assert row is not None
        return await evaluation_of(session, KnownJob.model_validate({**columns_of(row), "opened": True}), Policy())


def held_out(report: TriggerReport) -> tuple[float, float]:
    """Recall and precision on the held-out half, worked out here from what each query is."""
    asked = [query for query in report.queries if query.half == "held_out" and query.should]
    hit = [query for query in asked if query.text not in MISSED]
    return len(hit) / len(asked), 1.0


async def test_a_gain_is_found_measured_and_published(fleet: Fleet, provider: LocalProvider) -> None:
    agents.play(provider, agents.obeying(good))
    job_id = await fleet.start(auto_approve=True, promote=True, max_questions=0)
    assert (await fleet.outcome(job_id, 120)).status is JobStatus.COMPLETED
    view = await evidence_of(fleet, job_id)
    [numbers] = view.numbers
    assert (numbers.without, numbers.with_, numbers.delta, numbers.interval) == (0.0, 1.0, 1.0, (1.0, 1.0))
    assert (numbers.cases >= 3, numbers.runs, numbers.gain, numbers.clearly_worse) == (True, 3, 1.0, [])
    assert "I left the details out for brevity." in view.rationalizations
    report = view.triggers
    assert report is not None and report.numbers is not None
    assert report.status == "measured", report.note
    recall, precision = held_out(report)
    assert report.numbers.recall == pytest.approx(recall)
    assert report.numbers.precision == precision
    job = await fleet.job(job_id)
    enough = recall >= 0.8
    assert job.promoted is enough
    assert job.result.evidence is not None
    assert (job.result.evidence.lacking == []) is enough


async def test_what_is_published_has_its_report_beside_the_library(fleet: Fleet, provider: LocalProvider) -> None:
    provider.when(field="choice").answer(chooses_all)
    agents.play(provider, agents.obeying(good))
    job_id = await fleet.start(auto_approve=True, promote=True, max_questions=0)
    await fleet.outcome(job_id, 120)
    job = await fleet.job(job_id)
    assert job.promoted, [event.message for event in await fleet.events(job_id)][-4:]
    name = str(job.result.skill_name)
    async with fleet.database.transaction() as session:
        [kept] = await evaluations.listed(session, name)
    assert (kept.verdict, kept.reason) == ("keep", "publication")
    folder = fleet.library / EVIDENCE / name / "1.0.0"
    assert sorted(path.name for path in folder.iterdir()) == ["evaluation.json", "evidence.md"]
    assert "+100 points" in (folder / "evidence.md").read_text()
    assert not list((fleet.library / str(job.final_path)).glob("ev*"))


async def test_no_gain_is_found_when_the_agent_ignores_the_skill(fleet: Fleet, provider: LocalProvider) -> None:
    agents.play(provider, agents.ignoring(agents.POOR))
    job_id = await fleet.start(auto_approve=True, promote=True, max_questions=0)
    assert (await fleet.outcome(job_id, 120)).status is JobStatus.COMPLETED
    [numbers] = (await evidence_of(fleet, job_id)).numbers
    assert (numbers.without, numbers.with_, numbers.delta) == (0.0, 0.0, 0.0)
    assert not (await fleet.job(job_id)).promoted
    told = [event.message for event in await fleet.events(job_id) if event.type == "promotion_failed"]
    assert len(told) == 1
    assert "gain" in told[0]


async def test_a_skill_that_does_harm_is_refused(fleet: Fleet, provider: LocalProvider) -> None:
    agents.play(provider, agents.harmed(good))
    job_id = await fleet.start(auto_approve=True, promote=True, max_questions=0)
    assert (await fleet.outcome(job_id, 120)).status is JobStatus.COMPLETED
    [numbers] = (await evidence_of(fleet, job_id)).numbers
    assert numbers.delta == -1.0
    assert len(numbers.clearly_worse) == numbers.cases >= 3
    assert not (await fleet.job(job_id)).promoted


async def test_where_no_skill_is_needed_a_person_is_asked_with_the_evidence(
    fleet: Fleet, provider: LocalProvider
) -> None:
    agents.play(provider, agents.ignoring(good))
    job_id = await fleet.start(max_questions=0)
    row = await fleet.prompt(job_id, HitlType.TDD_RED, within=90)
    assert row.prompt_data["no_skill_needed"] is True
    assert all(result["passed"] for result in row.prompt_data["results"])
    await fleet.answer(job_id, HitlType.TDD_RED, "cancel")
    assert (await fleet.outcome(job_id)).status is JobStatus.CANCELLED
    assert (await fleet.job(job_id)).result.outcome == "no_skill_needed"


async def test_after_a_revision_the_preview_opens_at_once_and_its_evidence_follows(
    fleet: Fleet, provider: LocalProvider
) -> None:
    agents.play(provider, agents.obeying(good))
    job_id = await fleet.start(max_questions=0)
    first = (await fleet.prompt(job_id, HitlType.PREVIEW, within=120)).interaction_id
    provider.pace(0.2, 0.3)
    await fleet.answer(job_id, HitlType.PREVIEW, "revise", feedback="Add more examples to the Quick start section")
    second = await fleet.prompt(job_id, HitlType.PREVIEW, after=first, within=60)
    assert second.prompt_data["evidence"]["status"] == "pending"
    provider.pace(0, 0)
    await fleet.answer(job_id, HitlType.PREVIEW, after=first)
    assert (await fleet.outcome(job_id, 120)).status is JobStatus.COMPLETED
    result = (await fleet.job(job_id)).result
    assert result.evidence is not None
    assert (result.evidence.status, result.evidence.delta) == ("measured", 1.0)


async def test_the_checklist_is_filled_by_name(fleet: Fleet, provider: LocalProvider) -> None:
    agents.play(provider, agents.obeying(good))
    job_id = await fleet.start(auto_approve=True, max_questions=0)
    await fleet.outcome(job_id, 120)
    state = (await evidence_of(fleet, job_id)).tdd
    assert state is not None
    assert state.baseline_tests_run == state.compliance_tests_run >= 9
    phases = {name.partition(".")[0] for name in state.checklist_state}
    assert {"red", "green", "refactor", "quality"} <= phases


def chooses_all(request: ChatRequest) -> str:
    """The skill for all that it is for."""
    message = request.messages[-1].text
    return chooses(request) if not any(text in message for text in MISSED) else _own(request)


def _own(request: ChatRequest) -> str:
    schema = str(request.response_format)
    names = schema[schema.index("'enum': [") + 9 :].partition("]")[0].replace("'", "").split(", ")
    return next(name for name in names if name != "none")
