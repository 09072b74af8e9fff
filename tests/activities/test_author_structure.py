"""What a request asks for by name: checked at once, asked about only if a rule refuses it, and then the plan's."""

from pathlib import Path
from uuid import UUID

import pytest

from activities.author import ModelAuthor
from domain.brief import Proposal
from store import jobs, skills
from store.session import Database
from tests.activities.conftest import Run
from tests.activities.test_author import author_of
from tests.support.generic import generic
from tests.support.provider import LocalProvider
from tests.support.rows import kinds, make_job, row_of
from workflows import messages as m


@pytest.fixture
def author(database: Database, tmp_path: Path, provider: LocalProvider) -> ModelAuthor:
    """An author whose model is the stand-in."""
    return author_of(database, tmp_path / "library", provider)


async def proposed(database: Database, job: UUID) -> Proposal | None:
    async with database.transaction() as session:
        return await jobs.proposal_of(session, job)


async def test_a_name_that_rules_refuse_is_a_fix_to_be_decided_before_more_is_paid(
    author: ModelAuthor, database: Database, run: Run, provider: LocalProvider
) -> None:
    job = await make_job(database, task='Create a skill called "Acme Notes!" that writes release notes')
    refined = await run(author.refine, m.ForJob(job_id=job))
    assert (refined.fixes, refined.calls) == (1, len(provider.calls())) == (1, 1)
    proposal = await proposed(database, job)
    assert proposal is not None
    assert (proposal.name, proposal.fixes[0].suggested) == ("Acme Notes!", "acme-notes")
    assert "Use when" in proposal.description


async def test_a_name_that_the_library_has_is_a_fix_too(author: ModelAuthor, database: Database, run: Run) -> None:
    other = await make_job(database)
    async with database.transaction() as session:
        await skills.reserve(session, "acme-notes", "general", "x", "", other)
    by_hand = author.shelves.root / "general" / "acme-notes-2"
    by_hand.mkdir(parents=True)
    (by_hand / "SKILL.md").write_text("by hand")
    job = await make_job(database, task="Create a skill called acme-notes for release notes")
    assert (await run(author.refine, m.ForJob(job_id=job))).fixes == 1
    proposal = await proposed(database, job)
    assert proposal is not None
    assert proposal.fixes[0].suggested == "acme-notes-3"


async def test_a_legal_name_is_kept_for_the_plan_and_nobody_is_asked(
    author: ModelAuthor, database: Database, run: Run
) -> None:
    job = await make_job(database, task="Create a skill named acme-notes that writes release notes")
    assert (await run(author.refine, m.ForJob(job_id=job))).fixes == 0
    planned = await run(author.plan, m.Planning(job_id=job))
    assert planned.name == "acme-notes"


@pytest.mark.parametrize("text", ["string", "", "My Skill!", "claude", "x" * 300])
async def test_a_model_without_an_idea_never_makes_a_person_decide(
    author: ModelAuthor, database: Database, run: Run, provider: LocalProvider, text: str
) -> None:
    provider.when().answer(generic(text, full=True))
    job = await make_job(database)
    assert (await run(author.refine, m.ForJob(job_id=job))).fixes == 0
    assert await proposed(database, job) is None
    assert (await run(author.plan, m.Planning(job_id=job))).name


async def test_a_retry_does_not_undo_what_a_person_settled(author: ModelAuthor, database: Database, run: Run) -> None:
    job = await make_job(database, task="Create a skill called Acme_Notes that writes release notes")
    first = await run(author.refine, m.ForJob(job_id=job))
    async with database.transaction() as session:
        await jobs.keep_proposal(session, job, {"name": "board-notes", "description": "For the board. Use when due."})
    again = await run(author.refine, m.ForJob(job_id=job))
    assert (first.fixes, again.fixes) == (1, 0)
    assert (await kinds(database, job)).count("refined") == 1
    planned = await run(author.plan, m.Planning(job_id=job))
    async with database.transaction() as session:
        plan = await jobs.plan_of(session, job)
    assert (planned.name, plan.description) == ("board-notes", "For the board. Use when due.")


async def test_a_proposal_that_nobody_was_asked_about_stands_with_its_suggestions(
    author: ModelAuthor, database: Database, run: Run
) -> None:
    job = await make_job(database, task="Create a skill called Acme_Notes that writes release notes")
    await run(author.refine, m.ForJob(job_id=job))
    assert (await run(author.plan, m.Planning(job_id=job))).name == "acme-notes"
    assert (await row_of(database, job)).result["skill_name"] == "acme-notes"
