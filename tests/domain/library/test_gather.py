"""The skills in a heap of files: where each begins, what belongs to it, and which shelf is meant."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.library import gather as subject
from domain.library.gather import FoundSkill, gather, shelf
from domain.library.unpack import Refused
from domain.skill import SkillFileEntry
from domain.taxonomy import default_taxonomy, parse_taxonomy

TAXONOMY = parse_taxonomy(default_taxonomy())


def files(*paths: str) -> list[SkillFileEntry]:
    return [SkillFileEntry(path=path, data=path.encode()) for path in paths]


def own(found: FoundSkill) -> list[str]:
    return [file.path for file in found.files]


def test_each_folder_with_a_skill_md_is_a_skill_and_the_rest_is_nobodys() -> None:
    found = gather(files("README.md", "a/SKILL.md", "a/x/y.md", "b/skill.md", "c/notes.md")).skills
    assert [(one.folder, own(one)) for one in found] == [("a", ["SKILL.md", "x/y.md"]), ("b", ["skill.md"])]


def test_a_skill_inside_a_skill_belongs_to_the_outer_one() -> None:
    [found] = gather(files("a/SKILL.md", "a/templates/t/SKILL.md")).skills
    assert own(found) == ["SKILL.md", "templates/t/SKILL.md"]


def test_a_skill_at_the_root_has_the_name_of_its_archive() -> None:
    [found] = gather(files("SKILL.md", "refs/a.md")).skills
    assert (found.folder, found.name("mine"), own(found)) == ("", "mine", ["SKILL.md", "refs/a.md"])


def test_what_was_refused_is_told_to_the_skill_it_belongs_to() -> None:
    lost = [Refused(path="a/link", code="member-link"), Refused(path="link", code="member-link")]
    first, second = gather(files("a/SKILL.md", "ab/SKILL.md"), lost).skills
    assert (first.refused, second.refused) == (lost[:1], [])


def test_too_deep_or_too_many_are_named() -> None:
    deep = "1/2/3/4/5/6/7"
    found = gather(files(f"{deep}/SKILL.md", "1/2/3/4/5/6/SKILL.md"))
    assert [one.folder for one in found.skills] == ["1/2/3/4/5/6"]
    found = gather(files(f"{deep}/SKILL.md"))
    assert [(one.path, one.code) for one in found.beyond] == [(deep, "too-deep")]
    many = gather(files(*(f"s{number:04}/SKILL.md" for number in range(subject.MAX_FOLDERS + 1))))
    assert (len(many.skills), [one.code for one in many.beyond]) == (subject.MAX_FOLDERS, ["too-many"])


def test_the_shelf_is_the_skills_own_word_then_the_nearest_folder_then_the_rule() -> None:
    found = FoundSkill(folder="repo/docs/coding/x", files=[])
    assert shelf(found, {"category": "Research"}, TAXONOMY) == "research"
    assert shelf(found, {"category": "nonsense"}, TAXONOMY) == "development"
    assert shelf(FoundSkill(folder="repo/x", files=[]), {}, TAXONOMY) == "general"


HOSTILE = ("/SKILL.md", "/tmp/evil/SKILL.md", "//x/SKILL.md", "///", "/", "//", "a//b/SKILL.md", "./SKILL.md", ".",
           "..", "../../SKILL.md", "a/\0/SKILL.md", "", "\\\\server\\SKILL.md", "C:/SKILL.md")  # fmt: skip


@pytest.mark.parametrize("path", HOSTILE)
@pytest.mark.parametrize("code", ["path-absolute", "path-outside", "path-illegal"])
def test_a_path_from_an_enemy_ends_and_takes_no_other_skill_with_it(path: str, code: str) -> None:
    found = gather(files("good/SKILL.md"), [Refused(path=path, code=code)])
    [good] = [one for one in found.skills if one.folder == "good"]
    assert (own(good), good.refused) == (["SKILL.md"], [])
    gather(files(path, "good/SKILL.md"))


PARTS = st.sampled_from(["", ".", "..", "a", "A", "SKILL.md", "skill.md", "\0", " ", "~", "C:", "\\", "\u202e"])
PATHS = st.lists(PARTS, max_size=12).map("/".join) | st.text(alphabet="/.aA\0", max_size=30)


@settings(max_examples=500, deadline=2000)
@given(st.lists(PATHS, max_size=8, unique=True), st.lists(PATHS, max_size=8))
def test_whatever_the_paths_it_ends_and_each_file_is_in_one_skill_at_most(taken: list[str], lost: list[str]) -> None:
    found = gather(files(*taken), [Refused(path=path, code="path-illegal") for path in lost])
    placed = [file.data for one in found.skills for file in one.files]
    assert len(placed) == len(set(placed)) <= len(taken)


def test_ten_thousand_folders_cost_little() -> None:
    began = time.process_time()
    deep = "a/" * 10_000 + "SKILL.md"
    assert gather(files(deep, "/" + deep), [Refused(path=deep, code="path-illegal")]).skills == []
    assert time.process_time() - began < 5


def test_a_skill_whose_skill_md_was_not_taken_is_found_all_the_same() -> None:
    lost = [Refused(path="b/SKILL.md", code="member-link"), Refused(path="SKILL.md", code="member-link")]
    found = gather(files("a/SKILL.md", "b/notes.md"), lost).skills
    assert [(one.folder, [lost.code for lost in one.refused]) for one in found] == [("a", []), ("b", ["member-link"])]


def test_files_that_case_alone_tells_apart_clash_within_a_skill_only() -> None:
    found = gather(files("A/SKILL.md", "a/SKILL.md", "a/x.md", "a/X.md", "a/Y", "a/y/z.md")).skills
    assert [(one.folder, sorted(lost.path for lost in one.refused)) for one in found] == [
        ("A", []),
        ("a", ["X.md", "Y", "x.md"]),
    ]
