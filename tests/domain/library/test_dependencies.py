"""What skills require of each other: its form, what the library must have for it, circles, and the order to install."""

import pytest

from domain.library.dependencies import Entry, Requirement, cycle, order, problems, required_by, requirement
from domain.library.semver import Version
from domain.skill import Severity, SkillStatus


def library(**requires: list[str]) -> dict[str, Entry]:
    return {name: Entry(name=name, version="1.2.0", requires=needed) for name, needed in requires.items()}


def codes(name: str, requires: list[str], catalogue: dict[str, Entry]) -> list[str]:
    return [finding.code for finding in problems(name, requires, catalogue)]


@pytest.mark.parametrize(
    ("text", "yes", "no"),
    [
        ("notes", ["0.0.1", "9.9.9"], []),
        ("notes>=1.2.0", ["1.2.0", "1.10.0", "2.0.0"], ["1.1.9", "0.9.0"]),
        ("notes>=1.2", ["1.2.0"], ["1.1.9"]),
        ("notes==1.2.0", ["1.2.0"], ["1.2.1", "1.1.9"]),
        ("notes^1.2", ["1.2.0", "1.99.0"], ["2.0.0", "1.1.0"]),
        ("notes^0.2", ["0.2.5"], ["0.3.0", "1.0.0", "0.1.9"]),
    ],
)
def test_a_requirement_says_which_versions_will_do(text: str, yes: list[str], no: list[str]) -> None:
    asked = requirement(text)
    assert asked is not None
    assert requirement(str(asked)) == asked
    for version, will_do in [*[(v, True) for v in yes], *[(v, False) for v in no]]:
        parsed = Version.parse(version)
        assert parsed is not None
        assert asked.met_by(parsed) is will_do, version


@pytest.mark.parametrize(
    "text",
    [
        *["", ">=1", "notes>1", "notes=1.0", "notes>=", "notes>=1.2.3.4", "notes>=x", "notes^99999999999999"],
        *["No", "a--b", "../x", "a\0", "a" * 65, "notes >= 1.0", "notes>=1.0-rc1", "١notes", "notes>=١"],
    ],
)
def test_what_is_no_requirement_is_told_and_named(text: str) -> None:
    found = problems("x", [text], library(notes=[]))
    assert [finding.code for finding in found] == ["requires-form"]
    assert "`name>=1.2.0`" in (found[0].fix or "")


def test_what_the_library_cannot_give_is_an_error_each() -> None:
    catalogue = library(good=[], old=[], gone=[])
    catalogue["old"] = catalogue["old"].model_copy(update={"status": SkillStatus.DEPRECATED, "replaced_by": "good"})
    catalogue["gone"] = catalogue["gone"].model_copy(update={"status": SkillStatus.YANKED})
    found = problems("x", ["good>=1.2", "good>=3", "old", "gone", "x", "none"], catalogue)
    assert [finding.code for finding in found] == [
        "requires-version",
        "requires-deprecated",
        "requires-yanked",
        "requires-itself",
        "requires-unknown",
    ]
    assert [finding.severity for finding in found if finding.code == "requires-deprecated"] == [Severity.WARNING]
    assert "good" in (found[1].fix or "")


def test_a_circle_is_told_with_its_shortest_way() -> None:
    catalogue = library(b=["c", "d"], c=["d>=1.0"], d=["e", "x==1.2.0"], e=["b"])
    assert cycle("x", ["b"], catalogue) == ["x", "b", "d", "x"]
    [finding] = problems("x", ["b"], catalogue)
    assert finding.code == "requires-cycle"
    assert "x → b → d → x" in finding.message


def test_a_circle_of_others_does_not_hang_and_is_not_blamed_on_who_requires_one_of_them() -> None:
    catalogue = library(a=["b"], b=["a"])
    assert codes("x", ["a"], catalogue) == []
    assert order("x", ["a"], catalogue) == ["b", "a", "x"]


def test_everything_is_installed_after_what_it_needs() -> None:
    catalogue = library(a=["c"], b=["c", "missing"], c=["d"], d=[])
    assert order("x", ["a", "b"], catalogue) == ["d", "c", "a", "b", "x"]
    assert required_by("c", catalogue) == ["a", "b"]


def test_a_chain_of_thousands_is_followed_to_its_end() -> None:
    catalogue = library(**{f"s{n}": [f"s{n + 1}"] for n in range(5_000)}, s5000=["s0"])
    assert order("s0", ["s1"], catalogue)[0] == "s5000"
    assert len(cycle("s0", ["s1"], catalogue)) == 5_002


def test_too_many_are_refused_rather_than_read() -> None:
    assert "requires-many" in codes("x", ["a"] * 21, library(a=[]))
    assert Requirement(name="a") == requirement("a")
