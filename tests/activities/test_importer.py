"""An archive of skills comes in skill by skill: each whole or not at all, none twice, whatever dies in between."""

import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, text

from activities import entrance as entrance_module
from activities import importer as importer_module
from activities.importer import Importer
from activities.publishing import First, Publisher, Wanted
from activities.shelves import Shelves
from domain.library.importing import Checkout, ImportReport, ImportStatus, ImportView, ImportWish, SkillLine, Verdict
from domain.library.unpack import UnsafeArchive
from domain.skill import SkillStatus
from domain.taxonomy import default_taxonomy, parse_taxonomy
from store import imports, skills, uploads, versions
from store.library_tables import Publication, SkillVersion, Waiver
from store.session import Database
from tests.support.foreign_skills import FOREIGN, skill
from workflows.import_messages import ForImport, ImportBatch, ImportEnding


def packed(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for path, data in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zipped(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, data in files.items():
            archive.writestr(path, data)
    return out.getvalue()


class Desk:
    """What a test imports, and what it finds afterwards."""

    def __init__(self, database: Database, library: Path) -> None:
        self.database, self.library = database, library
        self.shelves = Shelves(library)
        self.shelves.prepare()
        self.importer = Importer(database, self.shelves, parse_taxonomy(default_taxonomy()))

    async def asked(self, data: bytes, wish: ImportWish | None = None, filename: str = "mine.tar.gz") -> UUID:
        import_id = uuid4()
        async with self.database.transaction() as session:
            upload_id = await uploads.begin(session, "ada", filename)
            for n, start in enumerate(range(0, len(data), 1000)):
                await uploads.add_piece(session, upload_id, n, data[start : start + 1000])
            await uploads.finish(session, upload_id, "application/gzip", "a" * 64, None)
            await imports.request(session, import_id, upload_id, "ada", wish or ImportWish())
        return import_id

    async def run(self, import_id: UUID) -> ImportView:
        """What the workflow does."""
        taken = await self.importer.open_archive(ForImport(import_id=import_id))
        while taken.next < taken.total:
            taken = await self.importer.take_skills(ImportBatch(import_id=import_id, first=taken.next))
        await self.importer.close_import(ImportEnding(import_id=import_id))
        return await self.view(import_id)

    async def taken(self, files: Mapping[str, bytes], **wish: object) -> dict[str, SkillLine]:
        view = await self.run(await self.asked(packed(files), ImportWish.model_validate(wish)))
        return {line.folder: line for line in view.report.skills}

    async def view(self, import_id: UUID) -> ImportView:
        async with self.database.transaction() as session:
            return await imports.view(session, import_id)

    async def listed(self) -> dict[str, str]:
        async with self.database.transaction() as session:
            return {row.name: row.path for row in await skills.listed(session)}

    def on_disk(self) -> set[str]:
        return {
            file.parent.relative_to(self.library).as_posix()
            for file in self.library.rglob("SKILL.md")
            if not file.relative_to(self.library).parts[0].startswith(("_", "."))
        }


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    return Desk(database, tmp_path / "skills")


def everything() -> dict[str, bytes]:
    return {f"all/{folder}/{path}": data for folder, (files, _, _) in FOREIGN.items() for path, data in files.items()}


async def test_skills_as_people_write_them_get_the_verdict_they_deserve(desk: Desk) -> None:
    lines = await desk.taken(everything())
    assert len(lines) == len(FOREIGN) >= 20
    for folder, (_, verdict, code) in FOREIGN.items():
        line = lines[f"all/{folder}"]
        assert line.verdict is verdict, (folder, line)
        named = {*line.codes, *(finding.code for finding in line.findings)}
        assert not code or code in named, (folder, line)
    listed = await desk.listed()
    assert set(listed.values()) == desk.on_disk()
    assert len(listed) == sum(verdict is not Verdict.REFUSED for _, verdict, _ in FOREIGN.values())


async def test_files_keep_their_bytes_and_the_record_says_where_they_came_from(desk: Desk) -> None:
    checkout = Checkout(commit="abc1234", remote="https://git.example/x")
    files = {"repo/data/a-b/SKILL.md": skill("a-b").replace(b"\n", b"\r\n"), "repo/data/a-b/x.sh": b"\xff raw"}
    [line] = (await desk.taken(files, checkout=checkout)).values()
    assert (line.path, line.version) == ("data/a-b", "1.0.0")
    folder = desk.library / "data/a-b"
    assert (folder / "SKILL.md").read_bytes() == files["repo/data/a-b/SKILL.md"]
    assert (folder / "x.sh").read_bytes() == b"\xff raw"
    assert (folder / "metadata.json").is_file()
    async with desk.database.transaction() as session:
        version = await versions.get(session, "a-b", "1.0.0")
    assert version is not None
    kept = {key: version.provenance[key] for key in ("path", "commit", "remote", "imported_by", "archive_sha256")}
    assert kept == {
        "path": "repo/data/a-b",
        "commit": "abc1234",
        "remote": "https://git.example/x",
        "imported_by": "ada",
        "archive_sha256": "a" * 64,
    }
    assert version.promoted_by == "ada"


async def test_the_shelf_is_the_one_asked_for_else_the_skills_own_else_its_folder_else_general(desk: Desk) -> None:
    said = skill("said", "metadata:\n  category: design\n")
    files = {"x/said/SKILL.md": said, "ml/deep/SKILL.md": skill("deep"), "y/none/SKILL.md": skill("none")}
    lines = await desk.taken(files)
    assert [lines[folder].path for folder in ("x/said", "ml/deep", "y/none")] == [
        "design/said",
        "data/deep",
        "general/none",
    ]
    again = await desk.taken(
        {"x/other/SKILL.md": skill("other", "metadata:\n  category: design\n")}, category="research"
    )
    assert again["x/other"].path == "research/other"


async def test_a_second_import_changes_nothing_and_other_bytes_are_a_conflict(desk: Desk) -> None:
    files = {"a-b/SKILL.md": skill("a-b")}
    assert (await desk.taken(files))["a-b"].verdict is Verdict.IMPORTED
    assert (await desk.taken(files))["a-b"].verdict is Verdict.UNCHANGED
    other = {"a-b/SKILL.md": skill("a-b", body="\nOther.\n")}
    line = (await desk.taken(other))["a-b"]
    assert (line.verdict, line.codes) == (Verdict.CONFLICT, ["name-taken"])
    assert (desk.library / "general/a-b/SKILL.md").read_bytes() == files["a-b/SKILL.md"]


async def test_the_same_place_of_the_same_repository_is_the_next_version(desk: Desk) -> None:
    checkout = Checkout(remote="https://git.example/x")
    await desk.taken({"a-b/SKILL.md": skill("a-b")}, checkout=checkout)
    moved = await desk.taken({"z/a-b/SKILL.md": skill("a-b", body="\nOther.\n")}, checkout=checkout)
    assert moved["z/a-b"].verdict is Verdict.CONFLICT
    line = (await desk.taken({"a-b/SKILL.md": skill("a-b", body="\nOther.\n")}, checkout=checkout))["a-b"]
    assert (line.verdict, line.version) == (Verdict.IMPORTED, "1.0.1")


async def test_a_dry_run_says_the_same_and_writes_nothing(desk: Desk) -> None:
    files = everything() | {"twice/SKILL.md": skill("plain", body="\nOther.\n"), "same/SKILL.md": skill("other-name")}
    dry = await desk.taken(files, dry_run=True)
    assert await desk.listed() == {}
    assert desk.on_disk() == set()
    async with desk.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Publication)) == 0
    wet = await desk.taken(files)
    assert {folder: (line.verdict, line.path, line.version) for folder, line in dry.items() if folder != "twice"} == {
        folder: (line.verdict, line.path, line.version) for folder, line in wet.items() if folder != "twice"
    }
    assert dry["twice"].verdict is wet["twice"].verdict is Verdict.CONFLICT


