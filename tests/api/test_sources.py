"""Files stream in piece by piece: bounded, looked at, fingerprinted; what breaks leaves nothing that counts."""

import asyncio
import gzip
import io
import tarfile
from collections.abc import AsyncIterator, Awaitable, Callable
from hashlib import sha256
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, text

from api import receiving
from domain.job import Source, StartJob
from domain.library.importing import SourceView
from store import jobs
from store.session import Database
from store.understanding import brief_of
from store.usage_tables import Upload, UploadChunk
from tests.support.api_server import serving

URL = "/api/v1/sources"


async def pieces(data: bytes, size: int = 10_000) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def until(holds: Callable[[], Awaitable[bool]], within: float = 10) -> None:
    async with asyncio.timeout(within):
        while not await holds():  # noqa: ASYNC110 - another task of the server brings it about
            await asyncio.sleep(0.02)


async def kept(database: Database) -> tuple[int, int]:
    async with database.transaction() as session:
        rows = await session.scalar(select(func.count()).select_from(Upload))
        chunks = await session.scalar(select(func.count()).select_from(UploadChunk))
        return rows or 0, chunks or 0


async def sent(
    client: httpx.AsyncClient, name: str = "notes.md", data: bytes = b"# Notes\n", headers: dict[str, str] | None = None
) -> httpx.Response:
    return await client.post(URL, params={"filename": name}, content=pieces(data), headers=headers)


async def test_a_file_is_stored_in_pieces_and_told(client: httpx.AsyncClient, database: Database) -> None:
    data = b"line of text\n" * 100_000
    answer = await sent(client, "notes.md", data)
    assert answer.status_code == 201
    view = SourceView.model_validate(answer.json())
    assert (view.filename, view.media_type, view.size) == ("notes.md", "text/markdown", len(data))
    assert view.sha256 == sha256(data).hexdigest()
    assert await kept(database) == (1, -(-len(data) // receiving.PIECE))
    read = await client.get(answer.headers["Location"])
    assert read.json()["sha256"] == view.sha256
    stranger = await client.get(f"{URL}/{view.source_id}", headers={"X-User-Id": "eve"})
    assert stranger.status_code == 404


async def test_a_form_of_a_browser_is_taken_too(client: httpx.AsyncClient) -> None:
    answer = await client.post(URL, files={"file": ("a/b\\report.csv", b"a,b\n", "text/csv")})
    assert answer.status_code == 201
    assert answer.json()["filename"] == "report.csv"
    assert (await client.post(URL, files=[])).status_code in (415, 422)


async def test_a_file_without_a_name_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.post(URL, content=b"x")).status_code == 422
    named = await client.post(URL, content=b"x", headers={"X-Filename": "gr%C3%BC%C3%9Fe.txt"})
    assert named.json()["filename"] == "grüße.txt"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.png", b"\x89PNG"),
        ("tool", b"\x7fELF" + b"\0" * 600),
        ("late.txt", b"a" * 400_000 + b"\xff\xff"),
        ("e.md", b""),
    ],
)
async def test_what_is_not_taken_is_refused_in_words_and_nothing_stays(
    client: httpx.AsyncClient, database: Database, name: str, data: bytes
) -> None:
    answer = await sent(client, name, data)
    assert answer.status_code == 415
    assert "Taken are" in answer.json()["detail"]
    assert await kept(database) == (0, 0)


async def test_a_file_over_its_cap_is_refused_and_nothing_stays(
    client: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "MAX_FILE", 600_000)
    for answer in (
        await sent(client, data=b"x" * 600_001),
        await client.post(URL, params={"filename": "a.md"}, content=b"x" * 600_001),
    ):
        assert answer.status_code == 413
        assert "larger than" in answer.json()["detail"]
    assert await kept(database) == (0, 0)
    assert (await sent(client, data=b"x" * 600_000)).status_code == 201


async def test_twenty_megabytes_pass_and_one_byte_more_does_not(app: FastAPI, database: Database) -> None:
    """Over a real port, as clients send it."""
    async with serving(app) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as line:
        whole = await line.post(URL, params={"filename": "a.txt"}, content=pieces(b"x" * receiving.MAX_FILE, 1 << 20))
        assert whole.status_code == 201
        more = await line.post(
            URL, params={"filename": "a.txt"}, content=pieces(b"x" * (receiving.MAX_FILE + 1), 1 << 20)
        )
        assert more.status_code == 413
    assert (await kept(database))[0] == 1


