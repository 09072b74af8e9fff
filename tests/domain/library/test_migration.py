"""Foreign skills come into the canonical form: what is certain is done, what is not is said, and twice is once."""

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.library.migration import Migrated, migrate
from domain.skill import SkillFileEntry
from domain.skill_file import parse
from domain.validation import STRICT, validate

BODY = "\n# Title\n\nDo the thing.\n"
HEAD = "name: release-notes\ndescription: Writes notes. Use when releasing.\n"


def skill(
    head: str = HEAD, body: str = BODY, path: str = "SKILL.md", more: dict[str, bytes] | None = None
) -> list[SkillFileEntry]:
    main = SkillFileEntry(path=path, data=f"---\n{head}---\n{body}".encode())
    return [main, *(SkillFileEntry(path=name, data=data) for name, data in (more or {}).items())]


def main_of(done: Migrated) -> str:
    return next(entry.data for entry in done.files if entry.path == "SKILL.md").decode()


def passes(done: Migrated) -> bool:
    return validate(done.files, done.folder, profile=STRICT).passed


def raw(data: bytes) -> list[SkillFileEntry]:
    return [SkillFileEntry(path="SKILL.md", data=data)]


def test_a_skill_in_order_keeps_every_byte_and_nothing_is_said() -> None:
    files = skill(HEAD + "# a comment\nmetadata:\n    author: 'ada'\n")
    assert migrate(files, "release-notes") == Migrated(files=files, folder="release-notes")


def test_unknown_fields_move_into_metadata_as_texts() -> None:
    done = migrate(
        skill(HEAD + "version: 1.0\nargument-hint: [file, mode]\nuser-invocable: true\nx: {a: [b]}\nnothing:\n"),
        "release-notes",
    )
    assert parse(main_of(done).encode()).fields["metadata"] == {
        "version": "1.0",
        "argument-hint": "file mode",
        "user-invocable": "true",
        "x": '{"a": ["b"]}',
        "nothing": "",
    }
    assert passes(done)
    assert "version: moves into metadata" in done.changes


def test_a_field_that_contradicts_metadata_is_put_aside_and_told() -> None:
    done = migrate(skill(HEAD + 'version: 2.0\nmetadata:\n  version: "1.0"\n'), "release-notes")
    assert parse(main_of(done).encode()).fields["metadata"] == {"version": "1.0", "original-version": "2.0"}
    assert len(done.undecided) == 1
    assert migrate(done.files, done.folder).files == done.files


def test_tools_become_one_line_parted_by_blanks() -> None:
    for written in ("[Read, 'Bash(git:*)']", "Read, Bash(git:*)", "\n  - Read\n  - Bash(git:*)"):
        done = migrate(skill(HEAD + f"allowed-tools: {written}\n"), "release-notes")
        assert parse(main_of(done).encode()).fields["allowed-tools"] == "Read Bash(git:*)"
    kept = migrate(skill(HEAD + "allowed-tools: Bash(git log, git show) Read\n"), "release-notes")
    assert kept.changes == []


def test_an_unquoted_colon_and_flow_style_are_mended() -> None:
    done = migrate(skill("name: release-notes\ndescription: Use when: releasing\nmetadata: {a: b}\n"), "release-notes")
    assert passes(done)
    assert parse(main_of(done).encode()).fields["description"] == "Use when: releasing"


def test_every_known_encoding_becomes_plain_utf8() -> None:
    text = f"---\r\n{HEAD}---\r\n\r\nGrüße\r\n"
    for data in (text.encode("utf-8-sig"), text.encode("utf-16"), text.encode("latin-1"), b"\n\n" + text.encode()):
        done = migrate(raw(data), "release-notes")
        assert "Grüße\n" in main_of(done)
        assert "\r" not in main_of(done)
        assert passes(done), done
        assert done.changes


