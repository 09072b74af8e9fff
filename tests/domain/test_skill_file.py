"""Reading, writing and editing a SKILL.md."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import SkillFileError
from domain.skill import Frontmatter, SkillFileEntry
from domain.skill_file import (
    MAX_FILE,
    append_section,
    digest,
    frontmatter_of,
    parse,
    render,
    replace_section,
    sections,
    with_frontmatter,
)

SKILL = b"---\nname: a-b\ndescription: Does x. Use when y.\n---\n# Title\n\n## One\n\nfirst\n\n## Two\n\nsecond\n"
FRONT = Frontmatter(name="c-d", description="New: text")


def test_a_skill_is_read_with_its_lines() -> None:
    skill = parse(SKILL)
    assert skill.fields == {"name": "a-b", "description": "Does x. Use when y."}
    assert skill.lines == {"name": 2, "description": 3}
    assert (skill.body[:7], skill.body_line) == ("# Title", 5)
    assert [section.line for section in sections(skill.body, skill.body_line)] == [7, 11]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"---\nname: \xe9\n---\n", "not-utf8"),
        (b"\xef\xbb\xbf" + SKILL, "bom"),
        (b"\n" + SKILL, "frontmatter-missing"),
        (b"", "frontmatter-missing"),
        (SKILL.replace(b"\n", b"\r"), "line-ends-cr"),
        (b"---\nname: a\n", "frontmatter-unclosed"),
        (b"---\n\n---\n", "frontmatter-empty"),
        (b"---\n- a\n---\n", "frontmatter-not-mapping"),
        (b"---\na: &a b\n---\n", "yaml-alias"),
        (b"---\na: " + b"x" * 17_000 + b"\n---\n", "frontmatter-too-large"),
        (SKILL + b"x" * MAX_FILE, "file-too-large"),
    ],
)
def test_an_unreadable_file_says_why(data: bytes, code: str) -> None:
    with pytest.raises(SkillFileError) as caught:
        parse(data)
    assert caught.value.code == code


@given(st.binary(max_size=400) | st.binary(max_size=200).map(lambda data: b"---\n" + data + b"\n---\nx"))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for lenient in (False, True):
        try:
            assert parse(data, lenient=lenient).fields
        except SkillFileError as error:
            assert error.code


def test_windows_line_ends_are_read() -> None:
    skill = parse(SKILL.replace(b"\n", b"\r\n"))
    assert skill.fields["description"] == "Does x. Use when y."
    assert skill.body.startswith("# Title\r\n")


def test_a_lenient_reader_mends_and_says_so() -> None:
    skill = parse(b"\xef\xbb\xbf---\nname: a-b\ndescription: Use when: x\nmetadata: {a: b}\n---\nbody", lenient=True)
    assert skill.fields == {"name": "a-b", "description": "Use when: x", "metadata": {"a": "b"}}
    assert [finding.code for finding in skill.repairs] == ["bom", "yaml-invalid"]


def test_hostile_yaml_stays_refused_for_a_lenient_reader() -> None:
    with pytest.raises(SkillFileError, match="Anchors"):
        parse(b"---\nname: &a [b]\n---\n", lenient=True)


def test_the_known_fields_come_typed() -> None:
    skill = parse(b"---\nname: a-b\ndescription: x\nallowed-tools: Read\nmetadata:\n  version: 1.0\nextra: y\n---\nb")
    assert frontmatter_of(skill) == Frontmatter(
        name="a-b", description="x", allowed_tools="Read", metadata={"version": "1.0"}
    )


def test_a_missing_description_has_no_typed_form() -> None:
    with pytest.raises(SkillFileError, match="description"):
        frontmatter_of(parse(b"---\nname: a-b\n---\nb"))


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=200))
def test_the_body_is_written_as_it_was(body: str) -> None:
    read = parse(render(FRONT, body))
    assert frontmatter_of(read) == FRONT
    assert read.body == "\n" + body.strip("\n") + "\n"


@pytest.mark.parametrize(
    "old",
    ["---\nname: a-b\n---\n", "---\nname: [x\n  y: : z\n---\n", "\n\n---\n---\n", "\ufeff---\na: &a b\n---\n"],
)
def test_frontmatter_is_replaced_whatever_the_old_one_was(old: str) -> None:
    body = "# Title\n\n\ttext  \n---\nend"
    content = with_frontmatter(old + body, FRONT)
    assert parse(content.encode()).body == body
    assert frontmatter_of(parse(content.encode())) == FRONT


@pytest.mark.parametrize("broken", ["# Title\ntext\n", "---\nname: a-b\ndescription: >\n  long\n# Title\ntext\n"])
def test_frontmatter_is_added_when_there_is_none_or_it_never_closes(broken: str) -> None:
    assert parse(with_frontmatter(broken, FRONT).encode()).body.strip() == "# Title\ntext"


def test_replacing_a_section_keeps_every_other_byte() -> None:
    content = SKILL.decode()
    assert replace_section(content, "one", "## One\n\nnew\n") == content.replace("first", "new")
    assert replace_section(content, "Two", "new") == content.replace("second", "new")


def test_a_section_keeps_the_line_ends_of_its_file() -> None:
    content = SKILL.decode().replace("\n", "\r\n")
    assert replace_section(content, "One", "a\nb") == content.replace("first", "a\r\nb")


def test_an_unclosed_fence_in_a_new_section_does_not_swallow_the_next() -> None:
    content = replace_section(SKILL.decode(), "One", "```python\ncode")
    assert [section.heading for section in sections(content)] == ["One", "Two"]


def test_an_unknown_section_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(SkillFileError, match="'One', 'Two'"):
        replace_section(SKILL.decode(), "Three", "x")


def test_a_section_is_appended_at_the_end_or_before_another() -> None:
    content = SKILL.decode()
    assert append_section(content, "Three", "third") == content + "\n## Three\n\nthird\n"
    before = append_section(content, "Three", "third", before="two")
    assert [section.heading for section in sections(before)] == ["One", "Three", "Two"]
    assert before.replace("## Three\n\nthird\n\n", "") == content


def test_the_digest_is_of_sorted_paths_and_contents() -> None:
    one, two = SkillFileEntry(path="SKILL.md", data=SKILL), SkillFileEntry(path="a.txt", data=b"")
    records = b"".join(
        path + b"\0" + hashlib.sha256(data).hexdigest().encode() + b"\n"
        for path, data in [(b"SKILL.md", SKILL), (b"a.txt", b"")]
    )
    assert digest([two, one]) == digest([one, two]) == hashlib.sha256(records).hexdigest()
    assert digest([one]) != digest([one, two])
