"""Routes of the library: list, read, validate, taxonomy, and the XML that agents read."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from api.dependencies import Services, ServicesDep
from api.described import problems
from api.examples import XML
from api.library import available_skills
from domain.errors import NotFound, SkillFileError
from domain.shape import StrictShape
from domain.skill import SKILL_FILE, Category, SkillDetail, SkillFileEntry, SkillList, SkillStatus, ValidationReport
from domain.skill_file import frontmatter_of, parse
from domain.validation import STRICT, Profile, validate
from store import skills

router = APIRouter(tags=["library"])


class ValidateRequest(StrictShape):
    """Body of `POST /skills/validate`. `name` is the folder the file will lie in; default: the name it gives itself."""

    content: str = Field(examples=["---\nname: handling-user-data\ndescription: Handles user data.\n---\n\n# Steps\n"])
    name: str | None = Field(None, max_length=255)
    profile: Profile = STRICT


class TaxonomyView(StrictShape):
    """`GET /taxonomy`: the shelves with how many published skills each holds."""

    categories: list[Category]


@router.get("/skills", summary="List the library", responses=problems(503))
async def list_skills(
    parts: ServicesDep,
    category: Annotated[str | None, Query(max_length=64)] = None,
    q: Annotated[str, Query(max_length=200, description="Words of name or description.")] = "",
) -> SkillList:
    """Published skills, by path."""
    async with parts.database.transaction() as session:
        return SkillList(skills=await skills.listed(session, category=category, words=q))


@router.post("/skills/validate", summary="Check a SKILL.md", responses=problems(413, 422))
async def validate_skill(body: ValidateRequest) -> ValidationReport:
    """Apply every rule to a text, without keeping it."""
    files = [SkillFileEntry(path=SKILL_FILE, data=body.content.encode("utf-8", "replace"))]
    folder = body.name or _own_name(files[0].data)
    return await asyncio.to_thread(validate, files, folder, profile=body.profile)


@router.get("/skills/{path:path}", summary="Read a skill", responses=problems(404, 503))
async def read_skill(path: str, parts: ServicesDep) -> SkillDetail:
    """A published skill with its text, by `category/name` or by name alone."""
    return await skill_detail(parts, path)


@router.get("/taxonomy", summary="The shelves", responses=problems(503))
async def read_taxonomy(parts: ServicesDep) -> TaxonomyView:
    """The categories of the library."""
    taxonomy = await asyncio.to_thread(parts.library.taxonomy)
    async with parts.database.transaction() as session:
        counted = await skills.count_by_category(session)
    return TaxonomyView(
        categories=[
            Category(
                name=shelf.name, title=shelf.title, description=shelf.description, skills=counted.get(shelf.name, 0)
            )
            for shelf in taxonomy.categories
        ]
    )


@router.get(
    "/taxonomy/xml",
    summary="The library for agents",
    response_class=Response,
    responses={200: {"content": {"application/xml": {"example": XML}}}, **problems(503)},
)
async def read_xml(parts: ServicesDep) -> Response:
    """`<available_skills>` for an agent's system prompt; locations are absolute paths on this machine."""
    async with parts.database.transaction() as session:
        listed = await skills.listed(session)
    return Response(available_skills(listed, parts.library) + "\n", media_type="application/xml")


async def skill_detail(parts: Services, path: str) -> SkillDetail:
    """A published skill. Raises NotFound."""
    category, _, name = path.strip("/").rpartition("/")
    async with parts.database.transaction() as session:
        row = await skills.get(session, name)
        if row is None or row.status == SkillStatus.DRAFT or category not in ("", row.category):
            raise NotFound(f"There is no published skill {path[:140]!r}. See the list: GET /api/v1/skills.")
        found = skills.summary(row)
        version = await skills.version_of(session, name, row.version)
    return SkillDetail(
        **found.model_dump(),
        content=await asyncio.to_thread(parts.library.text, found.path),
        files=await asyncio.to_thread(parts.library.files, found.path),
        provenance=skills.provenance(version) if version else {},
    )


def _own_name(data: bytes) -> str:
    try:
        return frontmatter_of(parse(data)).name
    except SkillFileError:
        return "skill"
