"""An archive that was sent in becomes skills of the library through the real workflow; the command line tells so."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.edge import Edge
from activities.importer import Importer
from activities.shelves import Shelves
from domain.library.importing import ImportStatus, ImportView, Verdict
from domain.taxonomy import parse_taxonomy
from store.session import Database
from tests.activities.test_importer import packed
from tests.support.api_server import ROOT, serving
from tests.support.foreign_skills import FOREIGN, skill
from worker import of
from workflows.import_skills import ImportSkills
from workflows.steps import LIBRARY, WORKFLOWS

URL = "/api/v1/library/imports"


async def told(*_: object) -> None:
    """Nobody needs to be told."""


@pytest.fixture
async def at_work(temporal: WorkflowEnvironment, database: Database, library: Path) -> AsyncIterator[Client]:
    """Workers that import."""
    shelves = Shelves(library)
    importer = Importer(database, shelves, parse_taxonomy(shelves.prepare()))
    async with (
        Worker(temporal.client, task_queue=WORKFLOWS, workflows=[ImportSkills]),
        Worker(temporal.client, task_queue=LIBRARY, activities=of(importer), interceptors=[Edge(told)]),
    ):
        yield temporal.client


async def sent(client: httpx.AsyncClient, data: bytes, name: str = "mine.tar.gz") -> str:
    answer = await client.post("/api/v1/sources", params={"filename": name}, content=data)
    assert answer.status_code == 201
    return str(answer.json()["source_id"])


async def ended(client: httpx.AsyncClient, location: str) -> ImportView:
    async with asyncio.timeout(60):
        while True:
            view = ImportView.model_validate((await client.get(location)).json())
            if view.status in (ImportStatus.COMPLETED, ImportStatus.FAILED):
                return view
            await asyncio.sleep(0.05)


async def imported(client: httpx.AsyncClient, data: bytes, **body: object) -> ImportView:
    answer = await client.post(URL, json={"source_id": await sent(client, data), **body})
    assert answer.status_code == 202, answer.text
    return await ended(client, answer.headers["Location"])


async def test_the_skills_of_an_archive_come_in_and_each_has_its_line(
    client: httpx.AsyncClient, at_work: Client, library: Path
) -> None:
    files = {f"all/{folder}/{path}": data for folder, (known, _, _) in FOREIGN.items() for path, data in known.items()}
    view = await imported(client, packed(files), category="docs")
    assert view.status is ImportStatus.COMPLETED
    assert view.report.total == len(view.report.skills) == len(FOREIGN)
    assert view.counts[Verdict.REFUSED.value] == sum(verdict is Verdict.REFUSED for _, verdict, _ in FOREIGN.values())
    assert (library / "documents/plain/SKILL.md").is_file()
    again = await imported(client, packed(files), category="docs")
    assert again.counts[Verdict.IMPORTED.value] == again.counts[Verdict.WARNED.value] == 0
    assert at_work is not None


async def test_an_archive_that_is_unsafe_fails_with_the_reason(client: httpx.AsyncClient, at_work: Client) -> None:
    bomb = packed({f"z{n}": b"\0" * (4 * 2**20) for n in range(12)})
    for data, why in (
        (bomb, "bombs"),
        (packed({"README.md": b"hi"}), "no SKILL.md"),
        (b"\x1f\x8bx" * 300, "cannot be read"),
    ):
        view = await imported(client, data)
        assert view.status is ImportStatus.FAILED
        assert why in view.report.error
    assert at_work is not None


async def test_a_dry_run_of_the_whole_way_writes_nothing(
    client: httpx.AsyncClient, at_work: Client, library: Path
) -> None:
    view = await imported(client, packed({"a-b/SKILL.md": skill("a-b")}), dry_run=True)
    assert [line.verdict for line in view.report.skills] == [Verdict.IMPORTED]
    assert [path.name for path in library.iterdir()] == ["taxonomy.yaml"]  # noqa: ASYNC240 - a few names
    assert at_work is not None


async def test_what_does_not_fit_is_refused_before_anything_begins(client: httpx.AsyncClient) -> None:
    text = (await client.post("/api/v1/sources", params={"filename": "a.md"}, content=b"x")).json()["source_id"]
    archive = await sent(client, packed({"a-b/SKILL.md": skill("a-b")}))
    for body, field in (
        ({"source_id": text}, "source_id"),
        ({"source_id": str(uuid4())}, "source_id"),
        ({"source_id": archive, "category": "nowhere"}, "category"),
        ({"source_id": archive, "accept_findings": ["x"]}, "reason"),
        ({"source_id": archive, "commit": "$(rm)"}, "commit"),
        ({"source_id": archive, "commit": "a" * 40, "dirty": True}, "commit"),
    ):
        answer = await client.post(URL, json=body)
        assert answer.status_code == 422, body
        assert field in answer.json()["errors"], body
    foreign = await client.post(URL, json={"source_id": archive}, headers={"X-User-Id": "eve"})
    assert foreign.status_code == 422


async def test_a_report_is_its_owners(client: httpx.AsyncClient) -> None:
    archive = await sent(client, packed({"a-b/SKILL.md": skill("a-b")}))
    location = (await client.post(URL, json={"source_id": archive})).headers["Location"]
    assert (await client.get(location)).status_code == 200
    assert (await client.get(location, headers={"X-User-Id": "eve"})).status_code == 404
    assert (await client.get(f"{URL}/{uuid4()}")).status_code == 404


async def test_the_command_line_imports_a_checkout(
    app: FastAPI, database: Database, at_work: Client, tmp_path: Path, library: Path
) -> None:
    repo = tmp_path / "repo"
    for folder, (files, _, _) in FOREIGN.items():
        for path, data in files.items():
            place = repo / "skills" / folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
    linked = repo / "skills/linked"
    linked.mkdir()
    (linked / "SKILL.md").write_bytes(skill("linked"))
    (linked / "evil").symlink_to("/etc/passwd")
    git = repo / ".git"
    (git / "refs/heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "refs/heads/main").write_text("a" * 40 + "\n")
    (git / "config").write_text('[remote "origin"]\n\turl = https://bot:s3cret@git.example/x.git\n')
    async with serving(app) as port:
        environment = {
            "PATH": os.defpath,
            "SKILL_FLEET_API_URL": f"http://127.0.0.1:{port}",
            "SKILL_FLEET_DATA_DIR": str(tmp_path / "data"),
        }
        run = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "cli.app", "--json", "skills", "import", str(repo)],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
    assert run.returncode == 1, run.stderr
    view = ImportView.model_validate_json(run.stdout)
    assert view.wish.checkout is not None
    assert (view.wish.checkout.commit, view.wish.checkout.dirty) == (None, True)
    [line] = [line for line in view.report.skills if line.folder == "repo/skills/linked"]
    assert (line.verdict, line.codes) == (Verdict.REFUSED, ["member-link"])
    assert not (library / "general/linked").exists()
    assert view.wish.checkout.remote == "https://git.example/x.git"
    assert "s3cret" not in run.stdout
    assert "a link" in run.stderr
    assert (library / "general/plain/SKILL.md").read_bytes() == FOREIGN["plain"][0]["SKILL.md"]
    assert at_work is not None
    assert database is not None


async def test_an_update_is_asked_for_by_name_and_no_login_is_kept(client: httpx.AsyncClient, at_work: Client) -> None:
    remote = "https://me:s3cret@git.example/x"
    await imported(client, packed({"a-b/SKILL.md": skill("a-b")}), remote=remote, path="one")
    other = packed({"a-b/SKILL.md": skill("a-b", body="\nOther.\n")})
    refused = await imported(client, other)
    view = await imported(client, other, update=True, migrate=True)
    assert [one.report.skills[0].verdict for one in (refused, view)] == [Verdict.CONFLICT, Verdict.IMPORTED]
    assert (view.report.skills[0].version, "s3cret" in view.model_dump_json()) == ("1.0.1", False)
    assert at_work is not None