async def test_a_danger_is_let_in_only_by_its_code_with_person_and_reason_for_this_digest(desk: Desk) -> None:
    files = {"pipes/SKILL.md": FOREIGN["pipes"][0]["SKILL.md"]}
    other = await desk.taken(files, accept=["file-program"], reason="no")
    assert other["pipes"].verdict is Verdict.REFUSED
    line = (await desk.taken(files, accept=["pipe-to-shell"], reason="our own installer"))["pipes"]
    assert line.verdict is Verdict.WARNED
    assert [finding.accepted for finding in line.findings if finding.code == "pipe-to-shell"] == [True]
    async with desk.database.transaction() as session:
        [waiver] = list(await session.scalars(select(Waiver)))
    assert (waiver.person, waiver.reason, waiver.code) == ("ada", "our own installer", "pipe-to-shell")
    assert waiver.digest == line.digest


async def test_a_format_error_cannot_be_accepted(desk: Desk) -> None:
    files = {"x/SKILL.md": FOREIGN["no-description"][0]["SKILL.md"]}
    lines = await desk.taken(files, accept=["description-missing"], reason="please")
    assert lines["x"].verdict is Verdict.REFUSED


async def test_a_skill_with_a_file_that_was_not_taken_stays_out_and_the_others_come_in(desk: Desk) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for path in ("bad/SKILL.md", "good/SKILL.md"):
            data = skill(path.partition("/")[0])
            info = tarfile.TarInfo(path)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("bad/evil")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    view = await desk.run(await desk.asked(out.getvalue()))
    lines = {line.folder: line for line in view.report.skills}
    assert (lines["bad"].verdict, lines["bad"].codes) == (Verdict.REFUSED, ["member-link"])
    assert lines["good"].verdict is Verdict.IMPORTED
    assert [(one.path, one.code) for one in view.report.left_out] == [("bad/evil", "member-link")]


