"""`metadata.json`: what a version of a skill is, in one generated shape, beside its SKILL.md.

It is derived from the other files and from who published them, never edited, and no part of the skill's digest, which
it states. It says nothing that changes later: a version is for ever, its status is in the library's rows.
"""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Literal
from uuid import UUID

from pydantic import JsonValue

from domain.shape import Shape
from domain.skill import METADATA_FILE, Frontmatter, SkillFileEntry
from domain.skill_file import digest

TAGS, REQUIRES = "tags", "requires"
"""Keys of the frontmatter's `metadata` that the library reads: words and `name` or `name>=1.2.0`, split at white space
or commas."""


class OriginKind(StrEnum):
    """How a version came into the library."""

    JOB = "job"
    IMPORT = "import"
    FOLDER = "folder"
    """It lay in the library's folder without a row: written by hand, shipped with it, or checked out."""


class SkillOrigin(Shape):
    """Where a version came from; `source` names the archive or folder of an import."""

    kind: OriginKind
    job_id: UUID | None = None
    revision: int | None = None
    source: str | None = None


class FileRecord(Shape):
    """One file of a version: POSIX path, size in bytes, SHA-256 in lowercase hexadecimal."""

    path: str
    size: int
    sha256: str


class SkillMetadata(Shape):
    """The content of `metadata.json`. `shape` is the number of this form; a reader refuses one it does not know."""

    shape: Literal[1] = 1
    name: str
    version: str
    description: str
    category: str
    tags: list[str] = []
    requires: list[str] = []
    license: str | None = None
    compatibility: str | None = None
    allowed_tools: str | None = None
    digest: str
    files: list[FileRecord]
    origin: SkillOrigin
    published_by: str
    published_at: datetime


class Publishing(Shape):
    """What the files themselves do not say."""

    version: str
    category: str
    origin: SkillOrigin
    by: str
    at: datetime


def metadata_of(front: Frontmatter, files: Sequence[SkillFileEntry], publishing: Publishing) -> SkillMetadata:
    """What a version is: from its frontmatter, its files and how it is published."""
    records = [
        FileRecord(path=file.path, size=len(file.data), sha256=sha256(file.data).hexdigest())
        for file in sorted(files, key=lambda file: file.path)
        if file.path != METADATA_FILE
    ]
    return SkillMetadata(
        name=front.name,
        version=publishing.version,
        description=front.description,
        category=publishing.category,
        tags=words_of(front, TAGS),
        requires=words_of(front, REQUIRES),
        license=front.license,
        compatibility=front.compatibility,
        allowed_tools=front.allowed_tools,
        digest=digest(files),
        files=records,
        origin=publishing.origin,
        published_by=publishing.by,
        published_at=publishing.at,
    )


def words_of(front: Frontmatter, key: str) -> list[str]:
    """The words under one key of the frontmatter's `metadata`, once each, in their order."""
    return list(dict.fromkeys(re.findall(r"[^\s,]+", front.metadata.get(key, ""))))


def rendered(metadata: SkillMetadata) -> SkillFileEntry:
    """The file: sorted keys, two spaces, one line end; the same metadata gives the same bytes."""
    text = json.dumps(metadata.model_dump(mode="json", exclude_none=True), indent=2, sort_keys=True, ensure_ascii=False)
    return SkillFileEntry(path=METADATA_FILE, data=f"{text}\n".encode())


def schema() -> dict[str, JsonValue]:
    """The JSON Schema of the file, for readers in other languages; it lies in the library's `_templates`."""
    described = SkillMetadata.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **described}
