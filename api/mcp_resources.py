"""Skills as MCP resources: every file with its digest, and the draft extension's list of skills.

Resources: `skill://<category>/<name>/<file>`. `_meta` keys are prefixed as the protocol asks.
"""

import mimetypes
from base64 import b64encode

from mcp import types
from mcp.server.lowlevel.server import Server
from pydantic import JsonValue

from api.mcp_context import Context, answered
from api.mcp_shelf import Shelf
from domain.errors import SkillFileError
from domain.library.catalog import ServedSkill, resource_set, uri_of
from domain.library.metadata import FileRecord
from domain.skill import SKILL_FILE
from domain.skill_file import parse

EXTENSION = "io.modelcontextprotocol/skills"
PREFIX = "io.skillfleet/"
PAGE, SKILLS_A_PAGE = 100, 20
"""Entries of one answer."""

MARKDOWN = "text/markdown"
TEMPLATES = [
    types.ResourceTemplate(
        name="skill-file",
        title="A file of a skill",
        uri_template="skill://{category}/{name}/{+path}",
        description="SKILL.md, or any other file of a published skill.",
    )
]


class SkillsParams(types.PaginatedRequestParams):
    """Parameters of `skills/list`."""


class SkillParams(types.RequestParams):
    """Parameters of `skills/get`: the address of its SKILL.md."""

    uri: str


class Resources:
    """The handlers of resources, over one shelf."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf

    def add_to(self, server: Server[None]) -> None:
        """Register the methods of the draft extension."""
        server.extensions[EXTENSION] = {}
        server.add_request_handler("skills/list", SkillsParams, self.skills)
        server.add_request_handler("skills/get", SkillParams, self.skill)

    async def list(self, _: Context, params: types.PaginatedRequestParams | None) -> types.ListResourcesResult:
        """Every file of every served skill, by address; the cursor is the last address of the page before."""
        async with answered():
            catalog = await self.shelf.catalog()
        found = sorted(
            (resource(skill, file) for skill in catalog.skills for file in skill.files), key=lambda one: one.uri
        )
        after = params.cursor if params and params.cursor else ""
        page = [one for one in found if one.uri > after]
        more = page[PAGE - 1].uri if len(page) > PAGE else None
        return types.ListResourcesResult(resources=page[:PAGE], next_cursor=more)

    async def templates(
        self, _: Context, _params: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        """How addresses are made."""
        return types.ListResourceTemplatesResult(resource_templates=TEMPLATES)

    async def read(self, _: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        """One file, after its digest was checked: text when it is UTF-8, else bytes."""
        async with answered():
            skill, record, data = await self.shelf.resource(params.uri)
        return types.ReadResourceResult(contents=[contents(params.uri, skill, record, data)])

    async def skills(self, _: Context, params: SkillsParams) -> dict[str, JsonValue]:
        """`skills/list`: address, frontmatter as it is written, and the complete set of resources of each skill."""
        async with answered():
            catalog = await self.shelf.catalog()
            after = params.cursor or ""
            waiting = [skill for skill in catalog.skills if skill.path > after]
            entries: list[JsonValue] = [await self._entry(skill) for skill in waiting[:SKILLS_A_PAGE]]
        more = {"nextCursor": waiting[SKILLS_A_PAGE - 1].path} if len(waiting) > SKILLS_A_PAGE else {}
        return {"skills": entries, **more}

    async def skill(self, _: Context, params: SkillParams) -> dict[str, JsonValue]:
        """`skills/get`: the same of one skill."""
        async with answered():
            found = await self.shelf.resource(params.uri)
            return await self._entry(found[0])

    async def _entry(self, skill: ServedSkill) -> dict[str, JsonValue]:
        files = await self.shelf.files(skill)
        listed: list[JsonValue] = [dict(one) for one in resource_set(skill)]
        return {"uri": uri_of(skill, SKILL_FILE), "frontmatter": frontmatter(files[SKILL_FILE]), "resources": listed}


def resource(skill: ServedSkill, file: FileRecord) -> types.Resource:
    """A file in the list; that of SKILL.md tells of the whole skill."""
    told: dict[str, JsonValue] = _meta(skill, file)
    if file.path == SKILL_FILE:
        told[f"{PREFIX}resources"] = [dict(one) for one in resource_set(skill)]
    return types.Resource(
        uri=uri_of(skill, file.path),
        name=skill.name if file.path == SKILL_FILE else f"{skill.name}/{file.path}",
        description=skill.description if file.path == SKILL_FILE else None,
        mime_type=media_type(file.path),
        size=file.size,
        _meta=told,
    )


def contents(
    uri: str, skill: ServedSkill, file: FileRecord, data: bytes
) -> types.TextResourceContents | types.BlobResourceContents:
    """A file as it is read."""
    kind, meta = media_type(file.path), _meta(skill, file)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        blob = b64encode(data).decode("ascii")
        return types.BlobResourceContents(uri=uri, mime_type=kind, blob=blob, _meta=meta)
    return types.TextResourceContents(uri=uri, mime_type=kind, text=text, _meta=meta)


def media_type(path: str) -> str:
    """The type that the ending of a name says."""
    if path.endswith((".md", ".markdown")):
        return MARKDOWN
    return mimetypes.guess_type(path, strict=False)[0] or "application/octet-stream"


def frontmatter(data: bytes) -> dict[str, JsonValue]:
    """The fields of a SKILL.md as they are written; empty when it cannot be read."""
    try:
        return dict(parse(data, lenient=True).fields)
    except SkillFileError:
        return {}


def _meta(skill: ServedSkill, file: FileRecord) -> dict[str, JsonValue]:
    told: dict[str, JsonValue] = {
        f"{PREFIX}digest": f"sha256:{file.sha256}",
        f"{PREFIX}skill": skill.path,
        f"{PREFIX}skill-digest": f"sha256:{skill.digest}",
        f"{PREFIX}version": skill.version,
    }
    return told | ({f"{PREFIX}notice": skill.notice} if skill.notice else {})
