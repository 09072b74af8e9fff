"""The format's rules, one by one: each mistake has its code, field, line and fix."""

import pytest

from domain.skill import Finding, SkillFileEntry
from domain.validation import LENIENT, Profile, validate

GOOD = {"name": "a-b", "description": "Does x. Use when y."}


def _findings(
    fields: str, body: str = "Do it.", folder: str = "a-b", profile: Profile = Profile.STRICT
) -> list[Finding]:
    data = f"---\n{fields}\n---\n{body}".encode()
    return validate([SkillFileEntry(path="SKILL.md", data=data)], folder, profile=profile).findings


def _front(**fields: str) -> str:
    return "\n".join(f"{key.replace('_', '-')}: {value}" for key, value in {**GOOD, **fields}.items())


def _codes(fields: str, severity: str = "error", folder: str = "a-b", profile: Profile = Profile.STRICT) -> list[str]:
    return [found.code for found in _findings(fields, folder=folder, profile=profile) if found.severity == severity]


def test_a_full_skill_has_no_finding() -> None:
    assert _findings(_front(license="MIT", compatibility="Needs git", allowed_tools="Read Bash(git:*)")) == []
    assert _findings(_front() + '\nmetadata:\n  version: "1.0"\n  author: me') == []


@pytest.mark.parametrize(
    ("fields", "code", "line"),
    [
        ("description: x, use when y", "name-missing", None),
        ("name: a-b", "description-missing", None),
        ("name:\n  - a-b\ndescription: use when y", "name-missing", 2),
        (_front(description='"  "'), "description-missing", 3),
        (_front(description="use when " + "x" * 1016), "description-too-long", 3),
        (_front(version="1.0"), "field-unknown", 4),
        (_front(license='""'), "license-not-text", 4),
        (_front(compatibility=""), "compatibility-not-text", 4),
        (_front(compatibility="x" * 501), "compatibility-too-long", 4),
        (_front() + "\nallowed-tools:\n  - Read", "allowed-tools-not-text", 4),
        (_front(allowed_tools='"*"'), "tools-too-broad", 4),
        (_front(metadata="text"), "metadata-not-texts", 4),
        (_front() + "\nmetadata:\n  a:\n    b: c", "metadata-not-texts", 4),
    ],
)
def test_each_mistake_has_its_code_and_line(fields: str, code: str, line: int | None) -> None:
    (finding,) = (found for found in _findings(fields) if found.severity == "error")
    assert (finding.code, finding.line) == (code, line)
    assert finding.fix


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("My-Skill", "name-not-lowercase"),
        ("-my-skill", "name-hyphens"),
        ("my-skill-", "name-hyphens"),
        ("my--skill", "name-hyphens"),
        ("my_skill", "name-characters"),
        ("my skill", "name-characters"),
        ("a" * 65, "name-too-long"),
        ("技能", "name-not-ascii"),
    ],
)
def test_each_illegal_name_says_what_is_wrong(name: str, code: str) -> None:
    assert _codes(_front(name=f'"{name}"'), folder=name) == [code]


@pytest.mark.parametrize("name", ["技能", "мой-навык", "हिन्दी", "ทักษะ", "cafe\u0301"])
def test_a_lenient_reader_takes_names_in_any_script(name: str) -> None:
    assert _codes(_front(name=name), folder=name, profile=LENIENT) == []
    assert _codes(_front(name=name), "warning", folder=name, profile=LENIENT) == []


def test_composed_and_decomposed_names_are_the_same() -> None:
    assert _codes(_front(name="cafe\u0301"), folder="café", profile=LENIENT) == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        (_front(description="Does x very well"), "description-no-when"),
        (_front(description="Use when <b>y</b>"), "description-markup"),
        (_front(allowed_tools="Read Bash"), "tools-too-broad"),
        (_front(description="Use when x --- y"), "fence-inside"),
        (_front(name="claude-x"), "name-reserved"),
    ],
)
def test_what_only_deserves_a_look_is_a_warning(fields: str, code: str) -> None:
    folder = "claude-x" if "claude" in fields else "a-b"
    assert code in _codes(fields, "warning", folder)
    assert _codes(fields, folder=folder) == []


def test_the_folder_and_the_name_are_equal() -> None:
    assert _codes(_front(), folder="other") == ["name-not-folder"]


def test_an_empty_body_is_an_error_and_a_huge_one_a_warning() -> None:
    assert [found.code for found in _findings(_front(), " \n")] == ["body-empty"]
    long = "\n".join(f"{n} apples of the {n + 7}th tree fell {n * 3} times on day {n % 31}x" for n in range(15))
    many = "".join(f"word{n} other{n} thing{n} again{n}.\n" for n in range(1000))
    assert [found for found in _findings(_front(), long) if found.severity != "info"] == []
    assert {found.code for found in _findings(_front(), many)} >= {"body-long", "body-tokens"}
