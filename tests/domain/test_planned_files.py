"""Files that a plan may ask for: legal places only, whatever a model proposes."""

import re
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.planned_files import MOST_FILES, MOST_PATH, distinct_files, planned_file


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("references/error-codes.md", "reference"),
        ("./references/a.md", "reference"),
        (" scripts/count_words.py ", "script"),
        ("scripts/sum-up.sh", "script"),
    ],
)
def test_a_legal_path_has_the_kind_of_its_folder(path: str, kind: str) -> None:
    found = planned_file(path, "Counts the words.")
    assert found is not None
    assert (found.kind, found.path) == (kind, path.strip().removeprefix("./"))


@pytest.mark.parametrize(
    "path",
    [
        "",
        "../references/a.md",
        "references/../../etc/passwd.md",
        "/references/a.md",
        "references/a/b.md",
        "references\\a.md",
        "references/a.md\n",
        "references/a.md/",
        "references/.md",
        "references/con.md",
        "scripts/nul.py",
        "references/Ä.md",
        "references/a b.md",
        "references/a.MD",
        "references/a.py",
        "scripts/a.md",
        "scripts/a.exe",
        "scripts/-rf.sh",
        "SKILL.md",
        "assets/a.md",
        "references/a.md; rm -rf ~",
        "references/" + "a" * MOST_PATH + ".md",
        "././references/a.md",
        "references/\u202ea.md",
    ],
)
def test_a_hostile_or_odd_path_is_dropped(path: str) -> None:
    if path.strip() == "references/a.md":  # a line break around it is no part of it
        assert planned_file(path, "Says it.") == planned_file("references/a.md", "Says it.")
    else:
        assert planned_file(path, "Says it.") is None


def test_a_file_of_which_nothing_is_said_is_none() -> None:
    assert planned_file("references/a.md", " \n") is None


def test_a_long_purpose_is_cut_and_stands_in_one_line() -> None:
    found = planned_file("references/a.md", "Says\nit. " * 100)
    assert found is not None
    assert len(found.purpose) <= 200
    assert "\n" not in found.purpose


@given(st.lists(st.text(alphabet="abc/.-_ references\\scripts.mdpyh\n\x00", max_size=40)))
def test_whatever_is_proposed_only_a_few_different_places_inside_the_skill_are_left(paths: list[str]) -> None:
    found = distinct_files(planned_file(path, "Says it.") for path in paths)
    assert len(found) <= MOST_FILES
    assert len({file.path for file in found}) == len(found)
    for file in found:
        assert PurePosixPath(file.path).parts[0] in ("references", "scripts")
        assert len(PurePosixPath(file.path).parts) == 2
        assert re.fullmatch(r"[a-z0-9/._-]+", file.path)
        assert ".." not in file.path


def test_each_place_is_planned_once_and_no_more_than_four() -> None:
    many = [planned_file(f"references/part-{number}.md", "Says it.") for number in (1, 1, 2, 3, 4, 5)]
    assert [file.path for file in distinct_files(many)] == [f"references/part-{number}.md" for number in (1, 2, 3, 4)]
