"""The author: what people wrote stays as they wrote it, nothing is paid twice, two jobs never share a name."""

from pathlib import Path
from uuid import UUID

import pytest

from activities.author import ModelAuthor
from activities.models import Models
from activities.shelves import Shelves
from domain.errors import NoProvider
from domain.prompt import Answer, HitlType
from domain.skill_file import parse
from domain.taxonomy import parse_taxonomy
from store import jobs, revisions, skills, understanding
from store.session import Database
from tests.activities.conftest import Run
from tests.support.fleet import settings_for
from tests.support.provider import LocalProvider
from tests.support.rows import SKILL, a_plan, claim, kinds, make_draft, make_job, make_prompt, row_of
from worker import specs
from workflows import messages as m


def author_of(database: Database, library: Path, provider: LocalProvider | None = None) -> ModelAuthor:
    shelves = Shelves(library)
    asked = specs(settings_for(provider, library)) if provider else {}
    return ModelAuthor(database, Models(database, asked, 4), parse_taxonomy(shelves.prepare()), shelves)


@pytest.fixture
def mute(database: Database, tmp_path: Path) -> ModelAuthor:
    """An author without a model."""
    return author_of(database, tmp_path / "library")


@pytest.fixture
def author(database: Database, tmp_path: Path, provider: LocalProvider) -> ModelAuthor:
    """An author whose model is the stand-in."""
    return author_of(database, tmp_path / "library", provider)


async def text_of(database: Database, job: UUID, n: int) -> str:
    async with database.transaction() as session:
        return await revisions.content(session, job, n)


async def edited(database: Database, job: UUID, content: str, feedback: str | None = None) -> m.Writing:
    """A revision to be written because a person edited the first one by hand."""
    prompt = await make_prompt(database, job, HitlType.PREVIEW, data={"content": SKILL})
    await claim(database, prompt, Answer(action="edit", content=content, feedback=feedback), by="bob")
    return m.Writing(job_id=job, revision=2, base=1, reason=m.WriteReason(answer=prompt))


@pytest.mark.parametrize("content", ["no frontmatter, and wrong", "---\nname: X\n---\r\n", "ä" * 10])
async def test_a_text_edited_by_hand_is_kept_as_it_was_sent_without_asking_a_model(
    mute: ModelAuthor, database: Database, run: Run, content: str
) -> None:
    job = await make_job(database)
    await make_draft(database, job)
    written = await run(mute.write, await edited(database, job, content, "mine is better"))
    assert await text_of(database, job, 2) == content
    async with database.transaction() as session:
        kept = await revisions.summary(session, job, 2)
    assert (kept.made_by, kept.by_person, kept.feedback) == ("bob", True, "mine is better")
    assert kept.changes == ["edited by hand"]
    assert (await row_of(database, job)).result["digest"] == written.digest == kept.digest


async def test_an_empty_edit_is_an_edit(mute: ModelAuthor, database: Database, run: Run) -> None:
    job = await make_job(database)
    await make_draft(database, job)
    await run(mute.write, await edited(database, job, ""))
    assert await text_of(database, job, 2) == ""


async def test_a_revision_that_stands_is_not_written_again(mute: ModelAuthor, database: Database, run: Run) -> None:
    job = await make_job(database)
    digest = await make_draft(database, job)
    written = await run(mute.write, m.Writing(job_id=job, revision=1))
    assert written == m.Written(revision=1, digest=digest)
    assert await text_of(database, job, 1) == SKILL


async def test_without_a_model_nothing_is_written_and_it_says_why(
    mute: ModelAuthor, database: Database, run: Run
) -> None:
    job = await make_job(database)
    async with database.transaction() as session:
        await jobs.keep_plan(session, job, a_plan())
    with pytest.raises(NoProvider):
        await run(mute.write, m.Writing(job_id=job, revision=1))
    with pytest.raises(NoProvider):
        await run(mute.refine, m.ForJob(job_id=job))
    assert await kinds(database, job) == ["started"]


async def test_a_retried_step_pays_nothing_again(
    author: ModelAuthor, database: Database, run: Run, provider: LocalProvider
) -> None:
    job = await make_job(database)
    first = await run(author.refine, m.ForJob(job_id=job))
    paid = len(provider.calls())
    again = await run(author.refine, m.ForJob(job_id=job))
    assert paid == len(provider.calls()) == first.calls == again.calls
    assert (await kinds(database, job)).count("refined") == 1
    assert (await row_of(database, job)).task_description_refined


async def test_no_more_questions_are_asked_than_the_person_allows(
    author: ModelAuthor, database: Database, run: Run
) -> None:
    for most in (0, 2):
        job = await make_job(database, max_questions=most)
        asked = await run(author.ask_questions, m.ForJob(job_id=job))
        async with database.transaction() as session:
            questions = await understanding.questions_of(session, job)
        assert asked.questions == len(questions) <= most


async def test_two_jobs_that_want_one_name_get_two(author: ModelAuthor, database: Database, run: Run) -> None:
    plans = [await run(author.plan, m.Planning(job_id=await make_job(database))) for _ in range(2)]
    names = [plan.name for plan in plans]
    assert len(set(names)) == 2
    async with database.transaction() as session:
        for name in names:
            assert await skills.get(session, name) is not None


async def test_a_name_that_lies_in_the_library_by_hand_is_not_taken_again(
    author: ModelAuthor, database: Database, run: Run
) -> None:
    first = await run(author.plan, m.Planning(job_id=await make_job(database)))
    async with database.transaction() as session:
        row = await skills.get(session, first.name)
        assert row is not None
        await session.delete(row)
    by_hand = author.shelves.root / "general" / first.name
    by_hand.mkdir(parents=True)
    (by_hand / "SKILL.md").write_text("by hand")
    second = await run(author.plan, m.Planning(job_id=await make_job(database)))
    assert second.name != first.name


async def test_planning_again_keeps_one_name_and_frees_the_others(
    author: ModelAuthor, database: Database, run: Run
) -> None:
    job = await make_job(database)
    async with database.transaction() as session:
        await skills.reserve(session, "an-earlier-plan", "general", "x", "", job)
    planned = await run(author.plan, m.Planning(job_id=job, round=2))
    async with database.transaction() as session:
        assert await skills.get(session, "an-earlier-plan") is None
        standing = await jobs.plan_of(session, job)
    assert (standing.name, standing.path) == (planned.name, planned.path)
    assert (await row_of(database, job)).result["skill_name"] == planned.name


async def test_the_frontmatter_of_what_a_model_writes_is_the_plans(
    author: ModelAuthor, database: Database, run: Run
) -> None:
    job = await make_job(database)
    planned = await run(author.plan, m.Planning(job_id=job))
    await run(author.write, m.Writing(job_id=job, revision=1))
    prompt = await make_prompt(database, job, HitlType.PREVIEW, data={"content": "x"})
    await claim(database, prompt, Answer(action="revise", feedback="shorter"))
    reason = m.WriteReason(answer=prompt)
    await run(author.write, m.Writing(job_id=job, revision=2, base=1, reason=reason))
    for number in (1, 2):
        assert parse((await text_of(database, job, number)).encode()).fields["name"] == planned.name
    async with database.transaction() as session:
        second = await revisions.summary(session, job, 2)
    assert (second.feedback, second.by_person, second.made_by) == ("shorter", False, "openai/stand-in")
