"""One revision of a job's skill: the text, and what changed."""

import asyncio
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from markupsafe import Markup
from pydantic import ConfigDict

from api.dependencies import JobToRead, Services, ServicesDep
from api.pages.frame import View, templates
from api.pages.rendering import DiffLine, diff_lines, skill_html
from api.reading import KnownJob
from api.record import Number
from domain.compare.diff import unified
from domain.skill import RevisionView
from store import revisions

router = APIRouter()


class RevisionPageView(View):
    """One revision of a job's skill, and what it changed. `key` makes a form that is sent twice start one job."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    job: KnownJob
    revision: RevisionView
    rendered: Markup
    diff: list[DiffLine]
    key: str


@router.get("/jobs/{job_id}/revisions/{n}")
async def show_revision(request: Request, job: JobToRead, n: Number, parts: ServicesDep) -> Response:
    """One revision: the skill, and what changed."""
    return templates.page(request, "revision/page.html", await _view(parts, job, n))


async def _view(parts: Services, job: KnownJob, n: int) -> RevisionPageView:
    """One revision of a job's skill. Raises NotFound."""
    async with parts.database.transaction() as session:
        shown = await revisions.view(session, job.job_id, n)
        before = await revisions.content(session, job.job_id, n - 1) if n > 1 else shown.content
    names = f"revision {n - 1}", f"revision {n}"
    diff = diff_lines(await asyncio.to_thread(unified, before, shown.content, *names))
    return RevisionPageView(
        title=f"Revision {n}",
        job=job,
        revision=shown,
        rendered=skill_html(shown.content),
        diff=diff,
        key=str(uuid4()),
    )
