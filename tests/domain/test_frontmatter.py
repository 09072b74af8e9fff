"""YAML from strangers is read as text or refused; what we write, every reader reads the same."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from skills_ref.parser import parse_frontmatter

from domain.errors import SkillFileError
from domain.frontmatter import MAX_BYTES, MAX_DEPTH, dump, load, one_line, quoted
from domain.skill import Frontmatter

AWKWARD = ["Use when: x", "a # b", "- dash", "true", "null", "1.0", "'q", '"q"', "a --- b", "-----", "[x]", "{x}", "*a"]
AWKWARD += [
    "&a",
    "!t",
    "%d",
    "@at",
    "`t`",
    "| x",
    "> x",
    "? x",
    "a: b: c",
    "ends:",
    "\\n",
    "2026-01-05",
    "~",
    "=",
    "<<",
    "é 技 🙂",
]
TEXTS = st.one_of(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=200),
    st.sampled_from(AWKWARD),
)


@pytest.mark.parametrize("value", ["123", "true", "null", "1.0", "2026-01-05", "0x1f", "~", "yes"])
def test_every_scalar_stays_text(value: str) -> None:
    assert load(f"name: {value}").fields == {"name": value}


def test_nested_values_and_lines_are_kept() -> None:
    loaded = load("a: x\nb:\n  c: y\nd:\n  - z\n", first_line=2)
    assert loaded.fields == {"a": "x", "b": {"c": "y"}, "d": ["z"]}
    assert loaded.lines == {"a": 2, "b": 3, "d": 5}


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: x\nb: &b y", "yaml-alias", 2),
        ("a: *b", "yaml-alias", 1),
        ("a: !!python/object/apply:os.system x", "yaml-tag", 1),
        ("a: !x y", "yaml-tag", 1),
        ("a: [b]", "yaml-flow", 1),
        ("a: {b: c}", "yaml-flow", 1),
        ("a: x\n<<: y", "yaml-merge", 2),
        ("a: x\na: y", "yaml-duplicate-key", 2),
        ("? - x\n: y", "yaml-key", 1),
        ("a: b: c", "yaml-invalid", 1),
        ("a:\tb: [", "yaml-invalid", 1),
        ("a: \x00", "yaml-invalid", 1),
        ("- a", "frontmatter-not-mapping", 1),
        ("just words", "frontmatter-not-mapping", 1),
        ("", "frontmatter-not-mapping", 1),
        ("a: x\n...\nb: y", "yaml-invalid", 3),
    ],
)
def test_hostile_or_broken_yaml_is_refused_with_its_line(text: str, code: str, line: int) -> None:
    with pytest.raises(SkillFileError) as caught:
        load(text)
    assert (caught.value.code, caught.value.line) == (code, line)


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    bomb = "a: &a [x, x]\n" + "\n".join(f"{b}: &{b} [*{a}, *{a}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    with pytest.raises(SkillFileError, match="refused"):
        load(bomb, flow=True)


def test_an_abyss_of_brackets_is_refused_without_exhausting_the_stack() -> None:
    with pytest.raises(SkillFileError) as caught:
        load("a: " + "[" * 10_000, flow=True)
    assert caught.value.code == "yaml-too-deep"


def test_depth_and_size_end_exactly_at_their_limits() -> None:
    deep = "".join(f"{'  ' * level}k:\n" for level in range(MAX_DEPTH))
    assert load(deep).fields
    with pytest.raises(SkillFileError, match="deeper"):
        load(deep + "  " * MAX_DEPTH + "k: x\n")
    assert load("a: " + "x" * (MAX_BYTES - 3)).fields
    with pytest.raises(SkillFileError, match="larger"):
        load("a: " + "x" * (MAX_BYTES - 2))


def test_unquoted_colons_can_be_mended_by_quoting() -> None:
    mended = quoted('name: a-b\ndescription: Use when: it\'s "x"\nmetadata:\n  k: v\n')
    assert load(mended).fields["description"] == 'Use when: it\'s "x"'
    assert load(mended).fields["metadata"] == {"k": "v"}


@given(TEXTS, st.dictionaries(TEXTS, TEXTS, max_size=3))
def test_what_is_written_is_read_back_by_three_readers(text: str, metadata: dict[str, str]) -> None:
    pairs = {one_line(key): one_line(value) for key, value in metadata.items() if one_line(key) != "<<"}
    written = dump(Frontmatter(name="a-b", description=text, metadata=pairs))
    expected: dict[str, object] = {"name": "a-b", "description": one_line(text)}
    if pairs:
        expected["metadata"] = pairs
    assert "---" not in written
    assert load(written).fields == expected
    assert yaml.safe_load(written) == expected
    assert parse_frontmatter(f"---\n{written}---\n")[0] == expected


def test_optional_fields_are_written_in_the_order_of_the_format() -> None:
    full = Frontmatter(
        name="a-b",
        description="Does x.\nUse when y.",
        license="MIT",
        compatibility="Needs git",
        metadata={"version": "1.0"},
        allowed_tools="Read Bash(git:*)",
    )
    assert dump(full) == (
        "name: a-b\ndescription: Does x. Use when y.\nlicense: MIT\ncompatibility: Needs git\n"
        'allowed-tools: "Read Bash(git:*)"\nmetadata:\n  version: "1.0"\n'
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: x\nb: \x00y", "the character U+0000 is not allowed (line 3, column 4)"),
        ("a: b: c", "mapping values are not allowed here (line 2, column 5)"),
        ("a: x\n\ufffe: y", "the character U+FFFE is not allowed (line 3, column 1)"),
        ("a: x\u2028b: y", "the character U+2028 ends a line for some readers only, write a blank (line 2, column 5)"),
        ("a: 'x\x85'", "the character U+0085 ends a line for some readers only, write a blank (line 2, column 6)"),
        ('a: x\nb: "\\ud800"', "U+D800 is half a character (line 3)"),
        ('"\\udfff": x', "U+DFFF is half a character (line 2)"),
    ],
)
def test_what_is_wrong_with_yaml_is_one_sentence_with_its_place(text: str, said: str) -> None:
    with pytest.raises(SkillFileError) as refused:
        load(text, first_line=2)
    assert (refused.value.code, str(refused.value)) == ("yaml-invalid", f"This is not valid YAML: {said}.")
    assert f"(line {refused.value.line}" in said
