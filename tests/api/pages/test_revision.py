"""The page of a revision: every file in four ways, compared with any other revision, and what feedback changed."""

from uuid import UUID, uuid4

import httpx
import pytest

from domain.job import JobStatus
from domain.skill import SkillFileEntry
from store import jobs, revisions
from store.session import Database
from store.tables import RevisionFile
from tests.api.conftest import Opened
from tests.api.pages.by_hand import HTML, page, send
from tests.support.rows import SKILL, new_revision

WISH = "Say <b>that</b> drafts are left out"
GUIDE = "references/guide.md"
CHANGED = SKILL.replace("every merged pull request", "every merged pull request, but no draft")


@pytest.fixture
async def revised(opened: Opened, database: Database) -> UUID:
    """An ended job with three revisions: the second one answers a wish, the third one has other files too."""
    job = await opened(status=JobStatus.COMPLETED)
    more = [
        SkillFileEntry(path=GUIDE, data="# Guide\n\nhid\u200bden <b>\n".encode()),
        SkillFileEntry(path="scripts/run.sh", data=b"echo <b>hi</b>\n"),
        SkillFileEntry(path="assets/blob.bin", data=b"\0\1\2"),
    ]
    third = new_revision(3, CHANGED + "\n## Examples\n\nNone.\n")
    async with database.transaction() as session:
        await revisions.keep(session, job, new_revision(1))
        await revisions.keep(session, job, new_revision(2, CHANGED, feedback=WISH))
        await revisions.keep(session, job, third.model_copy(update={"files": [*third.files, *more]}))
    return job


async def seen(client: httpx.AsyncClient, job: UUID, n: int, **query: str | int) -> str:
    address = httpx.URL(f"/jobs/{job}/revisions/{n}", params=query)
    return (await page(client, str(address)))[0]


async def test_a_revision_is_read_rendered_with_ways_to_see_it_otherwise(
    client: httpx.AsyncClient, revised: UUID
) -> None:
    text = await seen(client, revised, 2)
    assert '<h2 id="skill-rules">Rules</h2>' in text
    assert 'aria-current="page">Rendered</a>' in text
    for way in ("raw", "diff", "split"):
        assert f'href="/jobs/{revised}/revisions/2?show={way}&amp;file=SKILL.md&amp;against=1"' in text
    assert f'href="/jobs/{revised}/revisions/1?show=rendered" rel="prev"' in text
    assert f'href="/jobs/{revised}/revisions/3?show=rendered" rel="next"' in text


async def test_a_revision_is_read_raw_with_what_hides_in_it(client: httpx.AsyncClient, revised: UUID) -> None:
    text = await seen(client, revised, 3, show="raw", file=GUIDE)
    assert '<li id="line-3">hid<span class="inv">U+200B</span>den &lt;b&gt;</li>' in text
    assert "1 character that nobody sees" in text
    assert "No character of it hides" in await seen(client, revised, 3, show="raw")


async def test_what_feedback_changed_is_told_beside_the_changes(client: httpx.AsyncClient, revised: UUID) -> None:
    text = await seen(client, revised, 2, show="diff")
    assert "What your feedback changed" in text
    assert "Say &lt;b&gt;that&lt;/b&gt; drafts are left out" in text
    assert "first version" in text and "changed</span> Rules" in text
    assert "pull request<mark>, but no draft</mark> before" in text
    assert '<span class="spoken">Removed: </span>' in text and '<span class="spoken">Added: </span>' in text


async def test_two_revisions_stand_side_by_side(client: httpx.AsyncClient, revised: UUID) -> None:
    text = await seen(client, revised, 2, show="split")
    assert '<div class="split"' in text and ">Revision 1</strong>" in text and ">Revision 2</strong>" in text
    assert "unchanged lines" in text


@pytest.mark.parametrize("against", [0, 1, 3])
async def test_any_other_revision_may_be_chosen(client: httpx.AsyncClient, revised: UUID, against: int) -> None:
    text = await seen(client, revised, 2, show="diff", against=against)
    assert f'<option value="{against}" selected>' in text
    assert '<label for="against">' in text
    assert ("<del>" in text) is (against != 0)


async def test_a_revision_like_the_other_says_that_nothing_changed(client: httpx.AsyncClient, revised: UUID) -> None:
    assert "Nothing changed in this file" in await seen(client, revised, 2, show="diff", against=2)


