"""Roles of people: the starting set of skills for each, as `roles.yaml` beside `taxonomy.yaml` says. Touches no disk.

Names that the library has not are told of, never fatal: a file of roles outlives the skills it names.
"""

from collections.abc import Sequence

from pydantic import JsonValue

from domain import frontmatter
from domain.errors import SkillFileError
from domain.library.dependencies import requirement
from domain.library.semver import Version
from domain.names import LEGAL, MAX_NAME
from domain.shape import Shape
from domain.skill import SkillStatus

ROLES_FILE = "roles.yaml"
MOST_BYTES = 256 * 1024

_DEFAULT = """\
# Roles of people and the skills each starts with: by name, by tag, or whole categories.
roles:
  - name: skill-author
    title: Skill author
    description: Writes, tests and publishes skills for others.
    tags: [authoring, skills]
  - name: backend-developer
    title: Backend developer
    description: Builds services, their data and their interfaces.
    categories: [development]
    tags: [backend, api, python]
  - name: operator
    title: Operator
    description: Runs and watches what others have built.
    categories: [operations]
    tags: [operations, deployment]
  - name: data-analyst
    title: Data analyst
    description: Finds, cleans and explains data.
    categories: [data]
    tags: [data, sql, analysis]
"""


class ShelvedSkill(Shape):
    """A skill as roles, mounts and recommendations see it. `requires`: `name` or `name>=1.2.0`."""

    name: str
    category: str
    description: str
    status: SkillStatus
    version: str
    digest: str
    tags: list[str] = []
    requires: list[str] = []
    note: str | None = None
    replaced_by: str | None = None

    @property
    def notice(self) -> str | None:
        """What whoever uses it must know of its status, or None."""
        if self.status is SkillStatus.ACTIVE:
            return None
        instead = f"; use {self.replaced_by} instead" if self.replaced_by else ""
        because = f": {self.note}" if self.note else ""
        return f"{self.name} is {self.status}{because}{instead}"


class Role(Shape):
    """One role. `skills` are names, `tags` and `categories` take in every active skill that has one of them."""

    name: str
    title: str
    description: str = ""
    skills: list[str] = []
    tags: list[str] = []
    categories: list[str] = []


class Roles(Shape):
    """All roles in the order of the file."""

    roles: list[Role]

    def find(self, name: str) -> Role | None:
        """The role of a name or a title, however it is spelled."""
        wanted = name.strip().casefold()
        return next((role for role in self.roles if wanted in (role.name, role.title.casefold())), None)


class StartingSet(Shape):
    """What a role begins with: `skills` are there to be mounted, `missing` says in words what is not."""

    skills: list[str]
    missing: list[str] = []


class Needed(Shape):
    """What chosen skills require, without themselves: `skills` are there to be mounted, `told` says of each which skill
    requires it, `missing` says in words what is not there, or of another version."""

    skills: list[str] = []
    told: list[str] = []
    missing: list[str] = []


def default_roles() -> bytes:
    """A `roles.yaml` for a library that has none."""
    return _DEFAULT.encode()


def parse_roles(data: bytes) -> Roles:
    """Reads a `roles.yaml`. Raises SkillFileError (`roles-…` or `yaml-…`) that says what to mend."""
    if len(data) > MOST_BYTES:
        raise SkillFileError("roles-too-large", f"roles.yaml has {len(data)} bytes, the most is {MOST_BYTES}.")
    try:
        loaded = frontmatter.load(data.decode("utf-8-sig"), flow=True)
    except UnicodeDecodeError as error:
        raise SkillFileError("roles-not-utf8", "roles.yaml is not UTF-8 text; save it as UTF-8.") from error
    entries = loaded.fields.get("roles")
    if not isinstance(entries, list) or not entries:
        raise SkillFileError("roles-empty", "roles.yaml needs a list `roles` with at least one entry.")
    roles = [_role(entry) for entry in entries]
    if len({role.name for role in roles}) < len(roles):
        raise SkillFileError("roles-duplicate", "roles.yaml names a role twice; keep one.")
    return Roles(roles=roles)


def starting_set(role: Role, shelf: Sequence[ShelvedSkill]) -> StartingSet:
    """The active skills of a role in the order of its file, then of the library; named ones that are missing or
    withdrawn are told of, and a deprecated one gives way to what replaces it."""
    known = {skill.name: skill for skill in shelf}
    chosen, missing = [], []
    for name in role.skills:
        skill = known.get(name)
        if skill is None:
            missing.append(f"{name} is not in the library")
            continue
        if skill.notice:
            missing.append(skill.notice)
        heir = known.get(skill.replaced_by or "") if skill.notice else skill
        if heir is not None and heir.status is SkillStatus.ACTIVE:
            chosen.append(heir.name)
    active = sorted((one for one in shelf if one.status is SkillStatus.ACTIVE), key=lambda one: one.name)
    matching = [one.name for one in active if one.category in role.categories or set(one.tags) & set(role.tags)]
    return StartingSet(skills=list(dict.fromkeys([*chosen, *matching])), missing=missing)


def needed(chosen: Sequence[str], shelf: Sequence[ShelvedSkill]) -> Needed:
    """The active skills that these require, and what those require, nearest first, each once."""
    known = {skill.name: skill for skill in shelf}
    missing: dict[str, None] = {}
    told = dict.fromkeys(chosen, "")
    waiting = [known[name] for name in told if name in known]
    for skill in waiting:  # grows while it is read
        for text in skill.requires:
            asked = requirement(text)
            there = known.get(asked.name) if asked else None
            if lacking := _lacking(skill, text, there):
                missing[lacking] = None
            if there and there.status is SkillStatus.ACTIVE and there.name not in told:
                told[there.name] = f"{there.name}, which {skill.name} requires"
                waiting.append(there)
    found = {name: words for name, words in told.items() if words}
    return Needed(skills=list(found), told=list(found.values()), missing=list(missing))


def _lacking(skill: ShelvedSkill, text: str, there: ShelvedSkill | None) -> str | None:
    """What is wrong with a requirement, in words."""
    asked = requirement(text)
    if asked is None:
        return f"{skill.name} requires {text[:80]!r}, which names no skill"
    if there is None:
        return f"{asked.name}, which {skill.name} requires, is not in the library"
    if there.status is not SkillStatus.ACTIVE:
        return f"{skill.name} requires {there.name}: {there.notice}"
    version = Version.parse(there.version)
    if version is None or not asked.met_by(version):
        return f"{skill.name} requires {asked}, and the library has {there.name} {there.version}"
    return None


def _role(entry: JsonValue) -> Role:
    fields = entry if isinstance(entry, dict) else {}
    name = _text(fields.get("name"))
    if len(name) > MAX_NAME or not LEGAL.fullmatch(name):
        raise SkillFileError("roles-name", f"roles.yaml: {name[:80]!r} is no role name; use a-z, 0-9, hyphens.")
    return Role(
        name=name,
        title=_text(fields.get("title")) or name.replace("-", " ").capitalize(),
        description=_text(fields.get("description")),
        skills=_texts(fields.get("skills")),
        tags=_texts(fields.get("tags")),
        categories=_texts(fields.get("categories")),
    )


def _text(value: JsonValue) -> str:
    return value.strip() if isinstance(value, str) else ""


def _texts(value: JsonValue) -> list[str]:
    return [one.strip() for one in value if isinstance(one, str)] if isinstance(value, list) else []