async def test_an_absolute_path_is_left_out_by_name_and_stops_nothing(desk: Desk) -> None:
    files = {"good/SKILL.md": skill("good"), "/tmp/evil/SKILL.md": skill("evil"), "//x/SKILL.md": skill("x")}
    for data in (zipped(files | {"/SKILL.md": skill("top")}), packed(files)):
        view = await desk.run(await desk.asked(data, ImportWish(dry_run=True), filename="mine.zip"))
        assert [(line.folder, line.verdict) for line in view.report.skills] == [("good", Verdict.IMPORTED)]
        assert {one.code for one in view.report.left_out} == {"path-absolute"}


async def test_the_link_after_two_hundred_others_keeps_its_skill_out_too(desk: Desk) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for n in range(260):
            link = tarfile.TarInfo(f"a-links/{n}" if n < 250 else f"late/{n}")
            link.type = tarfile.SYMTYPE
            archive.addfile(link)
        info = tarfile.TarInfo("late/SKILL.md")
        info.size = len(skill("late"))
        archive.addfile(info, io.BytesIO(skill("late")))
    view = await desk.run(await desk.asked(out.getvalue()))
    assert [(line.verdict, line.codes) for line in view.report.skills] == [(Verdict.REFUSED, ["member-link"])]
    assert len(view.report.left_out) == 200


async def test_an_ill_named_folder_does_not_take_the_name_of_a_well_named_one(desk: Desk) -> None:
    files = {
        "Imp-Alpha/SKILL.md": skill("imp-alpha", body="\nThe ill-named.\n"),
        "imp-alpha/SKILL.md": skill("imp-alpha"),
        "IMP-ALPHA/SKILL.md": skill("Imp-Alpha"),
    }
    for wish in ({"dry_run": True}, {}, {"update": True}):
        lines = await desk.taken(files, **wish)
        assert {folder: line.verdict for folder, line in lines.items()} == {
            "imp-alpha": Verdict.UNCHANGED if "update" in wish else Verdict.IMPORTED,
            "Imp-Alpha": Verdict.CONFLICT,
            "IMP-ALPHA": Verdict.REFUSED,
        }
    assert (desk.library / "general/imp-alpha/SKILL.md").read_bytes() == skill("imp-alpha")


async def test_an_archive_that_is_never_open_is_given_up_in_words(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer_module, "LONGEST", 0.0)
    import_id = await desk.asked(packed({"a-b/SKILL.md": skill("a-b")}))
    with pytest.raises(UnsafeArchive, match="given up"):
        await desk.importer.open_archive(ForImport(import_id=import_id))


async def test_a_skill_that_is_never_judged_is_refused_in_words(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entrance_module, "LONGEST", 0.0)
    line = (await desk.taken({"a-b/SKILL.md": skill("a-b")}))["a-b"]
    assert (line.verdict, line.codes) == (Verdict.REFUSED, ["too-slow"])


