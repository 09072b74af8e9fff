"""Where a skill from elsewhere lies and which number it gets; what an import does with it is in `test_importer.py`."""

from pathlib import Path

import pytest

from domain.importing import Checkout, Verdict
from store.session import Database
from tests.activities.test_importer import Desk
from tests.support.foreign_skills import skill


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    return Desk(database, tmp_path / "skills")


async def test_a_skill_of_no_shelf_is_placed_by_its_words_and_the_report_says_which(desk: Desk) -> None:
    sql = "Cleans tables of an analytics database with SQL. Use when data must be queried."
    files = {
        "skills/sql/SKILL.md": skill("sql", description=sql),
        "skills/party/SKILL.md": skill("party", description="Plans a birthday party. Use when a guest list is made."),
        "general/kept/SKILL.md": skill("kept", description=sql),
        "skills/own/SKILL.md": skill("own", "metadata:\n  category: misc\n", description=sql),
    }
    dry = await desk.taken(files, dry_run=True)
    lines = await desk.taken(files)
    assert {line.name: line.path for line in lines.values()} == {
        "sql": "data/sql",
        "party": "general/party",
        "kept": "general/kept",
        "own": "general/own",
    }
    assert "for its words: cleans, analytics, database, sql, data" in lines["skills/sql"].why
    assert "no word" in lines["skills/party"].why
    assert (lines["general/kept"].why, lines["skills/own"].why) == ("", "")
    assert {line.folder: line.why for line in dry.values()} == {line.folder: line.why for line in lines.values()}
    asked = await desk.taken({"sql2/SKILL.md": skill("sql2", description=sql)}, category="research")
    assert (asked["sql2"].path, asked["sql2"].why) == ("research/sql2", "")


async def test_a_next_version_stays_on_the_shelf_where_the_skill_stands(desk: Desk) -> None:
    checkout = Checkout(remote="https://git.example/x")
    await desk.taken({"a-b/SKILL.md": skill("a-b")}, checkout=checkout, category="research")
    sql = "Cleans tables of an analytics database with SQL. Use when data must be queried."
    line = (await desk.taken({"a-b/SKILL.md": skill("a-b", description=sql)}, checkout=checkout))["a-b"]
    assert (line.verdict, line.path, line.version, line.why) == (Verdict.IMPORTED, "research/a-b", "1.1.0", "")


@pytest.mark.parametrize(
    ("wrote", "then", "verdict", "version"),
    [
        ("1.0", "1.0", Verdict.IMPORTED, "1.0.1"),
        ("1.2", "1.1", Verdict.IMPORTED, "1.2.1"),
        ("2", "3", Verdict.IMPORTED, "3.0.0"),
        ("latest", "2024-01-31", Verdict.IMPORTED, "1.0.1"),
        ("1.2.0", "1.3.0", Verdict.IMPORTED, "1.3.0"),
        ("1.2.0", "1.1.0", Verdict.CONFLICT, None),
    ],
)
async def test_a_number_of_any_form_comes_in_and_only_a_clear_one_that_is_not_higher_stays_out(
    desk: Desk, wrote: str, then: str, verdict: Verdict, version: str | None
) -> None:
    checkout = Checkout(remote="https://git.example/x")
    first = {"a-b/SKILL.md": skill("a-b", f'metadata:\n  version: "{wrote}"\n')}
    next_ = {"a-b/SKILL.md": skill("a-b", f'metadata:\n  version: "{then}"\n', body="\nOther.\n")}
    assert (await desk.taken(first, checkout=checkout))["a-b"].verdict is Verdict.IMPORTED
    line = (await desk.taken(next_, checkout=checkout))["a-b"]
    assert (line.verdict, line.version) == (verdict, version)
    assert line.codes == (["version-not-higher"] if version is None else [])
    kept = first if version is None else next_
    [lying] = desk.library.glob("*/a-b/SKILL.md")
    assert lying.read_bytes() == kept["a-b/SKILL.md"]
