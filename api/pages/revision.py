"""One revision of a job's skill: its files rendered, raw, and compared with those of any other revision.

What is compared, and what feedback changed, are the api's to say (`api/record.py`). Must not change anything.
"""

import asyncio
from typing import Annotated, Literal
from uuid import uuid4

from fastapi import APIRouter, Query, Request, Response
from markupsafe import Markup
from pydantic import ConfigDict

from api.dependencies import JobToRead, Services, ServicesDep
from api.pages.frame import View, templates
from api.pages.rendering import (
    DiffLine,
    RawText,
    SplitRow,
    fitting,
    lines_of_rows,
    markdown_html,
    raw_text,
    skill_html,
    split,
)
from api.reading import KnownJob
from api.record import Number, RevisionDiff, read_diff
from api.revision_files import file_of
from domain.errors import NotFound
from domain.job import JobResult
from domain.library.package import MAX_PATH, is_text
from domain.shape import Shape
from domain.skill import SKILL_FILE, RevisionFileView, RevisionSummary, SkillFileEntry
from store import jobs, revisions

router = APIRouter()

Way = Literal["rendered", "raw", "diff", "split"]
WAYS: dict[Way, str] = {"rendered": "Rendered", "raw": "Raw", "diff": "Changes", "split": "Side by side"}

MOST_RENDERED = 300_000
"""Characters of a text that is rendered: the largest hand-edited SKILL.md fits. Longer ones are shown raw."""

Against = Annotated[int | None, Query(ge=0, le=1_000_000, description="Any other revision, 0 for nothing.")]
FileName = Annotated[str, Query(max_length=MAX_PATH)]


class ListedFile(RevisionFileView):
    """A file in the list, and what became of it since the revision that it is compared with."""

    change: Literal["", "new", "changed", "gone"] = ""


class ShownFile(Shape):
    """A file as it reads, or line by line; in words where no page can show it."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    rendered: Markup = Markup()
    raw: RawText | None = None
    said: str = ""


class Comparison(Shape):
    """What changed in one file; `said` instead, where there is nothing to draw. `left_out`: rows that are not shown."""

    told: RevisionDiff
    left_out: int = 0
    lines: list[DiffLine] = []
    rows: list[SplitRow] = []
    said: str = ""


class RevisionPageView(View):
    """A file of a revision in one of four ways. `against` is the revision it is compared with, 0: nothing.

    `skill`: its name, empty before it has one. `key` makes a form that is sent twice start one job.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    job: KnownJob
    revision: RevisionSummary
    skill: str
    history: list[RevisionSummary]
    before: int | None
    after: int | None
    show: Way
    ways: dict[Way, str]
    against: int
    file: str
    main: bool
    files: list[ListedFile]
    shown: ShownFile
    compared: Comparison | None
    key: str


@router.get("/jobs/{job_id}/revisions/{n}")
async def show_revision(
    request: Request,
    job: JobToRead,
    n: Number,
    parts: ServicesDep,
    show: Way = "rendered",
    against: Against = None,
    file: FileName = SKILL_FILE,
) -> Response:
    """One file of a revision: as it reads, as it is written, or what changed."""
    other = n - 1 if against is None else against
    return templates.page(request, "revision/page.html", await _view(parts, job, n, other, show, file))


async def _view(parts: Services, job: KnownJob, n: int, other: int, show: Way, path: str) -> RevisionPageView:
    """The page. Raises NotFound."""
    async with parts.database.transaction() as session:
        history = await revisions.history(session, job.job_id)
        summary = await revisions.summary(session, job.job_id, n)
        now = await revisions.listed_files(session, job.job_id, n)
        then = await revisions.listed_files(session, job.job_id, other) if other else []
        row = await jobs.get(session, job.job_id)
    if not now:
        raise NotFound(f"The files of revision {n} were removed because they were too old.")
    compared = await _compared(parts, job, n, other, path) if show in ("diff", "split") else None
    entry = None if compared else await file_of(parts, job, n, path)
    numbers = [known.n for known in history]
    skill = JobResult.model_validate(row.result).skill_name or "" if row else ""
    return RevisionPageView(
        title=f"Revision {n} of {skill}" if skill else f"Revision {n}",
        job=job,
        revision=summary,
        skill=skill,
        history=history,
        before=max((known for known in numbers if known < n), default=None),
        after=min((known for known in numbers if known > n), default=None),
        show=show,
        ways=WAYS,
        against=other,
        file=path,
        main=path == SKILL_FILE,
        files=_listed(now, then if other else now),
        shown=await asyncio.to_thread(_shown, entry, show) if entry else ShownFile(),
        compared=compared,
        key=str(uuid4()),
    )


def _shown(entry: SkillFileEntry, show: Way) -> ShownFile:
    """A file as it reads when that is asked for and it is Markdown, else as it is written."""
    if not is_text(entry):
        return ShownFile(said="This file is no text, so there is nothing to read here.")
    text = entry.data.decode("utf-8", "replace")
    if show == "rendered" and entry.path.casefold().endswith(".md") and len(text) <= MOST_RENDERED:
        return ShownFile(rendered=skill_html(text) if entry.path == SKILL_FILE else markdown_html(text))
    return ShownFile(raw=raw_text(text))


async def _compared(parts: Services, job: KnownJob, n: int, other: int, path: str) -> Comparison:
    told = await read_diff(job, n, parts, against=other, file=path)
    return await asyncio.to_thread(_drawn, told)


def _drawn(told: RevisionDiff) -> Comparison:
    if not told.diff:
        return Comparison(told=told, said="Nothing changed in this file.")
    if not told.rows:
        return Comparison(told=told, said=told.diff)
    rows = fitting(told.rows)
    left_out = told.rows_left_out + len(told.rows) - len(rows)
    return Comparison(told=told, lines=lines_of_rows(rows), rows=split(rows), left_out=left_out)


def _listed(now: list[RevisionFileView], then: list[RevisionFileView]) -> list[ListedFile]:
    """Every file of the revision, then those that only the other one has."""
    before = {file.path: file.sha256 for file in then}
    here = {file.path for file in now}
    kept = [ListedFile(**file.model_dump(), change=_change(before.get(file.path), file.sha256)) for file in now]
    return [*kept, *(ListedFile(**file.model_dump(), change="gone") for file in then if file.path not in here)]


def _change(before: str | None, now: str) -> Literal["", "new", "changed"]:
    if before is None:
        return "new"
    return "" if before == now else "changed"
