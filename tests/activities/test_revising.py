"""A revision heeds its feedback, or is tried once more; what people edited by hand is what the next one starts from."""

from pathlib import Path
from uuid import UUID

import pytest
from pydantic import JsonValue
from sqlalchemy import delete

from activities.author import ModelAuthor
from activities.models import Models, Role
from activities.programs.language_model import ModelSpec
from activities.revising import headed
from domain.prompt import Answer, HitlType
from domain.skill import Finding, RevisionSummary, Severity
from domain.skill_file import parse
from store import jobs, revisions
from store.session import Database
from store.tables import Revision, RevisionFile
from tests.activities.conftest import Run
from tests.activities.test_author import author_of, text_of
from tests.support.generic import generic
from tests.support.provider import LocalProvider
from tests.support.provider_models import Call
from tests.support.rows import DESCRIPTION, SKILL, a_plan, claim, make_draft, make_job, make_prompt, make_report
from workflows import messages as m

FEEDBACK = "The Rules are too soft"
HARDER = "- Read every merged pull request twice, then once more."
MET: JsonValue = {"quote": "read every merged pull request TWICE", "reason": "it is harder", "verdict": "yes"}
NOT_MET: JsonValue = {"quote": "", "reason": "it is as soft as before", "verdict": "no"}


@pytest.fixture
def author(database: Database, tmp_path: Path, provider: LocalProvider) -> ModelAuthor:
    """An author whose model is the stand-in, and which writes a harder rule."""
    provider.when(field="lines").answer([HARDER])
    return author_of(database, tmp_path / "library", provider)


async def writing(
    database: Database, job: UUID, answer: Answer, revision: int = 2, report: UUID | None = None
) -> m.Writing:
    """The next revision, asked for by a person who read the one before."""
    prompt = await make_prompt(database, job, HitlType.PREVIEW, number=revision, data={"content": "x"})
    assert await claim(database, prompt, answer, by="bob")
    reason = m.WriteReason(answer=prompt, report_id=report)
    return m.Writing(job_id=job, revision=revision, base=revision - 1, reason=reason)


async def draft(database: Database, text: str = SKILL) -> UUID:
    job = await make_job(database)
    await make_draft(database, job, text=text)
    return job


async def revise(
    author: ModelAuthor, database: Database, run: Run, job: UUID, feedback: str = FEEDBACK, revision: int = 2
) -> RevisionSummary:
    await run(author.write, await writing(database, job, Answer(action="revise", feedback=feedback), revision))
    async with database.transaction() as session:
        return await revisions.summary(session, job, revision)


def asked(provider: LocalProvider, field: str) -> list[Call]:
    return [call for call in provider.calls() if field in call.fields]


async def test_what_the_feedback_changed_is_told_with_the_judges_quote(
    author: ModelAuthor, database: Database, run: Run, provider: LocalProvider
) -> None:
    provider.when(contains="as it is now").answer(MET)
    made = await revise(author, database, run, await draft(database))
    assert made.changes[:2] == [
        "your feedback: met — “read every merged pull request TWICE”",
        "changed sections: Rules",
    ]
    assert made.changes[2].startswith("Rules: ")
    assert len(asked(provider, "lines")) == len(asked(provider, "verdict")) == 1


async def test_a_revision_that_ignores_the_feedback_is_tried_again_once_and_told_what_it_missed(
    author: ModelAuthor, database: Database, run: Run, provider: LocalProvider
) -> None:
    provider.when(contains="as it is now").answer(MET)
    provider.when(contains="as it is now").answer(NOT_MET, times=1)
    provider.when(field="lines").answer(["- Read the pull requests if you like."], times=1)
    job = await draft(database)
    made = await revise(author, database, run, job)
    assert HARDER in await text_of(database, job, 2)
    assert "if you like" not in await text_of(database, job, 2)
    assert made.changes[0].startswith("your feedback: met")
    first, second = asked(provider, "lines")
    assert "It is as soft as before." not in first.text
    assert "It is as soft as before." in second.text


