"""What is offered of the library to agents and installers: releases, the discovery indexes, the marketplace. Shapes and
how they follow from skills; must not pack, read or send anything.

Discovery index: v0.2.0 of the agent-skills discovery RFC, and v0.1, which older clients read. Marketplace:
`.claude-plugin/marketplace.json` of Claude Code; its sources are relative, so it works from a folder or a git checkout.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from domain.library.archive import ArchiveFormat
from domain.shape import Shape
from domain.skill import SKILL_FILE, SkillStatus, SkillSummary

SCHEMA = "https://schemas.agentskills.io/discovery/0.2.0/schema.json"
WELL_KNOWN = "/.well-known/agent-skills"
WELL_KNOWN_FILES = "/.well-known/skills"
MARKETPLACE = "/.claude-plugin/marketplace.json"

Sha256 = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
"""SHA-256 of the raw bytes, as the RFC writes it."""


class Artifact(Shape):
    """One file that can be fetched: `url` is absolute within the api's host, `size` in bytes."""

    format: ArchiveFormat | Literal["skill-md"]
    url: str
    media_type: str
    size: int
    digest: Sha256


class Release(Shape):
    """`GET /releases/{name}`: a version and where to fetch it; status, note and successor are the skill's now.

    `warning`: what whoever asked should know: another name, out of use, withdrawn.
    """

    name: str
    version: str
    latest: str
    category: str
    description: str
    status: SkillStatus
    note: str | None = None
    replaced_by: str | None = None
    warning: str | None = None
    requires: list[str] = []
    digest: str
    artifacts: list[Artifact] = []


class IndexEntry(Shape):
    """One skill of the index v0.2.0; all five fields are required."""

    name: str
    type: Literal["skill-md", "archive"]
    description: str
    url: str
    digest: Sha256


class Index(Shape):
    """`/.well-known/agent-skills/index.json`."""

    schema_: Annotated[str, Field(alias="$schema")] = SCHEMA
    skills: list[IndexEntry]

    model_config = {"populate_by_name": True}


class FilesEntry(Shape):
    """One skill of the index v0.1, with every file by its path."""

    name: str
    description: str
    files: list[str]


class FilesIndex(Shape):
    """`/.well-known/skills/index.json`."""

    skills: list[FilesEntry]


class Owner(Shape):
    """Who offers the marketplace."""

    name: str = "Skill Fleet"


class MarketplaceFacts(Shape):
    """What is said of the marketplace."""

    description: str = "The published skills of a Skill Fleet library."


class Plugin(Shape):
    """One skill as a plugin. `strict` false: it needs no plugin.json of its own."""

    name: str
    description: str
    version: str
    source: str = "./"
    strict: bool = False
    skills: list[str]
    category: str
    keywords: list[str] = []


class Marketplace(Shape):
    """`.claude-plugin/marketplace.json`."""

    name: str = "skill-fleet"
    owner: Owner = Owner()
    metadata: MarketplaceFacts = MarketplaceFacts()
    plugins: list[Plugin]


def artifact_url(name: str, version: str, form: ArchiveFormat | Literal["skill-md"]) -> str:
    """Where an artifact lies on the host of the index."""
    file = SKILL_FILE if form == "skill-md" else f"{name}.{form}"
    return f"{WELL_KNOWN}/{name}/{version}/{file}"


def marketplace(skills: Sequence[SkillSummary | Release]) -> Marketplace:
    """The marketplace of these skills, one plugin each."""
    return Marketplace(
        plugins=[
            Plugin(
                name=skill.name,
                description=skill.description,
                version=skill.version,
                skills=[f"./skills/{skill.name}"],
                category=skill.category,
            )
            for skill in skills
        ]
    )