async def test_a_person_has_so_many_bytes_a_day(
    client: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "MAX_DAY", 1000)
    assert (await sent(client, data=b"x" * 900)).status_code == 201
    over = await sent(client, data=b"x" * 200)
    assert (over.status_code, (await kept(database))[0]) == (413, 1)
    assert (await sent(client, data=b"x" * 200, headers={"X-User-Id": "ada"})).status_code == 201
    async with database.transaction() as session:
        await session.execute(text("UPDATE uploads SET created_at = now() - interval '25 hours'"))
    assert (await sent(client, data=b"x" * 200)).status_code == 201


async def test_the_same_key_and_bytes_get_the_first_answer_and_other_bytes_are_refused(
    client: httpx.AsyncClient, database: Database
) -> None:
    key = {"Idempotency-Key": "k1"}
    first = await sent(client, headers=key)
    again = await sent(client, headers=key)
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    other = await sent(client, data=b"# Other\n", headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    longer = await sent(client, data=b"# Notes\n" * 9, headers=key)
    assert longer.status_code == 422
    assert (await sent(client, headers=key | {"X-User-Id": "ada"})).json()["source_id"] != first.json()["source_id"]
    assert (await kept(database))[0] == 2


async def test_two_at_once_under_one_key_are_one(client: httpx.AsyncClient, database: Database) -> None:
    answers = await asyncio.gather(
        *(sent(client, data=b"x" * 300_000, headers={"Idempotency-Key": "k"}) for _ in range(4))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["source_id"] for answer in answers}) == 1
    assert (await kept(database))[0] == 1


async def test_an_upload_that_breaks_off_leaves_nothing(app: FastAPI, database: Database) -> None:
    async with serving(app) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"POST {URL}?filename=a.md HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 900000\r\n\r\n"
        writer.write(head.encode() + b"x" * 600_000)
        await writer.drain()

        async def begun() -> bool:
            return await kept(database) == (1, 2)

        await until(begun)
        writer.close()
        await writer.wait_closed()
        del reader

        async def gone() -> bool:
            return await kept(database) == (0, 0)

        await until(gone)


async def test_what_a_dead_process_left_counts_for_nothing_and_goes_after_a_day(
    client: httpx.AsyncClient, database: Database
) -> None:
    dead = uuid4()
    async with database.transaction() as session:
        session.add(Upload(upload_id=dead, user_id="local", filename="a.md", media_type="", size=3, complete=False))
        await session.flush()
        session.add(UploadChunk(upload_id=dead, n=0, data=b"abc"))
    assert (await client.get(f"{URL}/{dead}")).status_code == 404
    await sent(client)
    assert (await kept(database))[0] == 2
    async with database.transaction() as session:
        await session.execute(text("UPDATE uploads SET created_at = now() - interval '25 hours' WHERE NOT complete"))
    await sent(client)
    assert await kept(database) == (2, 2)


def an_archive(**files: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name.replace("__", "/"))
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


async def started(client: httpx.AsyncClient, *sources: dict[str, str], **headers: str) -> httpx.Response:
    body = {"task_description": "Handle refunds of cancelled orders", "sources": list(sources)}
    return await client.post("/api/v1/skills", json=body, headers=headers)


async def test_unknown_foreign_and_unfinished_sources_are_named(client: httpx.AsyncClient, database: Database) -> None:
    foreign = (await sent(client, headers={"X-User-Id": "ada"})).json()["source_id"]
    dead = uuid4()
    async with database.transaction() as session:
        session.add(Upload(upload_id=dead, user_id="local", filename="a.md", media_type="", size=3, complete=False))
    for wrong in (str(uuid4()), foreign, str(dead)):
        answer = await started(client, {"name": "x", "content": "y"}, {"source_id": wrong})
        assert answer.status_code == 422
        assert wrong in answer.json()["errors"]["sources.1.source_id"]
    both = await started(client, {"source_id": foreign, "name": "a", "content": "b"})
    assert both.status_code == 422
    assert (await started(client, {"name": "x"})).status_code == 422


