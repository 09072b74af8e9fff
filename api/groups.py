"""Routes of groups: the people whom jobs can be assigned to together."""

import re
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from api.dependencies import PersonDep, ServicesDep, storable, user_problem
from api.described import problems
from api.errors import InvalidRequest, NotAllowed
from api.permissions import Group, Verb, may
from domain.errors import NotFound
from domain.shape import StrictShape
from store import groups

MAX_MEMBERS = 1_000

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_NAME = 64

router = APIRouter(prefix="/groups", tags=["groups"], dependencies=[Depends(storable)], responses=problems(503))


class GroupView(StrictShape):
    """One group; `group:<name>` is what a job is assigned to."""

    name: str
    members: list[str]


class GroupList(StrictShape):
    """`GET /groups`, by name."""

    groups: list[GroupView]


class Members(StrictShape):
    """Body of `PUT /groups/{name}`: all members, replacing those there are."""

    members: Annotated[list[str], Field(min_length=1, max_length=MAX_MEMBERS, examples=[["ada", "bob"]])]


@router.get("", summary="List groups")
async def list_groups(parts: ServicesDep) -> GroupList:
    """Every group with its members."""
    async with parts.database.transaction() as session:
        known = await groups.all_groups(session)
    return GroupList(groups=[GroupView(name=name, members=members) for name, members in known.items()])


@router.get("/{name}", summary="One group", responses=problems(404))
async def read_group(name: str, parts: ServicesDep) -> GroupView:
    """A group with its members."""
    async with parts.database.transaction() as session:
        members = await groups.members(session, name)
    if not members:
        raise NotFound(f"There is no group {name!r}. See the list: GET /api/v1/groups.")
    return GroupView(name=name, members=members)


@router.put("/{name}", summary="Make or change a group", responses=problems(403, 422))
async def write_group(name: str, body: Members, parts: ServicesDep, asking: PersonDep) -> GroupView:
    """Set the members. Anyone may make a group; only its members (and `local`) may change one, because whoever is in it
    acts for the owners of the jobs it was given."""
    wanted = _checked(name, body.members)
    async with parts.database.transaction() as session:
        await groups.lock(session, name)
        standing = await groups.members(session, name)
        if standing and not may(asking, Verb.CHANGE, Group(frozenset(standing))):
            raise NotAllowed(f"Only a member changes the group {name!r}. Ask one of them: {', '.join(standing[:5])}.")
        await groups.set_members(session, name, wanted)
    return GroupView(name=name, members=wanted)


def _checked(name: str, members: list[str]) -> list[str]:
    """The members, sorted and once each. Raises InvalidRequest."""
    if len(name) > LONGEST_NAME or not SLUG.fullmatch(name):
        message = f"A group's name has 1 to {LONGEST_NAME} small letters and digits, in words joined by a hyphen."
        raise InvalidRequest(message, {"name": message})
    named = [member.strip() for member in members]
    wrong = {f"members.{place}": problem for place, member in enumerate(named) if (problem := user_problem(member))}
    if wrong:
        raise InvalidRequest("Not every member is a name.", wrong)
    return sorted(set(named))
