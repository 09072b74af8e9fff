"""Routes of imports: begin one with an archive that was sent in, and read what became of each skill."""

import asyncio
from datetime import timedelta
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Response
from pydantic import Field
from temporalio.common import WorkflowIDReusePolicy

from api.dependencies import PersonDep, Services, ServicesDep, storable
from api.described import problems
from api.errors import InvalidRequest, TemporalUnavailable
from api.permissions import Verb, may
from api.temporal import RPC, WORKFLOW_TASK, bounded
from domain.errors import InvalidAnswer, NotFound
from domain.library.importing import MAX_REASON, Checkout, ImportView, ImportWish, without_login
from domain.shape import StrictShape
from domain.taxonomy import place
from store import imports, uploads
from workflows.import_messages import ForImport
from workflows.import_skills import ImportSkills
from workflows.steps import WORKFLOWS

ARCHIVES = frozenset({"application/zip", "application/gzip"})

LONGEST = timedelta(days=1)
"""An import that cannot end within a day (no worker, no database) is given up."""

Code = Annotated[str, Field(min_length=1, max_length=64)]

router = APIRouter(prefix="/library/imports", tags=["library"], responses=problems(503))


class ImportRequest(StrictShape):
    """Body of `POST /library/imports`."""

    source_id: UUID = Field(description="The archive, sent to `POST /sources` before.")
    category: str | None = Field(None, description="The shelf for all of them; default: each skill's own.")
    dry_run: bool = Field(False, description="Write nothing; the report is the same.")
    update: bool = Field(False, description="Other bytes under a taken name become its next version.")
    migrate: bool = Field(False, description="Bring each skill into form first, as `skills migrate` does.")
    accept_findings: Annotated[list[Code], Field(max_length=50)] = []
    reason: Annotated[str, Field(max_length=MAX_REASON, description="Why these findings may stand.")] = ""
    commit: Annotated[str | None, Field(pattern=r"^[0-9a-f]{7,64}$")] = None
    remote: Annotated[str | None, Field(max_length=500)] = None
    path: Annotated[
        str | None, Field(max_length=1000, description="Where the archive's one top folder lies in the repository.")
    ] = None
    dirty: bool = Field(False, description="The files are not those of a commit; then none may be named.")


@router.post(
    "",
    status_code=202,
    summary="Import skills",
    responses=problems(409, 422),
    dependencies=[Depends(storable)],
)
async def create_import(body: ImportRequest, response: Response, parts: ServicesDep, asking: PersonDep) -> ImportView:
    """Import every skill of an archive; `Location` says where to read what became of each."""
    wish = await _wish(parts, body)
    await _own_archive(parts, body.source_id, asking.name)
    import_id = uuid4()
    async with parts.database.transaction() as session:
        await imports.request(session, import_id, body.source_id, asking.name, wish)
    try:
        await _start(parts, import_id)
    except TemporalUnavailable:
        async with parts.database.transaction() as session:
            await imports.withdraw(session, import_id)
        raise
    response.headers["Location"] = f"/api/v1/library/imports/{import_id}"
    async with parts.database.transaction() as session:
        return await imports.view(session, import_id)


@router.get("/{import_id}", summary="What became of each skill", responses=problems(404))
async def read_import(import_id: UUID, parts: ServicesDep, asking: PersonDep) -> ImportView:
    """How far an import is, with one line a skill: its verdict, its place, and why it was refused."""
    async with parts.database.transaction() as session:
        view = await imports.view(session, import_id)
    if not may(asking, Verb.INSPECT, view):
        raise NotFound(f"There is no import {import_id}, or it is not yours.")
    return view


async def _wish(parts: Services, body: ImportRequest) -> ImportWish:
    """What is asked for, with the canonical category. Raises InvalidRequest."""
    if body.accept_findings and not body.reason.strip():
        message = "Say why these findings may stand: it goes on record with your name."
        raise InvalidRequest(message, {"reason": message})
    category = None
    if body.category is not None:
        taxonomy = await asyncio.to_thread(parts.library.taxonomy)
        try:
            category = place(body.category, taxonomy, by_person=True)
        except InvalidAnswer as unknown:
            raise InvalidRequest(str(unknown), {"category": str(unknown)}) from unknown
    return ImportWish(
        category=category,
        dry_run=body.dry_run,
        update=body.update,
        migrate=body.migrate,
        accept=sorted(set(body.accept_findings)),
        reason=body.reason.strip(),
        checkout=_checkout(body),
    )


def _checkout(body: ImportRequest) -> Checkout | None:
    """Where the files come from, without a name or password. Raises InvalidRequest."""
    if body.dirty and body.commit:
        message = "Files that were changed are not those of a commit: leave it out, or say `dirty: false`."
        raise InvalidRequest(message, {"commit": message})
    if not (body.commit or body.remote):
        return None
    remote = without_login(body.remote) if body.remote else None
    return Checkout(commit=body.commit, remote=remote, path=body.path, dirty=body.dirty)


async def _own_archive(parts: Services, source_id: UUID, user_id: str) -> None:
    async with parts.database.transaction() as session:
        known = await uploads.of_person(session, source_id, user_id)
    if known is None or known.media_type not in ARCHIVES:
        message = f"{source_id} is no archive of yours: send a .zip or .tar.gz to POST /sources first."
        raise InvalidRequest(message, {"source_id": message})


async def _start(parts: Services, import_id: UUID) -> None:
    async with bounded():
        await parts.temporal.client.start_workflow(
            ImportSkills.run,
            ForImport(import_id=import_id),
            id=f"import-skills:{import_id}",
            task_queue=WORKFLOWS,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            static_summary="Import skills",
            execution_timeout=LONGEST,
            task_timeout=WORKFLOW_TASK,
            rpc_timeout=RPC,
        )
