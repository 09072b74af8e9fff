"""The three tools of the MCP server: search, load (which counts as a use by itself), and report how it went."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID, uuid4

from mcp import types
from pydantic import Field, ValidationError

from api.mcp_client import ApiRefused
from api.mcp_context import Context
from api.mcp_shelf import Shelf
from domain.errors import SkillFileError, SkillFleetError
from domain.library.catalog import Catalog, ServedSkill, ranked, resource_set, wrapped
from domain.library.usage import LONGEST_NOTE, UsageOutcome, UsageReport
from domain.shape import StrictShape, wrong_with
from domain.skill import SKILL_FILE
from domain.skill_file import parse
from domain.text import clean, clipped

SkillName = Annotated[str, Field(min_length=1, max_length=140, description="Its name, or category/name.")]


class Search(StrictShape):
    """Find skills for a task by words of it; returns names and descriptions, best first."""

    query: Annotated[str, Field(min_length=1, max_length=500, description="What the task is about.")]


class Load(StrictShape):
    """Load a skill before doing the task it describes: its text as data, and the addresses of its files."""

    name: SkillName


class Report(StrictShape):
    """Say how a task that you did with a skill went, so that good skills can be told from bad ones."""

    name: SkillName
    outcome: UsageOutcome
    note: Annotated[str | None, Field(max_length=LONGEST_NOTE, description="What helped or was wrong.")] = None


log = logging.getLogger("skill-fleet-mcp")
TOOLS: dict[str, type[StrictShape]] = {"search_skills": Search, "load_skill": Load, "report_outcome": Report}


@dataclass
class Tools:
    """The handlers of tools, over one shelf. `session` names this connection in reports; `changed` is told when the
    catalog has changed since it was last looked at."""

    shelf: Shelf
    changed: Callable[[Context], Awaitable[None]]
    session: str = field(default_factory=lambda: uuid4().hex)
    loaded: dict[str, UUID] = field(default_factory=dict)
    """Skill → its last use in this session."""

    async def list(self, _: Context, _params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        """The tools with the forms of their arguments."""
        return types.ListToolsResult(tools=[_tool(name, form) for name, form in TOOLS.items()])

    async def call(self, context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        """Call one. What goes wrong is told to the agent, which can do something about it."""
        form = TOOLS.get(params.name)
        if form is None:
            return _said(f"There is no tool {params.name[:80]!r}; there are: {', '.join(TOOLS)}.", failed=True)
        try:
            return await self._called(context, form.model_validate(params.arguments or {}))
        except ValidationError as error:
            return _said(f"The arguments do not fit: {wrong_with(error)}", failed=True)
        except SkillFleetError as error:
            return _said(str(error), failed=True)

    async def _called(self, context: Context, given: StrictShape) -> types.CallToolResult:
        catalog = await self.shelf.catalog()
        if self.shelf.has_changed(catalog):
            await self.changed(context)
        if isinstance(given, Load):
            return await self._load(self.shelf.find(catalog, given.name), agent_of(context))
        if isinstance(given, Report):
            return await self._report(catalog, given, agent_of(context))
        assert isinstance(given, Search)
        return _found(ranked(catalog.skills, given.query), len(catalog.skills))

    async def _load(self, skill: ServedSkill, agent: str) -> types.CallToolResult:
        """The text, once it is checked; then the use is reported, and a report that fails takes nothing back."""
        data = (await self.shelf.files(skill))[SKILL_FILE]
        text = wrapped(skill, body_of(data), self.shelf.line.origin)
        self.loaded[skill.name] = uuid4()
        try:
            await self.shelf.line.report(self._use(skill, agent, self.loaded[skill.name]))
        except ApiRefused as error:
            log.warning("the use of %s was not counted: %s", skill.name, error)
        return types.CallToolResult(
            content=[types.TextContent(text=text)],
            structured_content={
                "name": skill.name,
                "version": skill.version,
                "digest": f"sha256:{skill.digest}",
                "resources": resource_set(skill),
            },
        )

    async def _report(self, catalog: Catalog, given: Report, agent: str) -> types.CallToolResult:
        skill = self.shelf.find(catalog, given.name)
        use = self._use(skill, agent, self.loaded.setdefault(skill.name, uuid4()), given.outcome, given.note)
        if await self.shelf.line.report(use):
            return _said(f"Noted: {skill.name} {given.outcome}.")
        return _said("Kept: the api is away, the report is sent with the next one.")

    def _use(
        self,
        skill: ServedSkill,
        agent: str,
        event_id: UUID,
        outcome: UsageOutcome = UsageOutcome.UNKNOWN,
        note: str | None = None,
    ) -> UsageReport:
        return UsageReport(
            event_id=event_id,
            skill=skill.name,
            version=skill.version,
            digest=skill.digest,
            agent=agent,
            session=self.session,
            outcome=outcome,
            note=clean(note) if note else None,
            used_at=datetime.now(UTC),
        )


def agent_of(context: Context) -> str:
    """What the client calls itself."""
    known = context.session.client_params
    return clipped(clean(known.client_info.name).strip(), 120) if known and known.client_info.name.strip() else "mcp"


def body_of(data: bytes) -> str:
    """What follows the frontmatter; all of it when there is none that can be read."""
    try:
        return parse(data, lenient=True).body
    except SkillFileError:
        return data.decode("utf-8", "replace")


def _found(skills: list[ServedSkill], of: int) -> types.CallToolResult:
    lines = [f"{one.name}: {' '.join(one.description.split())}" for one in skills]
    text = "\n".join(lines) or f"None of {of} skills matches; try other words of the task."
    told = [{"name": one.name, "path": one.path, "description": one.description} for one in skills]
    return types.CallToolResult(content=[types.TextContent(text=text)], structured_content={"skills": told})


def _said(text: str, *, failed: bool = False) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=text)], is_error=failed)


def _tool(name: str, form: type[StrictShape]) -> types.Tool:
    schema = form.model_json_schema()
    schema.pop("description", None)
    return types.Tool(
        name=name,
        description=form.__doc__,
        input_schema=schema,
        annotations=types.ToolAnnotations(read_only_hint=form is Search, destructive_hint=False, open_world_hint=False),
    )
