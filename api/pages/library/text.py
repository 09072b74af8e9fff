"""A version of a skill to be read: its SKILL.md, and each of its files rendered or as its bytes are."""

import asyncio
from pathlib import PurePosixPath
from typing import Literal
from urllib.parse import quote

from fastapi import Response
from markupsafe import Markup
from pydantic import ConfigDict

from api.dependencies import Services
from api.pages.library.skill_view import SkillPage, Wanted
from api.pages.rendering import RawText, markdown_html, raw_text, skill_html
from api.versions import NOW, read_version, read_version_file
from domain.library.dependencies import requirement
from domain.library.views import SkillView, VersionView
from domain.skill import SKILL_FILE

MARKDOWN = (".md", ".markdown")
MOST_RENDERED = 400_000
"""Characters of a text that are rendered; a longer one is shown as it is, up to what is shown of any."""


class TextView(SkillPage):
    """One version. `requires`: each requirement with the name it begins with, for a link."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    shown: VersionView
    rendered: Markup
    requires: list[tuple[str, str]]


class FileView(SkillPage):
    """One file of a version. `kind` says how it is shown; `fetch` is where its bytes are."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    shown: VersionView
    file: str
    length: int
    kind: Literal["rendered", "raw", "picture", "bytes"]
    both: bool
    rendered: Markup = Markup()
    text: RawText = RawText()
    fetch: str


async def text_view(parts: Services, fields: dict[str, object], skill: SkillView, wanted: Wanted) -> TextView:
    """The SKILL.md of a version, with what its metadata says. Raises NotFound."""
    version = await of_version(parts, skill, wanted.version)
    needed = version.metadata.requires if version.metadata else skill.requires
    rendered = await asyncio.to_thread(skill_html, version.content[:MOST_RENDERED])
    requires = [(each, asked.name if (asked := requirement(each)) else "") for each in needed]
    return TextView.model_validate({**fields, "shown": version, "rendered": rendered, "requires": requires})


async def file_view(parts: Services, fields: dict[str, object], skill: SkillView, wanted: Wanted) -> FileView:
    """One file of a version: the bytes are those that `GET …/files/{path}` gives. Raises NotFound."""
    version = await of_version(parts, skill, wanted.version)
    got = await read_version_file(skill.category, skill.name, version.version, wanted.file, parts)
    data, media_type = bytes(got.body), got.headers["Content-Type"]
    given: dict[str, object] = {
        **fields,
        "shown": version,
        "file": wanted.file,
        "length": len(data),
        "fetch": f"/api/v1/skills/{skill.path}/versions/{version.version}/files/{quote(wanted.file)}",
        "both": PurePosixPath(wanted.file).suffix.lower() in MARKDOWN,
    }
    if media_type.startswith("image/"):
        return FileView.model_validate({**given, "kind": "picture"})
    if not media_type.startswith("text/") and "json" not in media_type:
        return FileView.model_validate({**given, "kind": "bytes"})
    text = data.decode("utf-8", "replace")
    if given["both"] and not wanted.raw and len(text) <= MOST_RENDERED:
        render = skill_html if wanted.file == SKILL_FILE else markdown_html
        return FileView.model_validate({**given, "kind": "rendered", "rendered": await asyncio.to_thread(render, text)})
    return FileView.model_validate({**given, "kind": "raw", "text": await asyncio.to_thread(raw_text, text)})


async def of_version(parts: Services, skill: SkillView, number: str) -> VersionView:
    """A version of the skill; an empty number is the one that agents read, or read last. Raises NotFound."""
    return await read_version(skill.category, skill.name, number or NOW[0], parts, Response())
