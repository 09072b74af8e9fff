"""What the api and the command line say to each other about roles and mounted skills. Shapes only."""

from domain.shape import Shape
from domain.skill import SkillStatus


class RoleView(Shape):
    """A role with the skills it starts with; `missing` says in words what its file names and the library has not."""

    name: str
    title: str
    description: str
    skills: list[str]
    missing: list[str] = []


class RoleList(Shape):
    """`GET /profiles`, in the order of the file."""

    roles: list[RoleView]


class MountView(Shape):
    """A mounted skill. `notice`: it is deprecated or withdrawn, and what to use instead."""

    name: str
    category: str
    description: str
    status: SkillStatus
    version: str
    role: str | None = None
    notice: str | None = None


class MountList(Shape):
    """`GET /users/me/mounts`, by name."""

    mounts: list[MountView]


class Mounted(MountList):
    """What `PUT /users/me/mounts/{name}` did. `required` says in words what was mounted too and for which skill,
    `missing` what is required and is not there."""

    required: list[str] = []
    missing: list[str] = []


class Onboarded(Mounted):
    """What `POST /users/me/onboard` did: `added` is new, `missing` says what the role has and the library has not."""

    role: str
    added: list[str]
