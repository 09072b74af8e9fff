"""Routes for what people do to published skills, and for the check of the library. Each runs a workflow and waits.

Who asks is on record with every change; roles come later. Writes no row itself.
"""

from typing import Annotated, Literal, TypeVar
from uuid import uuid4

from fastapi import APIRouter
from pydantic import Field
from temporalio.client import WorkflowHandle
from temporalio.exceptions import WorkflowAlreadyStartedError

from api import published
from api.dependencies import PersonDep, Services, ServicesDep
from api.described import problems
from api.errors import InvalidRequest, TemporalUnavailable
from api.permissions import Person
from api.temporal import RPC, WORKFLOW_TASK, bounded, result_of
from domain.errors import LibraryConflict
from domain.library.curation import LibraryReport, SkillChanged
from domain.library.dependencies import required_by
from domain.prompt import MAX_ANSWER
from domain.shape import StrictShape
from domain.skill import SkillStatus
from store import requirements
from workflows.check_library import WORKFLOW, CheckLibrary
from workflows.curate_skill import CurateSkill
from workflows.library_messages import CheckRequest, CurateRequest, Curation
from workflows.steps import WORKFLOWS

Given = TypeVar("Given")
Made = TypeVar("Made")

router = APIRouter(tags=["library"], responses=problems(404, 409, 503))

PATIENCE = 10.0
"""Seconds to wait for the end of a change."""
CHECK_PATIENCE = 25.0
"""The same for a check, which looks at every file."""

Reason = Annotated[str, Field(min_length=1, max_length=MAX_ANSWER, description="Why; it goes on record.")]
Name = Annotated[str, Field(min_length=1, max_length=64)]


class RollbackRequest(StrictShape):
    """Body of `POST /skills/{path}/rollback`. Without a `version`: to the one before; where none is, it is yanked."""

    version: str | None = Field(None, max_length=40, examples=["1.0.0"])
    reason: Reason


class StatusRequest(StrictShape):
    """Body of `POST /skills/{path}/status`: out of use with a note, withdrawn, or in use again."""

    status: Literal["deprecated", "yanked", "active"]
    reason: Reason
    replaced_by: Name | None = Field(None, description="The skill to use instead.")


class AliasRequest(StrictShape):
    """Body of `PUT /skills/aliases/{alias}`: which skill it means."""

    name: Name


class LibraryCheckRequest(StrictShape):
    """Body of `POST /library/check`."""

    repair: bool = Field(False, description="Make files what the rows say; what people edited is kept aside.")


KINDS = {"deprecated": Curation.DEPRECATE, "yanked": Curation.YANK, "active": Curation.RESTORE}


@router.put("/skills/aliases/{alias}", summary="Give a skill another name")
async def name_skill(alias: str, body: AliasRequest, parts: ServicesDep, asking: PersonDep) -> SkillChanged:
    """Whoever asks for that name gets the skill, and a warning that says its own."""
    return await _curate(parts, asking, body.name, Curation.ALIAS, alias=alias)


@router.delete("/skills/aliases/{alias}", summary="Take another name away")
async def unname_skill(alias: str, parts: ServicesDep, asking: PersonDep) -> SkillChanged:
    """Nobody finds the skill by it any more; it is free for another one."""
    return await _curate(parts, asking, alias, Curation.UNALIAS, alias=alias)


@router.post("/skills/{path:path}/rollback", summary="Go back to an earlier version")
async def roll_back(path: str, body: RollbackRequest, parts: ServicesDep, asking: PersonDep) -> SkillChanged:
    """Agents read that version again, byte for byte. Every version stays; the next one is numbered above all."""
    return await _curate(parts, asking, path, Curation.ROLLBACK, version=body.version or "", reason=body.reason)


@router.post("/skills/{path:path}/status", summary="Deprecate, yank or restore")
async def set_status(path: str, body: StatusRequest, parts: ServicesDep, asking: PersonDep) -> SkillChanged:
    """A deprecated skill stays, with the note; a yanked one leaves folder and lists, its versions stay readable, and
    the answer names the active skills that require it (`required_by`)."""
    if body.status == "active" and body.replaced_by:
        told = {"replaced_by": "A skill in use is replaced by none: leave it out."}
        raise InvalidRequest("`replaced_by` does not go with `active`.", told)
    return await _curate(parts, asking, path, KINDS[body.status], reason=body.reason, replaced_by=body.replaced_by)


@router.post("/library/check", summary="Compare rows and files")
async def check_library(body: LibraryCheckRequest, parts: ServicesDep, asking: PersonDep) -> LibraryReport:
    """What differs between the database and the library's folder, both ways. One check runs at a time."""
    request = CheckRequest(repair=body.repair, by=asking.name)
    try:
        async with bounded():
            handle = await parts.temporal.client.start_workflow(
                CheckLibrary.run,
                request,
                id=WORKFLOW,
                task_queue=WORKFLOWS,
                static_summary=f"Check the library{' and repair it' if body.repair else ''}",
                task_timeout=WORKFLOW_TASK,
                rpc_timeout=RPC,
            )
    except WorkflowAlreadyStartedError as other:
        raise LibraryConflict(
            "A check of the library runs already. Wait for its end, then begin another one."
        ) from other
    return await _end(handle, CHECK_PATIENCE)


async def _curate(parts: Services, asking: Person, path: str, kind: Curation, **how: str | None) -> SkillChanged:
    async with parts.database.transaction() as session:
        row = (await published.find(session, path)).row
    request = CurateRequest.model_validate(
        {"change_id": uuid4(), "kind": kind, "name": row.name, "by": asking.name, **how}
    )
    async with bounded():
        handle = await parts.temporal.client.start_workflow(
            CurateSkill.run,
            request,
            id=f"curate-skill:{request.change_id}",
            task_queue=WORKFLOWS,
            static_summary=f"{kind} {row.name}",
            task_timeout=WORKFLOW_TASK,
            rpc_timeout=RPC,
        )
    done = await _end(handle, PATIENCE)
    changed = SkillChanged(name=row.name, path=done.path, version=done.version, status=done.status)
    if done.status != SkillStatus.YANKED:
        return changed
    async with parts.database.transaction() as session:
        known = await requirements.catalogue(session)
    missing_it = [other for other in required_by(row.name, known) if known[other].status is SkillStatus.ACTIVE]
    return changed.model_copy(update={"required_by": missing_it})


async def _end(handle: WorkflowHandle[Given, Made], within: float) -> Made:
    """What it came to. Raises TemporalUnavailable when that takes longer than we wait; it goes on by itself."""
    made = await result_of(handle, within)
    if made is None:
        raise TemporalUnavailable(
            f"It has not ended after {within:g} s and goes on by itself: it waits for a worker (`skill-fleet doctor`), "
            f"or there is much to do. Workflow: {handle.id}."
        )
    return made
