"""Routes of profiles: the roles there are, and the set of skills that each person has mounted."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from api.dependencies import PersonDep, ServicesDep, storable
from api.described import problems
from api.errors import InvalidRequest
from api.roles import read_roles
from domain.errors import LibraryConflict, NotFound
from domain.library.profiles import Mounted, MountList, MountView, Onboarded, RoleList, RoleView
from domain.library.roles import Needed, Role, ShelvedSkill, StartingSet, needed, starting_set
from domain.shape import StrictShape
from domain.skill import SkillStatus
from store import mounts, usage
from store.session import Session

router = APIRouter(tags=["profiles"], dependencies=[Depends(storable)], responses=problems(503))


class OnboardRequest(StrictShape):
    """Body of `POST /users/me/onboard`."""

    role: Annotated[str, Field(min_length=1, max_length=120, examples=["backend-developer"])]


@router.get("/profiles", summary="The roles")
async def list_profiles(parts: ServicesDep) -> RoleList:
    """Every role with the skills it starts with, as the library is now."""
    roles = await read_roles(parts)
    async with parts.database.transaction() as session:
        shelf = await mounts.shelf(session)
    return RoleList(
        roles=[
            RoleView(
                name=role.name,
                title=role.title,
                description=role.description,
                skills=[*chosen.skills, *also.skills],
                missing=[*chosen.missing, *also.missing],
            )
            for role in roles.roles
            for chosen, also in [_begins_with(role, shelf)]
        ]
    )


@router.get("/users/me/mounts", summary="My skills")
async def list_mounts(parts: ServicesDep, asking: PersonDep) -> MountList:
    """The set of the person who asks; withdrawn skills stay in it, but no agent is served them."""
    async with parts.database.transaction() as session:
        return await _mounts(session, asking.name)


@router.put("/users/me/mounts/{name}", summary="Mount a skill", responses=problems(404, 409))
async def mount_skill(name: str, parts: ServicesDep, asking: PersonDep) -> Mounted:
    """Add a skill, by name or alias, and the active skills that it requires; twice is once."""
    async with parts.database.transaction() as session:
        skill = await _skill(session, name)
        if skill.status is SkillStatus.YANKED:
            raise LibraryConflict(f"{skill.notice}. A yanked skill cannot be mounted.")
        also = needed([skill.name], await mounts.shelf(session))
        await mounts.mount(session, asking.name, [skill.name, *also.skills])
        now = await _mounts(session, asking.name)
    return Mounted(mounts=now.mounts, required=also.told, missing=also.missing)


@router.delete("/users/me/mounts/{name}", summary="Unmount a skill", responses=problems(404))
async def unmount_skill(name: str, parts: ServicesDep, asking: PersonDep) -> MountList:
    """Take a skill out of the set."""
    async with parts.database.transaction() as session:
        own = (await usage.names_of(session, [name])).get(name, name)
        if not await mounts.unmount(session, asking.name, own):
            raise NotFound(f"You have not mounted {name[:140]!r}. See what you have: GET /api/v1/users/me/mounts.")
        return await _mounts(session, asking.name)


@router.post("/users/me/onboard", summary="Begin in a role", responses=problems(422))
async def onboard(body: OnboardRequest, parts: ServicesDep, asking: PersonDep) -> Onboarded:
    """Mount the starting set of a role and what it requires; again changes nothing more. What the role names or needs
    and the library has not is told."""
    roles = await read_roles(parts)
    role = roles.find(body.role)
    if role is None:
        known = ", ".join(one.name for one in roles.roles)
        message = f"There is no role {body.role!r}; there are: {known}."
        raise InvalidRequest(message, {"role": message})
    async with parts.database.transaction() as session:
        chosen, also = _begins_with(role, await mounts.shelf(session))
        added = await mounts.mount(session, asking.name, [*chosen.skills, *also.skills], role.name)
        now = await _mounts(session, asking.name)
    return Onboarded(
        role=role.name,
        added=sorted(added),
        required=also.told,
        missing=[*chosen.missing, *also.missing],
        mounts=now.mounts,
    )


def _begins_with(role: Role, shelf: Sequence[ShelvedSkill]) -> tuple[StartingSet, Needed]:
    chosen = starting_set(role, shelf)
    return chosen, needed(chosen.skills, shelf)


async def _skill(session: Session, word: str) -> ShelvedSkill:
    name = (await usage.names_of(session, [word])).get(word)
    found = next((one for one in await mounts.shelf(session) if one.name == name), None)
    if found is None:
        raise NotFound(f"There is no published skill {word[:140]!r}. See the list: GET /api/v1/skills.")
    return found


async def _mounts(session: Session, person: str) -> MountList:
    known = {one.name: one for one in await mounts.shelf(session)}
    return MountList(
        mounts=[
            MountView(
                **known[one.skill].model_dump(include={"name", "category", "description", "status", "version"}),
                role=one.role,
                notice=known[one.skill].notice,
            )
            for one in await mounts.mounted(session, person)
            if one.skill in known
        ]
    )
