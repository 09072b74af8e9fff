"""Routes of the library: search, read, validate, taxonomy, and the XML that agents read."""

import asyncio
import base64
import json
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field, TypeAdapter

from api import published
from api.dependencies import PersonDep, Services, ServicesDep
from api.described import problems
from api.errors import InvalidRequest
from api.examples import XML
from api.library import available_skills
from api.published import Published
from domain.errors import SkillFileError
from domain.library import dependencies
from domain.library.search import query
from domain.library.views import Count, Facets, Shown, SkillPage, SkillView, Sort
from domain.shape import StrictShape
from domain.skill import SKILL_FILE, SkillFileEntry, ValidationReport
from domain.skill_file import frontmatter_of, parse
from domain.taxonomy import Facet, Shelf, Taxonomy
from domain.validation import STRICT, Profile, validate
from store import evaluations, mounts, requirements, search, skills
from store.session import Session

router = APIRouter(tags=["library"])

MOST = 500
"""Skills on one page."""

NO_CURSOR = "This is no cursor of ours; take `next_cursor` from the last page of the same list unchanged."

Position = tuple[float | str, str]
_POSITION: TypeAdapter[Position] = TypeAdapter(Position)


class ValidateRequest(StrictShape):
    """Body of `POST /skills/validate`. `name` is the folder the file will lie in; default: the name it gives itself."""

    content: str = Field(examples=["---\nname: handling-user-data\ndescription: Handles user data.\n---\n\n# Steps\n"])
    name: str | None = Field(None, max_length=255)
    profile: Profile = STRICT


class TaxonomyView(StrictShape):
    """`GET /taxonomy`: the shelves with how many published skills each holds, and the words skills are marked with."""

    categories: list[Shelf]
    facets: list[Facet] = []


@router.get("/skills", summary="Search the library", responses=problems(503))
async def list_skills(
    parts: ServicesDep,
    q: Annotated[str, Query(max_length=2_000, description="Words; quotes, `or` and `-` as in a web search.")] = "",
    category: Annotated[str | None, Query(max_length=64, description="A shelf, or another word for it.")] = None,
    tag: Annotated[str | None, Query(max_length=64, description="A tag, or another word for it.")] = None,
    status: Annotated[Shown, Query(description="In use, out of use, withdrawn, or all.")] = Shown.ACTIVE,
    sort: Sort = Sort.BEST,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
    cursor: Annotated[str | None, Query(max_length=400, description="`next_cursor` of the last page.")] = None,
) -> SkillPage:
    """Published skills, best first; without words by path. Facets and `total` count all pages."""
    taxonomy = await asyncio.to_thread(parts.library.taxonomy)
    wanted = search.Wanted(
        words=query(q),
        category=(taxonomy.find(category) or query(category)) if category else None,
        tags=taxonomy.spellings(query(tag)) if tag else [],
        status=status,
        sort=sort,
        limit=limit,
    )
    if cursor:
        wanted = wanted.model_copy(update={"after": _position(cursor, wanted.by_number)})
    async with parts.database.transaction() as session:
        found = await search.page(session, wanted)
        return SkillPage(
            skills=found.cards,
            total=await search.total(session, wanted),
            facets=_merged(await search.facets(session, wanted), taxonomy),
            next_cursor=_cursor(found.after) if found.after else None,
        )


@router.post("/skills/validate", summary="Check a SKILL.md", responses=problems(413, 422))
async def validate_skill(body: ValidateRequest) -> ValidationReport:
    """Apply every rule to a text, without keeping it."""
    files = [SkillFileEntry(path=SKILL_FILE, data=body.content.encode("utf-8", "replace"))]
    folder = body.name or _own_name(files[0].data)
    return await asyncio.to_thread(validate, files, folder, profile=body.profile)


@router.get("/skills/{path:path}", summary="Read a skill", responses=problems(404, 410, 503))
async def read_skill(path: str, parts: ServicesDep, response: Response) -> SkillView:
    """A published skill with its text, by `category/name`, by name alone, or by another name of it.

    What should be known of it (another name, out of use) is in `warning`, and in the headers `Warning` and `Link`.
    """
    found, view = await _view(parts, path)
    response.headers.update(found.headers)
    return view


