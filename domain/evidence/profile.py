"""How thoroughly a skill is proven: how many cases and runs, who grades, and whether its description is tried.

Three profiles, because a hosted model and a small one on two cores differ by a factor of a hundred.
"""

from typing import Literal

from pydantic import Field

from domain.shape import Shape

ProfileName = Literal["standard", "quick", "local-small"]


class Profile(Shape):
    """`cases`: at most so many are written; `runs` of each in each arm. `judge`: a model grades what code cannot.

    `triggers`: the description is tried on queries. `sharpen`: cases that pass without the skill are made harder once.
    `rounds`: most revisions that answer failing cases. `compare`: revisions that pass as much are compared blindly.
    """

    name: ProfileName
    cases: int = Field(ge=1)
    runs: int = Field(ge=1)
    judge: bool = True
    triggers: bool = False
    sharpen: bool = False
    rounds: int = 1
    compare: bool = False


STANDARD = Profile(name="standard", cases=5, runs=3, triggers=True, sharpen=True, rounds=3, compare=True)
"""Five trials a task are usual (facts: SkillsBench); three keep a job at minutes."""

QUICK = Profile(name="quick", cases=2, runs=1)
"""A look: enough to see a skill fail, too little to prove it."""

LOCAL_SMALL = Profile(name="local-small", cases=2, runs=1, judge=False)
"""The small local model needs some ten seconds a run, and its verdicts were measured to be near chance."""

PROFILES: dict[ProfileName, Profile] = {one.name: one for one in (STANDARD, QUICK, LOCAL_SMALL)}


def profile_named(name: str) -> Profile | None:
    """The profile that a record names; None where it names none, or one of another release."""
    return next((one for one in PROFILES.values() if one.name == name), None)


def profile_for(wanted: Literal["auto"] | ProfileName, *, small: bool) -> Profile:
    """The profile of that name; `auto`: the one for the agent model, which is the `small` local one or not."""
    return PROFILES[wanted] if wanted != "auto" else LOCAL_SMALL if small else STANDARD
