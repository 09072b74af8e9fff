"""Which published skill an address means, and what must be said with it: another name, out of use, withdrawn."""

from collections.abc import Mapping
from dataclasses import dataclass

from api.errors import SkillYanked
from domain.errors import NotFound
from domain.names import LEGAL
from domain.skill import SkillStatus
from store import aliases, skills
from store.library_tables import Skill
from store.session import Session

API = "/api/v1/skills"
ANYWHERE = "-"
"""Stands for the shelf in an address when only the name is known."""


@dataclass(frozen=True)
class Published:
    """A published skill. `warning`: what whoever asked for it should know; `asked` is the name they used."""

    row: Skill
    asked: str
    warning: str | None = None

    @property
    def path(self) -> str:
        """Its own `category/name`, whatever it was asked for by."""
        return f"{self.row.category}/{self.row.name}"

    @property
    def headers(self) -> Mapping[str, str]:
        """The same warning for programs that read no documents: where it lies, and what stands in for it."""
        links = [f'<{API}/{self.path}>; rel="canonical"'] if self.asked != self.row.name else []
        if self.row.replaced_by:
            links.append(f'<{API}/{self.row.replaced_by}>; rel="successor-version"')
        plain = (self.warning or "").encode("ascii", "replace").decode().replace('"', "'").replace("\\", "/")
        told = {"Warning": f'299 - "{" ".join(plain.split())[:400]}"'} if self.warning else {}
        return told | ({"Link": ", ".join(links)} if links else {})


async def find(session: Session, path: str) -> Published:
    """The published skill of `category/name`, `name` or an alias, also a yanked one. Raises NotFound."""
    category, _, asked = path.strip("/").rpartition("/")
    name, row = asked, None
    if LEGAL.fullmatch(asked):
        row = await skills.get(session, name)
        alias = None if row else await aliases.get(session, asked)
        row = await skills.get(session, alias.name) if alias else row
    known = row is not None and row.status != SkillStatus.DRAFT
    if row is None or not known or (row.name == asked and category not in ("", ANYWHERE, row.category)):
        raise NotFound(f"There is no published skill {path[:140]!r}. See the list: GET /api/v1/skills.")
    return Published(row, asked, warning_of(row, asked))


async def find_usable(session: Session, path: str) -> Published:
    """As `find`, for whoever wants to use it now. Raises SkillYanked with the reason for one that was withdrawn."""
    found = await find(session, path)
    if found.row.status == SkillStatus.YANKED:
        raise SkillYanked(
            f"{found.path} was withdrawn from the library: {found.row.note or 'no reason is on record'}. "
            f"Its versions stay readable: GET {API}/{found.path}/versions.{_instead(found.row)}"
        )
    return found


def warning_of(row: Skill, asked: str) -> str | None:
    """What somebody who asked for a skill by this name should know."""
    told = [f"{asked} is another name of {row.category}/{row.name}; use that one."] if asked != row.name else []
    why = f": {row.note.rstrip('.')}" if row.note else ""
    if row.status == SkillStatus.DEPRECATED:
        told.append(f"{row.name} should no longer be used{why}.{_instead(row)}")
    if row.status == SkillStatus.YANKED:
        told.append(f"{row.name} was withdrawn from the library{why}.{_instead(row)}")
    return " ".join(told) or None


def _instead(row: Skill) -> str:
    return f" Use {row.replaced_by} instead." if row.replaced_by else ""
