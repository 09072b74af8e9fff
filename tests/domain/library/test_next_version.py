"""Which number comes next: the author's if they gave a higher one, else by what a reader notices."""

import pytest

from domain.errors import LibraryConflict
from domain.library.next_version import next_version
from domain.library.semver import Bump
from domain.skill import METADATA_FILE, SKILL_FILE, SkillFileEntry


def files(
    body: str = "Body.", *, said: str = "Does it.", version: str = "", tools: str = "", **more: bytes
) -> list[SkillFileEntry]:
    extra = (f'metadata:\n  version: "{version}"\n' if version else "") + (f"allowed-tools: {tools}\n" if tools else "")
    text = f"---\nname: a\ndescription: {said}\n{extra}---\n\n{body}\n"
    found = [SkillFileEntry(path=SKILL_FILE, data=text.encode())]
    return [*found, *(SkillFileEntry(path=path, data=data) for path, data in more.items())]


OLD = files()


def test_the_first_is_1_0_0_or_what_its_author_says() -> None:
    assert next_version(None, (), files()) == "1.0.0"
    assert next_version(None, (), files(version="0.3.0")) == "0.3.0"


@pytest.mark.parametrize(
    ("new", "next_"),
    [
        (files("Other."), "1.2.4"),
        (files(said="Does more."), "1.3.0"),
        (files(tools="Bash"), "1.3.0"),
        (files(more=b"x"), "1.3.0"),
        ([*files("Other."), SkillFileEntry(path=METADATA_FILE, data=b"{}")], "1.2.4"),
        (files(version="2.0.0"), "2.0.0"),
    ],
)
def test_what_a_reader_notices_raises_the_middle_number_else_the_last(new: list[SkillFileEntry], next_: str) -> None:
    assert next_version("1.2.3", OLD, new) == next_


def test_a_wanted_bump_counts_before_what_changed() -> None:
    assert next_version("1.2.3", OLD, files("Other."), Bump.MAJOR) == "2.0.0"


def test_a_number_that_its_author_left_as_it_was_says_nothing() -> None:
    assert next_version("1.2.3", files(version="1.0.0"), files("Other.", version="1.0.0")) == "1.2.4"


@pytest.mark.parametrize(
    ("version", "first", "next_"),
    [
        ("1.0", "1.0.0", "1.2.4"),
        ("1.2", "1.2.0", "1.2.4"),
        ("1", "1.0.0", "1.2.4"),
        ("1.3", "1.3.0", "1.3.0"),
        ("2", "2.0.0", "2.0.0"),
        ("v2.1", "2.1.0", "2.1.0"),
        ("V1.2.3", "1.2.3", "1.2.4"),
        (" 1.4 ", "1.4.0", "1.4.0"),
        ("01.3", "1.3.0", "1.3.0"),
    ],
)
def test_a_number_that_is_not_three_counts_when_it_is_higher_and_is_never_refused(
    version: str, first: str, next_: str
) -> None:
    assert next_version(None, (), files(version=version)) == first
    assert next_version("1.2.3", OLD, files("Other.", version=version)) == next_


@pytest.mark.parametrize("version", ["2.0.0-rc1", "١.٢.٣", "x" * 500, "1.0.0.0", "9" * 10, "latest", "-1", "1.", "²"])
def test_what_is_no_number_says_nothing(version: str) -> None:
    assert next_version(None, (), files(version=version)) == "1.0.0"
    assert next_version("1.2.3", OLD, files("Other.", version=version)) == "1.2.4"


@pytest.mark.parametrize("version", ["1.2.3", "1.0.0", "0.9.9"])
def test_a_clear_number_that_is_not_higher_is_refused_with_what_to_write(version: str) -> None:
    with pytest.raises(LibraryConflict, match=r"metadata\.version"):
        next_version("1.2.3", OLD, files(version=version))


def test_files_that_nobody_can_read_get_a_number_too() -> None:
    broken = [SkillFileEntry(path=SKILL_FILE, data=b"\xff")]
    assert next_version("1.2.3", OLD, broken) == "1.3.0"
    assert next_version(None, (), broken) == "1.0.0"