async def test_a_source_without_text_is_refused_before_the_job_begins(client: httpx.AsyncClient) -> None:
    for name, data in (
        ("a.pdf", b"%PDF-1.7 broken"),
        ("a.zip", b"PK\x03\x04 broken"),
        ("a.tgz", an_archive(a=b"\x7fELF")),
    ):
        source = (await sent(client, name, data)).json()["source_id"]
        answer = await started(client, {"source_id": source})
        assert (answer.status_code, "sources.0.source_id" in answer.json()["errors"]) == (422, True), name


async def test_the_author_is_told_the_passages_that_fit_the_task(client: httpx.AsyncClient, database: Database) -> None:
    filler = "\n\n".join(f"Paragraph {number} about the weather. " * 12 for number in range(3000))
    half = len(filler) // 2
    big = f"{filler[:half]}\n\nRefunds of cancelled orders take five days.\n\n{filler[half:]}".encode()
    archive = an_archive(docs__big__txt=big, logo__png=b"\x89PNG", page=b"<p>hi") + b""
    source = (await sent(client, "docs.tar.gz", archive)).json()["source_id"]
    answer = await started(client, {"name": "mine.md", "content": "kept whole"}, {"source_id": source})
    assert answer.status_code == 202
    job_id = UUID(answer.json()["job_id"])
    carried = [
        Source(name="mine.md", content="kept whole"),
        Source(name="docs.tar.gz", content="", source_id=UUID(source)),
    ]
    async with database.transaction() as session:
        await jobs.open_job(
            session,
            StartJob(
                job_id=job_id, user_id="local", task_description="Handle refunds of cancelled orders", sources=carried
            ),
        )
    async with database.transaction() as session:
        first, second = await brief_of(session, job_id), await brief_of(session, job_id)
    assert first == second
    told = {one.name: one.content for one in first.sources}
    assert sum(map(len, told.values())) <= 24_000
    assert "kept whole" in told.values() or told["mine.md"] == "kept whole"
    assert "Refunds of cancelled orders take five days." in told["docs.tar.gz/docs/big/txt"]
    assert "[lines " in told["docs.tar.gz/docs/big/txt"]


async def test_a_start_with_a_source_is_small_and_repeatable(client: httpx.AsyncClient) -> None:
    source = (await sent(client, "big.txt", b"words and more words\n" * 200_000)).json()["source_id"]
    first = await started(client, {"source_id": source}, **{"Idempotency-Key": "s1"})
    again = await started(client, {"source_id": source}, **{"Idempotency-Key": "s1"})
    assert (first.status_code, again.json()["job_id"]) == (202, first.json()["job_id"])
    assert len(gzip.compress(first.content)) < 10_000


def a_pdf(*lines: str) -> bytes:
    """One page with these lines, written by hand."""
    stream = "BT /F1 12 Tf 72 720 Td " + " ".join(f"({line}) Tj 0 -20 Td" for line in lines) + " ET"
    parts = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        "/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
    ]
    out, offsets = "%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{part}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    end = f"xref\n0 {len(parts) + 1}\n0000000000 65535 f \n{table}trailer\n<< /Size {len(parts) + 1} /Root 1 0 R >>\n"
    return f"{out}{end}startxref\n{len(out)}\n%%EOF\n".encode("latin-1")


async def test_the_text_of_a_pdf_is_read_with_its_pages(client: httpx.AsyncClient, database: Database) -> None:
    source = (await sent(client, "rules.pdf", a_pdf("Refunds take five days.", "Ask Ada."))).json()["source_id"]
    assert (await started(client, {"source_id": source})).status_code == 202
    async with database.transaction() as session:
        content = await session.scalar(text("SELECT content FROM upload_texts"))
    assert "[page 1]" in content
    assert "Refunds take five days." in content


async def test_a_form_with_two_files_is_told_that_one_is_taken(client: httpx.AsyncClient, database: Database) -> None:
    two = [("file", ("a.md", b"a", "text/markdown")), ("file", ("b.md", b"b", "text/markdown"))]
    answer = await client.post(URL, files=two)
    assert (answer.status_code, "One file per request" in answer.json()["detail"]) == (422, True)
    broken = await client.post(URL, content=b"--x", headers={"content-type": "multipart/form-data; boundary=y"})
    assert (broken.status_code, "UTF-8 JSON" in broken.text) == (422, False)
    assert await kept(database) == (0, 0)
