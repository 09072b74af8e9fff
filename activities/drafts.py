"""Drafts on disk: a revision under `_drafts/<job>/<name>`, whole or not at all, with its row. Safe to repeat."""

import asyncio
from uuid import UUID

from activities.shelves import Shelves
from domain.errors import LibraryConflict
from domain.skill import DRAFTS
from store import jobs, revisions, skills
from store.session import Database


async def save(database: Database, shelves: Shelves, job_id: UUID, number: int) -> None:
    """Write revision `number` to the job's draft folder and bring its row up to date. No session is held over a file.

    Raises LibraryConflict when another job has taken the name meanwhile, OSError when the disk refuses.
    """
    async with database.transaction() as session:
        plan = await jobs.plan_of(session, job_id)
        files = await revisions.files(session, job_id, number)
        digest = (await revisions.summary(session, job_id, number)).digest
    path = draft_path(job_id, plan.name)
    await asyncio.to_thread(shelves.replace, path, files)
    async with database.transaction() as session:
        if not await skills.reserve(session, plan.name, plan.category, plan.description, digest, job_id):
            raise LibraryConflict(f"The name {plan.name} was taken by another job: revise the plan.")
        message = f"the draft is saved under {path}"
        await jobs.change(session, job_id, f"draft:{number}", "draft", message, draft_path=path)
        await jobs.merge_result(session, job_id, draft_path=path, revision=number, digest=digest)


def draft_path(job_id: UUID, name: str) -> str:
    """Where a draft lies: POSIX, relative to the library."""
    return f"{DRAFTS}/{job_id}/{name}"
