"""How descriptions were tried is kept by description: a whole report is final, a partial one is not."""

import pytest

from domain.evaluation import TriggerReport
from domain.skill import SkillStatus
from store import triggers
from store.session import Database
from tests.support.published import publish_skill
from tests.support.rows import make_job

ONE, TWO = "Writes notes. Use when asked.", "Use when asked."


def report(description: str = ONE, status: str = "measured", note: str = "") -> TriggerReport:
    return TriggerReport.model_validate({"description": description, "status": status, "note": note})


async def test_a_report_is_found_under_its_description_whatever_the_spacing(database: Database) -> None:
    job, other = await make_job(database), await make_job(database)
    async with database.transaction() as session:
        await triggers.keep(session, job, report())
    async with database.transaction() as session:
        assert await triggers.of(session, job, "Writes notes.\n  Use when asked.") == report()
        assert await triggers.of(session, job, TWO) is None
        assert await triggers.of(session, other, ONE) is None


@pytest.mark.parametrize(
    ("first", "second", "stands"),
    [
        ("partial", "measured", "later"),
        ("partial", "partial", "later"),
        ("partial", "broken", "later"),
        ("measured", "partial", "earlier"),
        ("measured", "measured", "earlier"),
        ("broken", "measured", "earlier"),
    ],
)
async def test_only_a_partial_report_is_replaced(database: Database, first: str, second: str, stands: str) -> None:
    job = await make_job(database)
    async with database.transaction() as session:
        await triggers.keep(session, job, report(status=first, note="earlier"))
    async with database.transaction() as session:
        await triggers.keep(session, job, report(status=second, note="later"))
        kept = await triggers.of(session, job, ONE)
        assert kept is not None
        assert kept.note == stands


async def test_a_report_by_another_agent_model_takes_the_place_of_a_whole_one(database: Database) -> None:
    job = await make_job(database)
    for model, note in (("a", "first"), ("b", "second"), ("b", "third")):
        async with database.transaction() as session:
            await triggers.keep(session, job, report(note=note).model_copy(update={"model": model}))
    async with database.transaction() as session:
        kept = await triggers.of(session, job, ONE)
    assert kept is not None
    assert (kept.model, kept.note) == ("b", "second")


async def test_the_newest_report_is_the_one_made_last(database: Database) -> None:
    job = await make_job(database)
    async with database.transaction() as session:
        assert await triggers.newest(session, job) is None
    for description, status in ((ONE, "partial"), (TWO, "measured"), (ONE, "partial")):
        async with database.transaction() as session:
            await triggers.keep(session, job, report(description, status))
    async with database.transaction() as session:
        assert await triggers.newest(session, job) == report(ONE, "partial")
        assert await triggers.newest(session, job, whole=True) == report(TWO)


async def test_the_others_are_the_active_skills_but_the_one_of_this_name(database: Database) -> None:
    for name in ("notes", "changelog", "triage"):
        await publish_skill(database, name, description=f"Does {name}.")
    await publish_skill(database, "gone", status=SkillStatus.YANKED)
    await publish_skill(database, "old", status=SkillStatus.DEPRECATED)
    async with database.transaction() as session:
        found = await triggers.others(session, "notes")
    assert [(other.name, other.description) for other in found] == [
        ("changelog", "Does changelog."),
        ("triage", "Does triage."),
    ]


async def test_a_job_that_goes_on_from_another_has_its_reports_once(database: Database) -> None:
    old, new = await make_job(database), await make_job(database)
    async with database.transaction() as session:
        await triggers.keep(session, old, report())
        await triggers.keep(session, old, report(TWO, "partial"))
    for _ in range(2):
        async with database.transaction() as session:
            await triggers.copy(session, old, new)
    async with database.transaction() as session:
        assert await triggers.of(session, new, ONE) == report()
        assert await triggers.of(session, new, TWO) == report(TWO, "partial")
        assert await triggers.of(session, old, ONE) == report()