@pytest.mark.parametrize("text", ["string", ""])
async def test_a_judge_without_an_idea_costs_one_more_try_and_the_person_is_told(
    author: ModelAuthor, database: Database, run: Run, provider: LocalProvider, text: str
) -> None:
    provider.when(contains="as it is now").answer(generic(text))
    made = await revise(author, database, run, await draft(database))
    assert made.changes[0].startswith("your feedback may not be met: ")
    assert made.changes[1] == "changed sections: Rules"
    assert len(asked(provider, "lines")) == len(asked(provider, "verdict")) == 2


async def test_a_model_without_an_idea_still_works_the_feedback_in_and_ends(
    author: ModelAuthor, database: Database, run: Run, provider: LocalProvider
) -> None:
    provider.when().answer(generic())
    job = await draft(database)
    made = await revise(author, database, run, job)
    assert FEEDBACK in await text_of(database, job, 2)
    assert made.changes[0].startswith("your feedback may not be met: ")


async def test_a_retried_step_pays_neither_try_nor_verdict_again(
    author: ModelAuthor, database: Database, run: Run, provider: LocalProvider
) -> None:
    provider.when(contains="as it is now").answer(NOT_MET)
    step = await writing(database, await draft(database), Answer(action="revise", feedback=FEEDBACK))
    first = await run(author.write, step)
    paid = len(provider.calls())
    async with database.transaction() as session:
        await session.execute(delete(RevisionFile).where(RevisionFile.n == 2))
        await session.execute(delete(Revision).where(Revision.n == 2))
    assert await run(author.write, step) == first
    assert len(provider.calls()) == paid


async def test_feedback_of_all_rounds_reaches_the_author_and_the_structure_stays(
    author: ModelAuthor, database: Database, run: Run, provider: LocalProvider
) -> None:
    provider.when(contains="as it is now").answer(MET)
    job = await draft(database)
    said = [f"The Rules lack point {number}" for number in range(2, 6)]
    for number, feedback in enumerate(said, 2):
        await revise(author, database, run, job, feedback, number)
    *earlier, newest = said
    told = asked(provider, "lines")[-1].text
    assert all(f"- {feedback}" in told for feedback in earlier)
    assert told.count(newest) == 1
    headings = [line for line in SKILL.splitlines() if line.startswith("#")]
    last = await text_of(database, job, 5)
    assert [line for line in last.splitlines() if line.startswith("#")] == headings


async def test_a_revision_after_an_edit_by_hand_starts_from_what_the_person_wrote(
    author: ModelAuthor, database: Database, run: Run, provider: LocalProvider
) -> None:
    provider.when(contains="as it is now").answer(MET)
    job = await draft(database)
    edited = SKILL.replace(DESCRIPTION, "Mine. Use when I say so.").replace("Use it when", "By hand: use it when")
    await run(author.write, await writing(database, job, Answer(action="edit", content=edited)))
    await revise(author, database, run, job, revision=3)
    text = await text_of(database, job, 3)
    assert "By hand: use it when" in text
    assert "description: Mine. Use when I say so." in text
    assert HARDER in text


async def test_a_frontmatter_that_a_rule_refuses_is_the_plans_again(
    author: ModelAuthor, database: Database, run: Run
) -> None:
    job = await draft(database, SKILL.replace("description:", "about:"))
    digest = (await revise(author, database, run, job)).digest
    fields = parse((await text_of(database, job, 2)).encode()).fields
    assert fields == {"name": a_plan().name, "description": DESCRIPTION}
    report = await make_report(database, job, digest, passed=False, revision=2)
    step = await writing(database, job, Answer(action="revise"), 3, report)
    await run(author.write, step)
    async with database.transaction() as session:
        made = await revisions.summary(session, job, 3)
    assert not any(change.startswith("your feedback") for change in made.changes)


