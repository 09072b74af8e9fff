"""Roles and what they begin with; recommendations and their reasons, weighed by hand."""

from pathlib import Path

import pytest

from domain.errors import SkillFileError
from domain.library.recommending import MountedSkill, companions_of, recommended, required_name
from domain.library.roles import Needed, Role, ShelvedSkill, default_roles, needed, parse_roles, starting_set
from domain.skill import SkillStatus


def shelved(name: str, **more: object) -> ShelvedSkill:
    given = {"category": "data", "description": f"About {name}.", "status": "active", "version": "1.0.0", "digest": "d"}
    return ShelvedSkill.model_validate({"name": name, **given, **more})


def test_the_default_roles_and_the_shipped_ones_can_be_read() -> None:
    shipped = Path(__file__).resolve().parents[3] / "skills" / "roles.yaml"
    for data in (default_roles(), shipped.read_bytes()):
        names = [role.name for role in parse_roles(data).roles]
        assert {"skill-author", "backend-developer", "operator", "data-analyst"} <= set(names)


def test_the_shipped_roles_name_only_skills_that_are_shipped() -> None:
    root = Path(__file__).resolve().parents[3] / "skills"
    shipped = {file.parent.name for file in root.glob("[a-z]*/*/SKILL.md")}
    roles = parse_roles((root / "roles.yaml").read_bytes()).roles
    assert {name for role in roles for name in role.skills} <= shipped
    assert all(role.skills for role in roles)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xff\xfe", "roles-not-utf8"),
        (b"other: 1\n", "roles-empty"),
        (b"roles: 5\n", "roles-empty"),
        (b"roles:\n  - name: A b\n", "roles-name"),
        (b"roles:\n  - 5\n", "roles-name"),
        (b"roles:\n  - name: a\n  - name: a\n", "roles-duplicate"),
        (b"#" * 300_000, "roles-too-large"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(data: bytes, code: str) -> None:
    with pytest.raises(SkillFileError) as caught:
        parse_roles(data)
    assert caught.value.code == code


def test_a_role_is_found_by_name_or_title() -> None:
    roles = parse_roles(default_roles())
    assert roles.find("data-analyst") is not None
    assert roles.find(" Data ANALYST ") == roles.find("data-analyst")
    assert roles.find("king") is None


def test_what_skills_require_is_found_once_each_nearest_first_and_never_through_one_that_is_not_active() -> None:
    shelf = [
        shelved("top", requires=["left", "right>=1.0.0", "top", "dead"]),
        shelved("left", requires=["base", "right"]),
        shelved("right", requires=["base", "top"]),
        shelved("base"),
        shelved("dead", status=SkillStatus.DEPRECATED, requires=["hidden"], replaced_by="base"),
        shelved("hidden"),
    ]
    found = needed(["top", "left", "unknown"], shelf)
    assert (found.skills, found.missing) == (
        ["right", "base"],
        ["top requires dead: dead is deprecated; use base instead"],
    )
    assert found.told == ["right, which top requires", "base, which left requires"]
    assert needed(["base"], shelf) == needed([], shelf) == Needed()


def test_a_long_chain_of_requirements_is_followed_to_its_end() -> None:
    shelf = [shelved(f"s{number}", requires=[f"s{number + 1}"]) for number in range(3_000)]
    found = needed(["s0"], shelf)
    assert len(found.skills) == 2_999
    assert found.missing == ["s3000, which s2999 requires, is not in the library"]


def test_a_starting_set_takes_names_tags_and_categories_and_tells_what_is_missing() -> None:
    role = Role(
        name="r",
        title="R",
        skills=["gone", "second", "old", "withdrawn"],
        tags=["sql"],
        categories=["design"],
    )
    shelf = [
        shelved("second"),
        shelved("old", status=SkillStatus.DEPRECATED, replaced_by="heir"),
        shelved("heir"),
        shelved("withdrawn", status=SkillStatus.YANKED, note="it leaks"),
        shelved("tagged", tags=["sql"]),
        shelved("yanked-tagged", tags=["sql"], status=SkillStatus.YANKED),
        shelved("shelf", category="design"),
        shelved("other"),
    ]
    found = starting_set(role, shelf)
    assert found.skills == ["second", "heir", "shelf", "tagged"]
    assert found.missing == [
        "gone is not in the library",
        "old is deprecated; use heir instead",
        "withdrawn is yanked: it leaks",
    ]


@pytest.mark.parametrize("text", ["base", "base>=1.2.0", "base>= 1", "base~=2"])
def test_a_requirement_names_a_skill(text: str) -> None:
    assert required_name(text) == "base"


def test_recommendations_add_up_their_reasons() -> None:
    """`base` is required (1.0) and was there in 3 of 4 sessions (0.75); `peer` belongs to the role (0.5) and was there
    in 1 of 4 (0.25); `used` was used already, `gone` is yanked, `mine` is mounted."""
    shelf = [
        shelved("mine", requires=["base>=1.0.0", "gone"]),
        *map(shelved, ("base", "peer", "used", "stranger")),
        shelved("gone", status=SkillStatus.YANKED),
    ]
    role = Role(name="analyst", title="Analyst", skills=["mine", "peer", "used"])
    pairs = [("base", "mine", 3), ("mine", "peer", 1), ("stranger", "base", 9)]
    companions = companions_of({"mine"}, pairs, {"mine": 4, "base": 12, "peer": 1, "stranger": 9})
    found = recommended(shelf, [MountedSkill(skill="mine", role="analyst")], {"used"}, companions, [role])
    assert [(one.skill, one.score) for one in found] == [("base", 1.75), ("peer", 0.75)]
    assert [reason.text for reason in found[0].reasons] == [
        "mine, which you have, needs it",
        "used in 3 of 4 sessions with mine",
    ]
    assert [reason.text for reason in found[1].reasons] == [
        "used in 1 of 4 sessions with mine",
        "belongs to your role Analyst",
    ]


def test_who_has_nothing_and_used_nothing_is_recommended_nothing() -> None:
    assert recommended([shelved("a")], [], set(), [], [Role(name="r", title="R", skills=["a"])]) == []