@router.get("/taxonomy", summary="The shelves", responses=problems(503))
async def read_taxonomy(parts: ServicesDep) -> TaxonomyView:
    """The categories of the library with the other words for them, and the words that skills are marked with."""
    taxonomy = await asyncio.to_thread(parts.library.taxonomy)
    async with parts.database.transaction() as session:
        counted = await skills.count_by_category(session)
    shelves = [shelf.model_copy(update={"skills": counted.get(shelf.name, 0)}) for shelf in taxonomy.categories]
    return TaxonomyView(categories=shelves, facets=taxonomy.facets)


@router.get(
    "/taxonomy/xml",
    summary="The library for agents",
    response_class=Response,
    responses={200: {"content": {"application/xml": {"example": XML}}}, **problems(503)},
)
async def read_xml(
    parts: ServicesDep,
    asking: PersonDep,
    category: Annotated[str | None, Query(max_length=64)] = None,
    mounted: Annotated[bool, Query(description="Only your mounted skills.")] = False,
) -> Response:
    """`<available_skills>` for an agent's system prompt: active skills, by path; a deprecated one is not offered to new
    readers. Locations are absolute paths on this machine."""
    async with parts.database.transaction() as session:
        listed = await skills.listed(session, category=category)
        if mounted:
            mine = {skill.skill for skill in await mounts.mounted(session, asking.name)}
            listed = [skill for skill in listed if skill.name in mine]
    return Response(available_skills(listed, parts.library) + "\n", media_type="application/xml")


async def skill_detail(parts: Services, path: str) -> SkillView:
    """A published skill. Raises NotFound, and SkillYanked for one that was withdrawn."""
    return (await _view(parts, path))[1]


async def _view(parts: Services, path: str) -> tuple[Published, SkillView]:
    async with parts.database.transaction() as session:
        found = await published.find_usable(session, path)
        view = await described(session, found)
    text = await asyncio.to_thread(parts.library.text, found.path)
    files = await asyncio.to_thread(parts.library.files, found.path)
    return found, view.model_copy(update={"content": text, "files": files})


async def described(session: Session, found: Published) -> SkillView:
    """All that the rows say of a skill; its text lies elsewhere."""
    row = found.row
    version = await skills.version_of(session, row.name, row.version)
    judged = await evaluations.newest(session, row.name, row.version)
    catalogue = await requirements.catalogue(session)
    return SkillView(
        **skills.summary(row).model_dump(),
        content="",
        files=[],
        provenance=skills.provenance(version) if version else {},
        tags=[*row.tags],
        requires=[*row.requires],
        required_by=dependencies.required_by(row.name, catalogue),
        install_order=dependencies.order(row.name, row.requires, catalogue),
        problems=dependencies.problems(row.name, row.requires, catalogue),
        aliases=await requirements.aliases_of(session, row.name),
        note=row.note,
        replaced_by=row.replaced_by,
        warning=found.warning,
        evaluation=evaluations.summary(judged) if judged else None,
    )


def _merged(facets: Facets, taxonomy: Taxonomy) -> Facets:
    """With one count for all words of a tag."""
    counted: dict[str, int] = {}
    for count in facets.tags:
        word = taxonomy.tag(count.value)
        counted[word] = counted.get(word, 0) + count.skills
    ordered = sorted(counted, key=lambda word: (-counted[word], word))
    return facets.model_copy(update={"tags": [Count(value=word, skills=counted[word]) for word in ordered]})


def _own_name(data: bytes) -> str:
    try:
        return frontmatter_of(parse(data)).name
    except SkillFileError:
        return "skill"


def _cursor(position: Position) -> str:
    """A position in a list, as text that travels in an address."""
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


def _position(given: str, by_number: bool) -> Position:
    """The position that a cursor names, of a list in such an order. Raises InvalidRequest."""
    try:
        position = _POSITION.validate_json(base64.urlsafe_b64decode(given.encode()))
    except ValueError as error:
        raise InvalidRequest(NO_CURSOR, {"cursor": NO_CURSOR}) from error
    if isinstance(position[0], str) is by_number or "\0" in f"{position[0]}{position[1]}":
        raise InvalidRequest(NO_CURSOR, {"cursor": NO_CURSOR})
    return position
