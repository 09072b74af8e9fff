"""What the published versions are as artifacts: sizes, digests and paths, worked out once for each version.

A version never changes, so neither does what is remembered of it. Must not decide what is offered to whom.
"""

import asyncio
from collections.abc import Sequence
from hashlib import sha256
from typing import Literal

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import SkillFileError
from domain.library.archive import MEDIA_TYPES, ArchiveFormat, archive, is_lone, shipped
from domain.library.release import Artifact, FilesEntry, IndexEntry, artifact_url
from domain.shape import Shape
from domain.skill import SKILL_FILE, SkillFileEntry, SkillSummary
from store import versions

MARKDOWN = "text/markdown; charset=utf-8"
REMEMBERED = 10_000
"""Versions; the oldest entry goes first."""

log = structlog.get_logger("api")


class Packed(Shape):
    """A version as artifacts. `lone`: SKILL.md is all of it."""

    lone: bool
    files: list[str]
    artifacts: list[Artifact]

    def of(self, form: ArchiveFormat | Literal["skill-md"]) -> Artifact:
        """One of them."""
        return next(one for one in self.artifacts if one.format == form)


class Artifacts:
    """Remembers the artifacts of versions, by name, version and digest."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str], Packed | None] = {}

    async def packed(self, session: AsyncSession, name: str, version: str, digest: str) -> Packed | None:
        """What a version is; None for one that cannot be packed, which is logged."""
        key = (name, version, digest)
        if key not in self._known:
            files = await versions.files(session, name, version)
            if len(self._known) >= REMEMBERED:
                del self._known[next(iter(self._known))]
            self._known[key] = await asyncio.to_thread(_packed, name, version, files)
        return self._known[key]

    async def offered(self, session: AsyncSession, listed: Sequence[SkillSummary]) -> list[tuple[SkillSummary, Packed]]:
        """Those of the listed skills that clients can be given."""
        found = [(skill, await self.packed(session, skill.name, skill.version, skill.digest)) for skill in listed]
        return [(skill, packed) for skill, packed in found if packed is not None]


def index_entry(skill: SkillSummary, packed: Packed) -> IndexEntry:
    """A skill in the index v0.2.0. Of archives it names the zip: readers of tar may know no long or non-ASCII paths."""
    artifact = packed.of("skill-md" if packed.lone else ArchiveFormat.ZIP)
    kind: Literal["skill-md", "archive"] = "skill-md" if packed.lone else "archive"
    return IndexEntry(
        name=skill.name, type=kind, description=skill.description, url=artifact.url, digest=artifact.digest
    )


def files_entry(skill: SkillSummary, packed: Packed) -> FilesEntry | None:
    """A skill in the index v0.1; None where a path would make its clients refuse the whole index."""
    if any(".." in path for path in packed.files):
        return None
    return FilesEntry(name=skill.name, description=skill.description, files=packed.files)


def _packed(name: str, version: str, files: Sequence[SkillFileEntry]) -> Packed | None:
    try:
        archives = {form: archive(name, files, form) for form in ArchiveFormat}
    except SkillFileError as error:
        log.warning("a published version cannot be packed", skill=name, version=version, why=str(error))
        return None
    chosen = shipped(files)
    text = next(file.data for file in chosen if file.path == SKILL_FILE)
    made = [_artifact(name, version, form, MEDIA_TYPES[form], data) for form, data in archives.items()]
    made.append(_artifact(name, version, "skill-md", MARKDOWN, text))
    return Packed(lone=is_lone(files), files=[file.path for file in chosen], artifacts=made)


def _artifact(
    name: str, version: str, form: ArchiveFormat | Literal["skill-md"], media_type: str, data: bytes
) -> Artifact:
    return Artifact(
        format=form,
        url=artifact_url(name, version, form),
        media_type=media_type,
        size=len(data),
        digest=f"sha256:{sha256(data).hexdigest()}",
    )
