"""Which skills a person might mount next, and why. Every reason can be said in a sentence; nothing is guessed."""

import re
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum

from domain.library.roles import Role, ShelvedSkill, starting_set
from domain.shape import Shape
from domain.skill import SkillStatus

MOST_RECOMMENDED = 10

REQUIRED, OF_THE_ROLE = 1.0, 0.5
"""Weights of a skill that a mounted one needs, and of one of the person's role; what is used together weighs the share
of the sessions with theirs in which it was there too."""

_NAME = re.compile(r"[^\s<>=!~^]+")


class ReasonKind(StrEnum):
    """Why a skill is recommended."""

    REQUIRED = "required"
    TOGETHER = "together"
    ROLE = "role"


class Reason(Shape):
    """One reason in words."""

    kind: ReasonKind
    text: str


class Recommendation(Shape):
    """A skill to mount, with all reasons; `score` is the sum of their weights."""

    skill: str
    description: str
    score: float
    reasons: list[Reason]


class MountedSkill(Shape):
    """A skill in a person's set, and the role it came with."""

    skill: str
    role: str | None = None


class Companion(Shape):
    """Two skills that met in `sessions`, of the `of` sessions in which `theirs` was used."""

    theirs: str
    other: str
    sessions: int
    of: int


def recommended(
    shelf: Sequence[ShelvedSkill],
    mounted: Sequence[MountedSkill],
    used: Collection[str],
    companions: Sequence[Companion],
    roles: Sequence[Role],
) -> list[Recommendation]:
    """The best skills that are active and not mounted. `used`: what the person has used without mounting it; such a
    skill is recommended only when a mounted one needs it."""
    have = {one.skill for one in mounted}
    active = {one.name: one for one in shelf if one.status is SkillStatus.ACTIVE and one.name not in have}
    weighed: dict[str, dict[str, tuple[float, Reason]]] = {}
    for name, weight, reason in (
        *_required(shelf, have),
        *_together(companions, used),
        *_of_roles(shelf, mounted, roles, used),
    ):
        best = weighed.setdefault(name, {})
        if reason.kind not in best or best[reason.kind][0] < weight:
            best[reason.kind] = (weight, reason)
    found = [
        Recommendation(
            skill=name,
            description=active[name].description,
            score=sum(weight for weight, _ in reasons.values()),
            reasons=[reason for _, reason in reasons.values()],
        )
        for name, reasons in weighed.items()
        if name in active
    ]
    return sorted(found, key=lambda one: (-one.score, one.skill))[:MOST_RECOMMENDED]


def required_name(requirement: str) -> str:
    """The name in `name` or `name>=1.2.0`."""
    found = _NAME.match(requirement)
    return found.group() if found else requirement


def companions_of(
    theirs: Collection[str], pairs: Sequence[tuple[str, str, int]], in_sessions: Mapping[str, int]
) -> list[Companion]:
    """The pairs in which exactly one skill is theirs, seen from that one."""
    return [
        Companion(theirs=mine, other=other, sessions=sessions, of=in_sessions[mine])
        for first, second, sessions in pairs
        for mine, other in ((first, second), (second, first))
        if mine in theirs and other not in theirs
    ]


def _required(shelf: Sequence[ShelvedSkill], have: Collection[str]) -> list[tuple[str, float, Reason]]:
    return [
        (required_name(need), REQUIRED, Reason(kind=ReasonKind.REQUIRED, text=f"{one.name}, which you have, needs it"))
        for one in shelf
        if one.name in have
        for need in one.requires
    ]


def _together(companions: Sequence[Companion], used: Collection[str]) -> list[tuple[str, float, Reason]]:
    return [
        (
            one.other,
            one.sessions / one.of,
            Reason(
                kind=ReasonKind.TOGETHER,
                text=f"used in {one.sessions} of {one.of} sessions with {one.theirs}",
            ),
        )
        for one in companions
        if one.other not in used
    ]


def _of_roles(
    shelf: Sequence[ShelvedSkill], mounted: Sequence[MountedSkill], roles: Sequence[Role], used: Collection[str]
) -> list[tuple[str, float, Reason]]:
    own = {one.role for one in mounted}
    return [
        (name, OF_THE_ROLE, Reason(kind=ReasonKind.ROLE, text=f"belongs to your role {role.title}"))
        for role in roles
        if role.name in own
        for name in starting_set(role, shelf).skills
        if name not in used
    ]
