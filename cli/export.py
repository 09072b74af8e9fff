"""`skills export`: the published library as a folder that needs no server: a plugin marketplace and a well-known site.

The folder holds what the api would answer, from one look at each release; indexes name artifacts relative to
themselves, so that it may be served below any path. Must not touch what else lies in the folder, such as `.git`.
"""

import shutil
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel

from cli.client import Api
from cli.fetching import Fetched, Order, fetch
from cli.placing import write
from cli.problems import CliError
from cli.run import run_of
from domain.library.archive import ArchiveFormat, archive, is_lone
from domain.library.release import FilesEntry, FilesIndex, Index, IndexEntry, marketplace
from domain.shape import StrictShape
from domain.skill import SKILL_FILE, SkillFileEntry

MARK = ".skill-fleet-export"
"""An empty file: the folder is an export, and may be replaced by the next one."""

OURS = ("skills", ".claude-plugin", ".well-known", MARK)


class Exported(StrictShape):
    """What `skills export --json` prints."""

    folder: str
    skills: list[str]


def export(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder, an empty one, or a former export.")],
) -> None:
    """Write the library into a folder: a plugin marketplace, and a well-known site for any web server."""
    run = run_of(ctx)
    _may_be_written(folder)
    with run.api() as api:
        found = _fetched(api)
    try:
        _replace(folder, found)
    except OSError as error:
        raise CliError(f"{folder} cannot be written.", why=str(error), next_step="mend the folder") from error
    names = [one.release.name for one in found]
    if run.out.json_wanted:
        run.out.document(Exported(folder=str(folder), skills=names))
        return
    run.out.line(f"{len(names)} skills in {folder}")


def _fetched(api: Api) -> list[Fetched]:
    listed = Index.model_validate_json(api.text(f"{api.url}/.well-known/agent-skills/index.json"))
    names = [entry.name for entry in listed.skills]
    released = [Order(api, [name]).only() for name in names]
    return [fetch(api, release, asked=True) for release in released]


def _may_be_written(folder: Path) -> None:
    taken = folder.exists() and not (folder / MARK).is_file()
    if taken and (not folder.is_dir() or any((folder / name).exists() for name in OURS)):
        raise CliError(
            f"{folder} holds something else where the export would go.",
            why=f"it has no {MARK}, so it is no former export",
            next_step="choose a new folder",
        )


def _replace(folder: Path, found: list[Fetched]) -> None:
    """Written beside it, then renamed into it: as a whole when it is new, else folder by folder."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        new = staged / "new"
        _build(new, found)
        if not folder.exists():
            new.rename(folder)
            return
        for name in OURS:
            if (folder / name).exists():
                (folder / name).rename(staged / f"old-{name}")
            (new / name).rename(folder / name)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _build(root: Path, found: list[Fetched]) -> None:
    (root / "skills").mkdir(parents=True)
    site = root / ".well-known"
    entries = []
    for one in found:
        write(root / "skills" / one.release.name, one.files)
        write(site / "skills" / one.release.name, one.files)
        entries.append(_artifact(site / "agent-skills", one))
    listed = [
        FilesEntry(name=one.release.name, description=one.release.description, files=[*one.sums]) for one in found
    ]
    _document(site / "agent-skills" / "index.json", Index(skills=entries))
    _document(site / "skills" / "index.json", FilesIndex(skills=[one for one in listed if _is_plain(one)]))
    _document(root / ".claude-plugin" / "marketplace.json", marketplace([one.release for one in found]))
    (root / MARK).touch()


def _artifact(folder: Path, one: Fetched) -> IndexEntry:
    """The artifact made here again: its bytes follow from the files, so its digest is the one that was verified."""
    release = one.release
    lone = is_lone(one.files)
    data = _text(one.files) if lone else archive(release.name, one.files, ArchiveFormat.ZIP)
    name = SKILL_FILE if lone else f"{release.name}.zip"
    place = folder / release.name / release.version
    place.mkdir(parents=True)
    (place / name).write_bytes(data)
    return IndexEntry(
        name=release.name,
        type="skill-md" if lone else "archive",
        description=release.description,
        url=f"{release.name}/{release.version}/{name}",
        digest=f"sha256:{sha256(data).hexdigest()}",
    )


def _text(files: list[SkillFileEntry]) -> bytes:
    return next(file.data for file in files if file.path == SKILL_FILE)


def _is_plain(entry: FilesEntry) -> bool:
    """A path with two dots in it would make clients of v0.1 refuse the whole index."""
    return not any(".." in path for path in entry.files)


def _document(path: Path, shape: BaseModel) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(shape.model_dump_json(by_alias=True, indent=2) + "\n", encoding="utf-8")