def test_the_folder_takes_a_legal_name_and_an_illegal_name_becomes_legal() -> None:
    assert migrate(skill(), "Release Notes").folder == "release-notes"
    done = migrate(skill(HEAD.replace("release-notes", "Release_Notes für Ada")), "x")
    assert done.folder == "release-notes-fur-ada"
    assert passes(done)
    missing = migrate(skill("description: Use when x.\n"), "release-notes")
    assert passes(missing)


def test_what_cannot_be_decided_is_left_and_told() -> None:
    done = migrate(skill(HEAD.replace("release-notes", "技能")), "技能")
    assert "no legal name" in done.undecided[0]
    assert done.folder == "技能"
    assert "shorten" in migrate(skill("name: a\ndescription: " + "x" * 1100 + "\n"), "a").undecided[0]
    for broken in (
        b"no frontmatter",
        b"---\nname: a\n",
        b"---\na: &x b\nc: *x\n---\n",
        b"---\nname: a\nname: b\n---\n",
    ):
        left = migrate(raw(broken), "a")
        assert left.files == raw(broken)
        assert left.undecided
        assert not left.changes


def test_a_small_skill_md_is_renamed_unless_both_are_there() -> None:
    assert [entry.path for entry in migrate(skill(path="skill.md"), "release-notes").files] == ["SKILL.md"]


def test_links_are_mended_only_where_one_file_can_be_meant() -> None:
    body = (
        "\n[a](references\\Guide.md) [b](Scripts/run.py) [c](nowhere.md) `[d](Scripts/run.py)` [e](twice.md)\n"
        "```\n[f](Scripts/run.py)\n```\n"
    )
    done = migrate(
        skill(
            body=body, more={"references/guide.md": b"x\n", "scripts/run.py": b"x", "Twice.md": b"", "TWICE.md": b""}
        ),
        "release-notes",
    )
    assert "[a](references/guide.md) [b](scripts/run.py) [c](nowhere.md) `[d](Scripts/run.py)`" in main_of(done)
    assert "[e](twice.md)\n```\n[f](Scripts/run.py)" in main_of(done)


def test_scripts_keep_their_bytes() -> None:
    files = skill(more={"scripts/run.bat": b"@echo off\r\n", "references/a.md": b"a\r\n"})
    done = {entry.path: entry.data for entry in migrate(files, "release-notes").files}
    assert done["scripts/run.bat"] == b"@echo off\r\n"
    assert done["references/a.md"] == b"a\n"


LINES = st.sampled_from(
    [
        "name: Some Name",
        "name: a-b",
        "name:",
        "description: Use when: x",
        "description: |",
        "  more text",
        "version: 1.0",
        "metadata: {a: b}",
        "metadata:",
        "  version: 2",
        "  - x",
        "allowed-tools: [A, B]",
        "license: [MIT]",
        "tags:",
        "? x",
        "compatibility:",
        "  k: v",
        "- y",
        "x: '",
        "a: &b c",
        "name: ../x",
        "metadata: text",
        "---",
        "\ufeff",
        'x: "\\u0000"',
    ]
)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(LINES, max_size=12),
    st.text(max_size=60),
    st.text(max_size=12),
    st.sampled_from(["utf-8", "utf-16", "latin-1"]),
)
def test_migrating_twice_is_migrating_once_and_the_body_keeps_its_words(
    head: list[str], body: str, folder: str, encoding: str
) -> None:
    text = "---\n" + "\n".join(head) + "\n---\n\n" + body
    files = [
        *raw(text.encode(encoding, "replace")),
        SkillFileEntry(path="notes.md", data=body.encode("utf-8", "replace")),
    ]
    once = migrate(files, folder)
    twice = migrate(once.files, once.folder)
    assert (twice.files, twice.folder) == (once.files, once.folder)
    if once.changes and encoding == "utf-8":
        plain = body.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")
        assert main_of(once).endswith(plain)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.text(max_size=10))
def test_no_bytes_crash_it(data: bytes, folder: str) -> None:
    once = migrate([*raw(data), SkillFileEntry(path="a.md", data=data)], folder)
    assert migrate(once.files, once.folder).files == once.files
