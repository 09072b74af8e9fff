"""Route of the settings: what is in use and how it is, for people. Never a key, a password, a path or a whole address.

What only the machine's owner needs is left out for everybody else; health is told to all, as `/health` does.
"""

import asyncio
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from fastapi import APIRouter
from sqlalchemy.exc import SQLAlchemyError

from api.checks import WITHIN
from api.dependencies import PersonDep, Services, ServicesDep
from api.described import problems
from api.health import DatabaseHealth, Ready, pool_now, ready_now
from api.permissions import LOCAL, Person, Verb, may
from api.worker_build import WorkerBuild, current_build
from domain.configured import Configured
from domain.evidence.policy import Policy
from domain.evidence.profile import Profile
from domain.shape import StrictShape
from store import groups

router = APIRouter(tags=["operators"], responses=problems(503))

NO_AUTHENTICATION = (
    "Requests to this api need no key: it answers on this machine only, and believes who says who they are. "
    "Authentication comes in a later release; until then put a proxy that authenticates people before it."
)

MayDo = Literal["author", "reviewer", "operator"]


@dataclass(frozen=True)
class Installation:
    """The settings of this machine, which are its owner's."""

    user_id: str = LOCAL


class Me(StrictShape):
    """Who asks. Everybody starts jobs and answers; `operator`: sees and does what is the machine's owner's.

    `groups`: None while the database is away.
    """

    name: str
    roles: list[MayDo]
    groups: list[str] | None


class Versions(StrictShape):
    """What runs. `skill_fleet` is empty where it was not installed as a package; `worker` None where workers have no
    versions, or Temporal is away."""

    skill_fleet: str
    python: str
    worker: WorkerBuild | None


class SettingsView(StrictShape):
    """`GET /settings`. Of the process that answers: a worker that was started apart may have other settings.

    `models`: names by role, of those that are configured. `operator`: None for whoever is none.
    """

    me: Me
    authentication: str
    models: dict[str, str]
    profile: Profile
    policy: Policy
    health: Ready
    pool: DatabaseHealth
    versions: Versions
    operator: Configured | None


@router.get("/settings", summary="What is in use")
async def read_settings(parts: ServicesDep, asking: PersonDep) -> SettingsView:
    """Models, evidence, health, versions, and who you are; for the machine's owner also where keys are set, what is
    kept how long, and who is notified. Secrets are never shown. Answers while the database or Temporal is away."""
    operator = may(asking, Verb.INSPECT, Installation())
    theirs, health, build = await asyncio.gather(
        _groups_of(parts, asking), ready_now(parts), current_build(parts.temporal)
    )
    known = parts.configured
    roles: list[MayDo] = ["author", "reviewer"]
    return SettingsView(
        me=Me(name=asking.name, roles=[*roles, "operator"] if operator else roles, groups=theirs),
        authentication=NO_AUTHENTICATION,
        models={one.role: one.model for one in known.models if one.model is not None},
        profile=known.profile,
        policy=known.policy,
        health=health,
        pool=pool_now(parts),
        versions=Versions(skill_fleet=_installed(), python=sys.version.split()[0], worker=build),
        operator=known if operator else None,
    )


async def _groups_of(parts: Services, asking: Person) -> list[str] | None:
    try:
        async with asyncio.timeout(WITHIN), parts.database.transaction() as session:
            return await groups.of_person(session, asking.name)
    except (SQLAlchemyError, TimeoutError):
        return None


def _installed() -> str:
    try:
        return version("skill-fleet")
    except PackageNotFoundError:
        return ""