async def test_every_file_is_there_with_what_became_of_it(client: httpx.AsyncClient, revised: UUID) -> None:
    text = await seen(client, revised, 3)
    assert all(f">{path}</a>" in text for path in (GUIDE, "scripts/run.sh", "assets/blob.bin"))
    assert text.count('<span class="badge good">new</span>') == 3
    assert '<span class="badge info">changed</span>' in text
    back = await seen(client, revised, 2, against=3)
    assert back.count('<span class="badge bad">gone</span>') == 3


async def test_a_file_is_rendered_shown_plainly_or_offered_for_download(
    client: httpx.AsyncClient, revised: UUID
) -> None:
    assert '<h1 id="skill-guide">Guide</h1>' in await seen(client, revised, 3, file=GUIDE)
    script = await seen(client, revised, 3, file="scripts/run.sh")
    assert "echo &lt;b&gt;hi&lt;/b&gt;" in script and "no Markdown" in script
    blob = await seen(client, revised, 3, file="assets/blob.bin")
    assert "no text" in blob and f"/api/v1/jobs/{revised}/revisions/3/files/assets/blob.bin" in blob
    assert "<ins>" in await seen(client, revised, 3, file=GUIDE, show="diff")


@pytest.mark.parametrize(
    "address",
    ["7", "2?against=7&show=diff", "2?file=none.md", "2?file=none.md&show=diff", "2?file=..%2F..%2Fx", "2?file=%00"],
)
async def test_what_is_not_there_is_a_page_that_says_so(client: httpx.AsyncClient, revised: UUID, address: str) -> None:
    response = await client.get(f"/jobs/{revised}/revisions/{address}", headers=HTML)
    assert (response.status_code, response.headers["content-type"][:9]) == (404, "text/html")


@pytest.mark.parametrize("address", ["2?show=evil", "2?against=-1", f"2?file={'x' * 300}"])
async def test_an_address_that_makes_no_sense_is_refused(
    client: httpx.AsyncClient, revised: UUID, address: str
) -> None:
    assert (await client.get(f"/jobs/{revised}/revisions/{address}", headers=HTML)).status_code == 422


async def test_a_revision_of_a_strange_job_is_not_found(client: httpx.AsyncClient, revised: UUID) -> None:
    assert (await client.get(f"/jobs/{uuid4()}/revisions/1", headers=HTML)).status_code == 404


async def test_files_that_retention_removed_are_told_as_removed(
    client: httpx.AsyncClient, revised: UUID, database: Database
) -> None:
    async with database.transaction() as session:
        await session.delete(await session.get(RevisionFile, (revised, 1, "SKILL.md")))
    response = await client.get(f"/jobs/{revised}/revisions/1", headers=HTML)
    assert (response.status_code, "too old" in response.text) == (404, True)


async def test_more_than_a_page_takes_is_said_with_the_way_to_the_rest(
    client: httpx.AsyncClient, revised: UUID, database: Database
) -> None:
    async with database.transaction() as session:
        await revisions.keep(session, revised, new_revision(4, "x\n" * 6_000))
    for show in ("diff", "split"):
        text = await seen(client, revised, 4, show=show, against=0)
        assert "1,000 more rows are not shown here" in text and "/diff?against=0&amp;file=SKILL.md" in text
    assert "1,000 more lines are not shown here" in await seen(client, revised, 4, show="raw")


async def test_the_heading_names_the_skill_and_what_was_asked_for(
    client: httpx.AsyncClient, revised: UUID, opened: Opened, database: Database
) -> None:
    async with database.transaction() as session:
        await jobs.merge_result(session, revised, skill_name="release-notes")
    text = await seen(client, revised, 2)
    assert "<h1>Revision 2 of release-notes</h1>" in text and "<title>Revision 2 of release-notes" in text
    nameless = await opened(task="Sort <i>letters</i>")
    async with database.transaction() as session:
        await revisions.keep(session, nameless, new_revision(1))
    text = await seen(client, nameless, 1)
    assert "<h1>Revision 1</h1>" in text and "Sort &lt;i&gt;letters" in text


async def test_a_revision_of_a_running_job_cannot_be_gone_on_from(
    client: httpx.AsyncClient, revised: UUID, opened: Opened, database: Database
) -> None:
    running = await opened()
    async with database.transaction() as session:
        await revisions.keep(session, running, new_revision(1))
    assert "Go on from this revision" not in await seen(client, running, 1)
    _, fields = await page(client, f"/jobs/{revised}/revisions/1")
    assert (await send(client, f"/jobs/{revised}/go-on", fields, task_description="two words")).status_code == 422


async def test_without_its_database_the_page_says_so(cut_off: httpx.AsyncClient) -> None:
    response = await cut_off.get(f"/jobs/{uuid4()}/revisions/1", headers=HTML)
    assert response.status_code == 503
