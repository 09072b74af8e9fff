"""How often a page asks the database: each query is a round trip and about half a millisecond of processor time, and
fifty people who read at once share one core. Whoever asks for the same fact twice is noticed here."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from uuid import UUID

import httpx
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from domain.evaluation import Arm
from domain.job import JobStatus
from domain.prompt import Answer, AnswerDraft, HitlType, PreviewData, PromptAction
from store import calls, jobs, prompts, revisions
from store.session import Database
from tests.api.conftest import Opened
from tests.api.pages.by_hand import page
from tests.support.rows import (
    SKILL,
    a_call,
    a_run,
    claim,
    make_draft,
    make_evidence,
    make_prompt,
    make_report,
    new_revision,
)

READING_A_JOB = 2
"""Transactions: whether this person may see the job, then all that its page shows. The bounds below leave room for one
or two queries more than there are (11, 15, 14 and 18); before each fact was read once a preview asked 40 in 8
transactions, and took three times the processor time."""


@dataclass
class Asked:
    """What was asked of every database of this process."""

    queries: list[str] = field(default_factory=list)
    transactions: int = 0


COUNTING: ContextVar[Asked | None] = ContextVar("counting", default=None)
"""Whose queries are counted: tasks that run beside, such as the one that delivers answers, have another context."""


@contextmanager
def counted() -> Iterator[Asked]:
    """Count while the block runs."""
    asked = Asked()
    token = COUNTING.set(asked)

    def query(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if (mine := COUNTING.get()) is not None:
            mine.queries.append(statement)

    def begun(_connection: object) -> None:
        if (mine := COUNTING.get()) is not None:
            mine.transactions += 1

    event.listen(Engine, "before_cursor_execute", query)
    event.listen(Engine, "begin", begun)
    try:
        yield asked
    finally:
        COUNTING.reset(token)
        event.remove(Engine, "before_cursor_execute", query)
        event.remove(Engine, "begin", begun)


async def proven(database: Database, opened: Opened) -> tuple[UUID, str]:
    """A job with two revisions, model calls, cases, runs of both arms, a verdict and an answered prompt."""
    job = await opened()
    digest = await make_draft(database, job)
    async with database.transaction() as session:
        await calls.keep(session, job, a_call(input_tokens=1_000, output_tokens=200, usd=0.5))
    names = [f"case-{n}" for n in range(4)]
    before = [a_run(case=name) for name in names]
    await make_evidence(database, job, *before, *[a_run(Arm.WITH, 1, name, passed=True) for name in names])
    await make_report(database, job, digest, passed=False)
    confirmed = await make_prompt(database, job, HitlType.CONFIRM, data={"summary": "Notes", "path": "data/notes"})
    async with database.transaction() as session:
        await prompts.merge_draft(session, confirmed, "local", AnswerDraft(feedback="shorter"))
    await claim(database, confirmed, Answer(interaction_id=confirmed, action=PromptAction.PROCEED))
    return job, digest


async def with_questions(database: Database, opened: Opened) -> UUID:
    job = await opened()
    await make_prompt(database, job)
    return job


async def previewed(database: Database, opened: Opened) -> UUID:
    job, digest = await proven(database, opened)
    async with database.transaction() as session:
        await revisions.keep(session, job, new_revision(2, f"{SKILL}\nBe short.\n", feedback="shorter"))
    data = PreviewData(content=SKILL, revision=1, digest=digest)
    await make_prompt(database, job, HitlType.PREVIEW, data=data, revision=1, digest=digest)
    return job


async def completed(database: Database, opened: Opened, *, promoted: bool = False) -> UUID:
    job, _ = await proven(database, opened)
    async with database.transaction() as session:
        status = JobStatus.COMPLETED
        await jobs.change(session, job, "end", "completed", "done", status=status, promoted=promoted)
    return job


async def published(database: Database, opened: Opened) -> UUID:
    return await completed(database, opened, promoted=True)


@pytest.mark.parametrize(
    ("made", "most"),
    [(with_questions, 12), (previewed, 17), (published, 17), (completed, 20)],
)
async def test_a_job_page_asks_for_each_fact_once(
    client: httpx.AsyncClient,
    opened: Opened,
    database: Database,
    made: Callable[[Database, Opened], Awaitable[UUID]],
    most: int,
) -> None:
    job = await made(database, opened)
    await page(client, f"/jobs/{job}")  # the first connection says more
    with counted() as asked:
        await page(client, f"/jobs/{job}")
    assert asked.transactions <= READING_A_JOB
    assert len(asked.queries) <= most, "\n\n".join(asked.queries)


async def test_analytics_are_counted_once_for_some_seconds(
    client: httpx.AsyncClient, opened: Opened, database: Database
) -> None:
    await opened(status=JobStatus.COMPLETED)
    first, _ = await page(client, "/analytics")
    with counted() as asked:
        again, _ = await page(client, "/analytics")
    assert asked.queries == []
    assert again.partition("<main")[2] == first.partition("<main")[2] != ""
    with counted() as asked:
        await page(client, "/analytics?days=7")
    assert asked.queries != []