def test_a_finding_on_the_frontmatter_brings_back_the_plans() -> None:
    own = SKILL.replace(DESCRIPTION, "Mine. Use when I say so.")
    at_line = Finding(code="secret", severity=Severity.ERROR, message="A key.", line=3)
    on_field = Finding(code="placeholder", severity=Severity.ERROR, message="TODO", field="description")
    below = Finding(code="secret", severity=Severity.ERROR, message="A key.", line=9)
    hint = on_field.model_copy(update={"severity": Severity.WARNING})
    assert headed(own, a_plan(), [below, hint]) == own
    assert DESCRIPTION in headed(own, a_plan(), [at_line])
    assert DESCRIPTION in headed(own, a_plan(), [on_field])
    assert DESCRIPTION in headed("no frontmatter", a_plan())


async def test_without_a_judge_code_alone_decides(
    database: Database, run: Run, provider: LocalProvider, tmp_path: Path
) -> None:
    author = author_of(database, tmp_path / "library", provider)
    without: dict[Role, ModelSpec] = {Role.AUTHOR: author.models.specs[Role.AUTHOR]}
    author.writer.models = Models(database, without, 1)
    provider.when(field="lines").answer([HARDER])
    made = await revise(author, database, run, await draft(database))
    assert made.changes[0] == "your feedback: worked in, read it to be sure"


async def test_feedback_on_the_description_changes_it_in_the_skill_and_in_the_plan(
    author: ModelAuthor, database: Database, run: Run, provider: LocalProvider
) -> None:
    wanted = "Writes release notes for the board. Use when a release is cut."
    provider.when(field="description").answer(wanted)
    quote: JsonValue = {"quote": "for the board", "reason": "it says so", "verdict": "yes"}
    provider.when(contains="as it is now").answer(quote)
    job = await draft(database)
    made = await revise(author, database, run, job, "The description should name the board")
    text = await text_of(database, job, 2)
    assert text == SKILL.replace(DESCRIPTION, wanted)
    assert made.changes == ["your feedback: met — “for the board”", "Frontmatter: the description is rewritten."]
    async with database.transaction() as session:
        assert (await jobs.plan_of(session, job)).description == wanted


async def test_feedback_on_the_description_and_a_section_changes_both(
    author: ModelAuthor, database: Database, run: Run, provider: LocalProvider
) -> None:
    provider.when(field="description").answer("Writes notes for the board. Use when a release is cut.")
    job = await draft(database)
    await revise(author, database, run, job, "The description should name the board; make the Rules harder")
    text = await text_of(database, job, 2)
    assert "for the board" in text
    assert HARDER in text


async def test_a_description_that_was_edited_by_hand_is_the_plans_from_then_on(
    author: ModelAuthor, database: Database, run: Run
) -> None:
    job = await draft(database)
    edited = SKILL.replace(DESCRIPTION, "Mine. Use when I say so.")
    await run(author.write, await writing(database, job, Answer(action="edit", content=edited)))
    await run(author.write, await writing(database, job, Answer(action="edit", content="broken"), 3))
    async with database.transaction() as session:
        assert (await jobs.plan_of(session, job)).description == "Mine. Use when I say so."


@pytest.mark.parametrize(
    ("feedback", "verdict"),
    [
        (FEEDBACK, "your feedback: worked in, read it to be sure"),
        (
            "Add a section called Language; the Rules too",
            "your feedback may not be met: The section “Rules” has not changed.",
        ),
    ],
)
async def test_a_spent_budget_keeps_the_revision_that_was_paid(
    author: ModelAuthor, database: Database, run: Run, provider: LocalProvider, feedback: str, verdict: str
) -> None:
    job = await make_job(database, budget={"calls": 1})
    await make_draft(database, job)
    made = await revise(author, database, run, job, feedback)
    assert made.changes[0] == verdict
    assert HARDER in await text_of(database, job, 2)
    assert len(provider.calls()) == 1
