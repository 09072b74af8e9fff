"""Where a skill from elsewhere lies and which number it gets; what an import does with it is in `test_importer.py`."""

from pathlib import Path

import pytest
from skills_ref import to_prompt

from domain.library.importing import Checkout, Verdict
from store import versions
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


def needing(name: str, *requires: str, body: str = "\nDo it.\n") -> bytes:
    return skill(name, f'metadata:\n  requires: "{" ".join(requires)}"\n', body=body)


async def test_what_leads_back_to_itself_or_is_no_requirement_stays_out(desk: Desk) -> None:
    files = {
        "a/SKILL.md": needing("a", "b"),
        "b/SKILL.md": needing("b", "c"),
        "c/SKILL.md": needing("c", "a"),
        "own/SKILL.md": needing("own", "own"),
        "ill/SKILL.md": needing("ill", "Not>legal!"),
        "good/SKILL.md": skill("good"),
    }
    dry = await desk.taken(files, dry_run=True)
    lines = await desk.taken(files)
    assert {folder: line.codes for folder, line in lines.items()} == {
        "a": ["requires-cycle"],
        "b": ["requires-cycle"],
        "c": ["requires-cycle"],
        "own": ["requires-itself"],
        "ill": ["requires-form"],
        "good": [],
    }
    assert {line.verdict for folder, line in lines.items() if folder != "good"} == {Verdict.REFUSED}
    assert {folder: line.codes for folder, line in dry.items()} == {
        folder: line.codes for folder, line in lines.items()
    }
    assert set(await desk.listed()) == {"good"}


async def test_what_is_not_there_yet_is_a_warning_that_names_it(desk: Desk) -> None:
    line = (await desk.taken({"a/SKILL.md": needing("a", "later>=2.0")}))["a"]
    assert (line.verdict, [one.code for one in line.findings]) == (Verdict.WARNED, ["requires-unknown"])
    assert "later is not in the library" in line.why
    line = (await desk.taken({"d/SKILL.md": needing("d", "a>=9.0")}))["d"]
    assert (line.verdict, [one.code for one in line.findings]) == (Verdict.WARNED, ["requires-version"])
    closing = (await desk.taken({"later/SKILL.md": needing("later", "a")}))["later"]
    assert (closing.verdict, closing.codes) == (Verdict.REFUSED, ["requires-cycle"])


@pytest.mark.parametrize("names", [("a", "z"), ("z", "a")])
async def test_skills_of_one_import_count_as_known_in_whichever_order(desk: Desk, names: tuple[str, str]) -> None:
    first, needed = names
    lines = await desk.taken({f"{first}/SKILL.md": needing(first, needed), f"{needed}/SKILL.md": skill(needed)})
    assert [line.verdict for line in lines.values()] == [Verdict.IMPORTED] * 2


async def test_other_bytes_are_the_next_version_when_asked_or_when_their_number_is_higher(desk: Desk) -> None:
    def of(version: str, body: str) -> dict[str, bytes]:
        return {"a-b/SKILL.md": skill("a-b", f'metadata:\n  version: "{version}"\n', body=body)}

    await desk.taken(of("1.0.0", "\nOne.\n"))
    same = (await desk.taken(of("1.0.0", "\nTwo.\n")))["a-b"]
    assert (same.verdict, "--update" in same.why) == (Verdict.CONFLICT, True)
    higher = (await desk.taken(of("1.2.0", "\nThree.\n")))["a-b"]
    assert (higher.verdict, higher.version) == (Verdict.IMPORTED, "1.2.0")
    asked = (await desk.taken(of("1.2.0", "\nFour.\n"), update=True))["a-b"]
    assert (asked.verdict, asked.version) == (Verdict.IMPORTED, "1.2.1")
    lower = (await desk.taken(of("1.1.0", "\nFive.\n"), update=True))["a-b"]
    assert (lower.verdict, lower.codes) == (Verdict.CONFLICT, ["version-not-higher"])
    async with desk.database.transaction() as session:
        told = [await versions.get(session, "a-b", number) for number in ("1.2.0", "1.2.1")]
    assert [one and one.provenance["updates"] for one in told] == [
        {"version": "1.0.0", "because": "higher-version"},
        {"version": "1.2.0", "because": "asked"},
    ]


async def test_the_same_repository_under_another_folder_and_address_is_the_same_place(desk: Desk) -> None:
    here = Checkout(remote="https://me:secret@git.example/x.git", path="")
    there = Checkout(remote="git@git.example:x", path="skills")
    await desk.taken({"mine/skills/a-b/SKILL.md": skill("a-b")}, checkout=here)
    other = {"skills/a-b/SKILL.md": skill("a-b", body="\nOther.\n")}
    line = (await desk.taken(other, checkout=there))["skills/a-b"]
    assert (line.verdict, line.version) == (Verdict.IMPORTED, "1.0.1")
    async with desk.database.transaction() as session:
        first = await versions.get(session, "a-b", "1.0.0")
    assert first is not None
    assert (first.provenance["remote"], first.provenance["place"]) == ("https://git.example/x.git", "skills/a-b")
    assert "secret" not in str(first.described)


LENIENT = {
    "colon": skill("colon", description="Helps. Use when: asked, for help"),
    "flow": skill("flow", "allowed-tools: [Read, Grep]\n"),
    "mark": b"\xef\xbb\xbf" + skill("mark"),
}


async def test_what_the_reference_reader_cannot_read_stays_out_or_is_migrated_when_asked(desk: Desk) -> None:
    files = {f"{name}/SKILL.md": data for name, data in LENIENT.items()} | {"good/SKILL.md": skill("good")}
    for line in (await desk.taken(files)).values():
        assert line.verdict is (Verdict.IMPORTED if line.folder == "good" else Verdict.REFUSED), line
        assert line.folder == "good" or "skills migrate PATH --write" in line.why
    lines = await desk.taken(files, migrate=True)
    assert {folder: line.verdict for folder, line in lines.items()} == {
        **dict.fromkeys(LENIENT, Verdict.IMPORTED),
        "colon": Verdict.WARNED,  # its description is thin
        "good": Verdict.UNCHANGED,
    }
    assert all(lines[name].changes for name in LENIENT)
    to_prompt([desk.library / path for path in (await desk.listed()).values()])
    async with desk.database.transaction() as session:
        version = await versions.get(session, "flow", "1.0.0")
    assert version is not None
    migrated = version.provenance["migrated"]
    assert isinstance(migrated, dict)
    assert migrated["original_digest"] != version.digest
    assert migrated["changes"]
