"""What a list says of each skill: of the version that agents read, its newest evaluation, and uses since a moment."""

from datetime import UTC, datetime, timedelta

from domain.library.usage import UsageOutcome
from store import at_a_glance
from store.at_a_glance import Glance
from store.session import Database
from tests.support.evaluated import AT, a_report, evaluate
from tests.support.shelved import shelve, use

LATELY = timedelta(days=30)


async def test_the_newest_evaluation_of_the_present_version_counts(database: Database) -> None:
    for name in ("proven", "changed", "unknown"):
        await shelve(database, name)
    await evaluate(database, a_report("proven", verdict="fix", made_at=AT))
    await evaluate(database, a_report("proven", verdict="keep", made_at=AT + timedelta(days=1)))
    await evaluate(database, a_report("changed", "0.9.0"))
    nothing = a_report("unknown", verdict="fix").model_copy(update={"numbers": None})
    await evaluate(database, nothing)
    async with database.transaction() as session:
        seen = await at_a_glance.of_skills(session, ["proven", "changed", "unknown", "missing"], AT)
    assert seen == {
        "proven": Glance(verdict="keep", delta=0.5),
        "changed": Glance(),
        "unknown": Glance(verdict="fix"),
        "missing": Glance(),
    }


async def test_uses_count_from_the_moment_on_and_for_their_own_skill(database: Database) -> None:
    for name in ("used", "unused"):
        await shelve(database, name)
    for days_ago in (0, 29, 31):
        await use(database, "used", UsageOutcome.UNKNOWN, days_ago)
    async with database.transaction() as session:
        seen = await at_a_glance.of_skills(session, ["used", "unused"], datetime.now(UTC) - LATELY)
        assert await at_a_glance.of_skills(session, [], datetime.now(UTC)) == {}
    assert (seen["used"].uses, seen["unused"].uses) == (2, 0)
