"""Where a skill came from, who did what to it, and the forms that change where it stands."""

from uuid import UUID

from fastapi import Response
from pydantic import JsonValue

from api.dependencies import Services
from api.pages.library.skill_view import SkillPage
from api.pages.library.text import of_version
from api.versions import list_changes, list_versions
from domain.library.promotion import Approval
from domain.library.views import Change, SkillView, VersionView
from domain.shape import Shape


class Let(Shape):
    """A finding that somebody let stand, and why."""

    code: str = ""
    person: str = ""
    reason: str = ""


class CameFrom(Shape):
    """What is told of a version's provenance; a release that kept less leaves the rest at its defaults."""

    job_id: UUID | None = None
    revision: int | None = None
    models: list[str] = []
    calls: int | None = None
    usd: float | None = None
    answers: int | None = None
    approvals: list[Approval] = []
    waivers: list[Let] = []
    archive: str | None = None
    remote: str | None = None
    imported_by: str | None = None


class ManageView(SkillPage):
    """The record of a skill. `others`: versions that agents could read again."""

    shown: VersionView
    came_from: CameFrom
    changes: list[Change]
    others: list[str]


async def manage_view(parts: Services, fields: dict[str, object], skill: SkillView) -> ManageView:
    """Provenance of the version that agents read, changes, and what may be done."""
    version = await of_version(parts, skill, "")
    told: dict[str, JsonValue] = version.provenance
    known = (await list_versions(skill.category, skill.name, parts, Response())).versions
    changes = (await list_changes(skill.category, skill.name, parts, Response())).changes
    return ManageView.model_validate(
        {
            **fields,
            "shown": version,
            "came_from": CameFrom.model_validate({name: value for name, value in told.items() if value is not None}),
            "changes": changes,
            "others": [each.version for each in known if not each.current],
        }
    )
