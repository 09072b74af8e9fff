"""How often a page asks the database: each query is a round trip and about half a millisecond of processor time, and
fifty people who read at once share one core. Whoever asks for the same fact twice is noticed here."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
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
"""Transactions: whether this person may see the job, then all that its page shows."""


@dataclass
class Asked:
    """What was asked of every database of this process."""

    queries: list[str] = field(default_factory=list)
    transactions: int = 0


@contextmanager
def counted() -> Iterator[Asked]:
    """Count while the block runs."""
    asked = Asked()

    def query(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        asked.queries.append(statement)

    def begun(_connection: object) -> None:
        asked.transactions += 1

    event.listen(Engine, "before_cursor_execute", query)
    event.listen(Engine, "begin", begun)
    try:
        yield asked
    finally:
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
    [(with_questions, 12), (previewed, 20), (published, 20), (completed, 26)],
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
    import os, time
    if os.environ.get("SHOW"):
        t, c = time.perf_counter(), time.process_time()
        for _ in range(40):
            await client.get(f"/jobs/{job}", headers={"Accept": "text/html"})
        print(made.__name__, "cpu ms", 1000 * (time.process_time() - c) / 40, "wall", 1000 * (time.perf_counter() - t) / 40, len(asked.queries), asked.transactions)
        if os.environ["SHOW"] == "2":
            print("\n".join(q.replace("\n", " ")[:60] + " … " + q.replace("\n", " ")[q.replace("\n", " ").find("FROM"):][:150] for q in asked.queries))
        if os.environ["SHOW"] == "3":
            import cProfile, pstats
            pr = cProfile.Profile(); pr.enable()
            for _ in range(30):
                await client.get(f"/jobs/{job}", headers={"Accept": "text/html"})
            pr.disable(); pstats.Stats(pr).sort_stats("cumtime").print_stats(90)
        return
    assert asked.transactions <= READING_A_JOB
    assert len(asked.queries) <= most, "\n\n".join(asked.queries)