async def test_a_skill_at_the_root_of_a_zip_is_taken(desk: Desk) -> None:
    data = zipped({"SKILL.md": skill("my-skill"), "evals/evals.json": b"[]"})
    view = await desk.run(await desk.asked(data, filename="my-skill.skill"))
    assert [(line.verdict, line.path) for line in view.report.skills] == [(Verdict.IMPORTED, "general/my-skill")]


@pytest.mark.parametrize("data", [packed({"README.md": b"no skill"}), b"\x1f\x8bdamaged", b"plain text"])
async def test_an_archive_without_skills_or_beyond_reading_fails_in_words(desk: Desk, data: bytes) -> None:
    import_id = await desk.asked(data)
    with pytest.raises(UnsafeArchive) as caught:
        await desk.importer.open_archive(ForImport(import_id=import_id))
    await desk.importer.close_import(ImportEnding(import_id=import_id, error=str(caught.value)))
    view = await desk.view(import_id)
    assert (view.status, view.report.error) == (ImportStatus.FAILED, str(caught.value))


class Killed(BaseException):
    """What a kill -9 looks like from inside: nothing after it runs."""


class Dying(Publisher):
    """Dies once, before or after one of its steps."""

    where: ClassVar[str] = ""

    async def claim(self, wanted: Wanted) -> Wanted | None:
        held = await super().claim(wanted)
        self._die("claimed")
        return held

    async def put(self, wanted: Wanted) -> None:
        await super().put(wanted)
        self._die("put")

    async def complete(self, wanted: Wanted, first: First | None = None) -> None:
        await super().complete(wanted, first)
        self._die("completed")

    def _die(self, where: str) -> None:
        if Dying.where == where:
            Dying.where = ""
            raise Killed


@pytest.mark.parametrize("where", ["claimed", "put", "completed"])
async def test_a_worker_killed_amid_a_skill_goes_on_without_doubling(desk: Desk, where: str) -> None:
    files = {f"{name}/SKILL.md": skill(name) for name in ("aa", "bb", "cc")}
    import_id = await desk.asked(packed(files))
    await desk.importer.open_archive(ForImport(import_id=import_id))
    desk.importer.publisher = Dying(desk.database, desk.shelves)
    Dying.where = where
    with pytest.raises(Killed):
        await desk.importer.take_skills(ImportBatch(import_id=import_id))
    desk.importer = Importer(desk.database, Shelves(desk.library), parse_taxonomy(default_taxonomy()))
    view = await desk.run(import_id)
    assert [line.verdict for line in view.report.skills] == [Verdict.IMPORTED] * 3
    assert set((await desk.listed()).values()) == desk.on_disk() == {f"general/{name}" for name in ("aa", "bb", "cc")}
    async with desk.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(SkillVersion)) == 3
        assert await session.scalar(select(func.count()).select_from(Publication)) == 0
        changes = await session.execute(text("SELECT name, count(*) FROM skill_changes GROUP BY name ORDER BY name"))
        assert changes.all() == [("aa", 1), ("bb", 1), ("cc", 1)]


async def test_an_import_that_is_given_up_leaves_no_name_held_and_nothing_half(desk: Desk) -> None:
    import_id = await desk.asked(packed({"aa/SKILL.md": skill("aa")}))
    await desk.importer.open_archive(ForImport(import_id=import_id))
    desk.importer.publisher = Dying(desk.database, desk.shelves)
    Dying.where = "put"
    with pytest.raises(Killed):
        await desk.importer.take_skills(ImportBatch(import_id=import_id))
    assert desk.on_disk() == {"general/aa"}
    await desk.importer.close_import(ImportEnding(import_id=import_id, error="given up"))
    assert desk.on_disk() == set()
    async with desk.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Publication)) == 0


async def test_a_name_that_a_job_has_drafted_is_a_conflict(desk: Desk) -> None:
    async with desk.database.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO skills (name, category, description, status, version, digest) "
                f"VALUES ('aa', 'general', 'x', '{SkillStatus.DRAFT}', '1.0.0', 'd')"
            )
        )
    lines = await desk.taken({"aa/SKILL.md": skill("aa")})
    assert lines["aa"].verdict is Verdict.CONFLICT
    assert isinstance(ImportReport(skills=list(lines.values())).counts, dict)
