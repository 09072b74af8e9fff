"""Revisions over HTTP: any two compared, what feedback changed, and errors that name the revision."""

from uuid import UUID, uuid4

import httpx
import pytest

from api.record import FeedbackAnswered, RevisionDiff
from domain.compare.rewording import Span, SpanKind
from domain.compare.section_changes import SectionChange
from store import jobs, revisions
from store.session import Database
from tests.api.conftest import Opened
from tests.support.rows import SKILL, new_revision

WISH = "Say in the rules that drafts are left out"


@pytest.fixture
async def revised(opened: Opened, database: Database) -> UUID:
    """A job with three revisions; the second one answers a wish, the third one takes it back."""
    job = await opened()
    changed = SKILL.replace("every merged pull request", "every merged pull request, but no draft")
    async with database.transaction() as session:
        await revisions.keep(session, job, new_revision(1))
        await revisions.keep(session, job, new_revision(2, changed, feedback=WISH))
        await revisions.keep(
            session, job, new_revision(3, SKILL + "\n## Examples\n\nNone.\n", feedback="No, keep them")
        )
        await jobs.merge_result(session, job, revision=3)
    return job


async def compared(client: httpx.AsyncClient, job: UUID, n: int, **query: int) -> RevisionDiff:
    response = await client.get(f"/api/v1/jobs/{job}/revisions/{n}/diff", params=query)
    assert response.status_code == 200, response.text
    return RevisionDiff.model_validate_json(response.content)


async def test_a_revision_is_compared_with_the_one_before_word_by_word(
    client: httpx.AsyncClient, revised: UUID
) -> None:
    found = await compared(client, revised, 2)
    assert (found.n, found.against) == (2, 1)
    assert "+- Read every merged pull request, but no draft before" in found.diff
    [row] = [row for row in found.rows if row.kind == "changed"]
    assert row.right == [
        Span(text="- Read every merged pull request"),
        Span(text=", but no draft", kind=SpanKind.ADDED),
        Span(text=" before the first word is written."),
    ]
    assert found.sections == [SectionChange(heading="Rules", kind="changed")]
    assert found.feedback == [FeedbackAnswered(revision=2, feedback=WISH, changes=["first version"])]


async def test_any_two_revisions_are_compared_in_either_direction(client: httpx.AsyncClient, revised: UUID) -> None:
    there, back = await compared(client, revised, 3, against=1), await compared(client, revised, 1, against=3)
    assert there.sections == [SectionChange(heading="Examples", kind="added")]
    assert back.sections == [SectionChange(heading="Examples", kind="removed")]
    assert [item.revision for item in there.feedback] == [2, 3]
    same = await compared(client, revised, 2, against=2)
    assert (same.diff, same.sections, same.feedback) == ("", [], [])
    assert [row.kind for row in same.rows] == ["folded"]


async def test_the_first_revision_is_compared_with_nothing(client: httpx.AsyncClient, revised: UUID) -> None:
    found = await compared(client, revised, 1)
    assert (found.against, {row.kind for row in found.rows}) == (0, {"added"})
    assert len((await compared(client, revised, 3, against=0)).rows) == SKILL.count("\n") + 4


async def test_unchanged_lines_are_folded_to_the_context_that_was_asked_for(
    client: httpx.AsyncClient, revised: UUID
) -> None:
    kinds = [row.kind for row in (await compared(client, revised, 2, context=1)).rows]
    assert kinds == ["folded", "equal", "changed"]
    whole = await compared(client, revised, 2, context=100)
    assert len(whole.rows) == SKILL.count("\n")
    assert (await client.get(f"/api/v1/jobs/{revised}/revisions/2/diff?context=101")).status_code == 422


async def test_a_huge_comparison_is_cut_and_says_so(
    client: httpx.AsyncClient, opened: Opened, database: Database
) -> None:
    job = await opened()
    async with database.transaction() as session:
        await revisions.keep(session, job, new_revision(1, "x\n" * 6_000))
    found = await compared(client, job, 1)
    assert (len(found.rows), found.rows_left_out) == (5_000, 1_000)
    assert found.diff.count("\n+x") == 6_000


@pytest.mark.parametrize("path", ["7", "7/diff", "2/diff?against=7"])
async def test_a_revision_that_is_not_there_is_named_with_those_that_are(
    client: httpx.AsyncClient, revised: UUID, path: str
) -> None:
    response = await client.get(f"/api/v1/jobs/{revised}/revisions/{path}")
    assert response.status_code == 404
    assert "no revision 7; there are 1–3" in response.json()["detail"]


async def test_a_number_that_is_none_is_not_told_as_a_missing_job(client: httpx.AsyncClient, revised: UUID) -> None:
    for number in ("0", "-1", "x", "10000000"):
        response = await client.get(f"/api/v1/jobs/{revised}/revisions/{number}")
        assert (response.status_code, "revision" in response.json()["detail"]) == (404, True)
    missing = await client.get(f"/api/v1/jobs/{uuid4()}/revisions/1")
    assert "no job" in missing.json()["detail"]
    empty = await client.get("/api/v1/jobs/nonsense/revisions/x")
    assert "job's id" in empty.json()["detail"]


async def test_a_job_without_revisions_says_that_it_has_none(client: httpx.AsyncClient, opened: Opened) -> None:
    response = await client.get(f"/api/v1/jobs/{await opened()}/revisions/1/diff")
    assert "it has none" in response.json()["detail"]
