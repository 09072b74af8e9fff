"""Which folders which agents read skills from. The table alone; must not touch a disk.

Source: the table of supported agents in the README of vercel-labs/skills (commit 007a533, 2026), which that installer
writes to. `.agents/skills` is what most of them share in a project. Cursor reads its own folder and the shared one; its
own is the one that older versions know, too.
"""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import PurePosixPath
from typing import NamedTuple


class Agent(StrEnum):
    """An agent by the name that is typed; `universal` is whoever reads the shared folder."""

    AMP = "amp"
    CLAUDE = "claude"
    CODEX = "codex"
    COPILOT = "copilot"
    CURSOR = "cursor"
    DROID = "droid"
    GEMINI = "gemini"
    GOOSE = "goose"
    JUNIE = "junie"
    KIRO = "kiro"
    OPENCODE = "opencode"
    UNIVERSAL = "universal"


class Reads(NamedTuple):
    """Where an agent looks: in a project's folder, and in a person's home."""

    project: str
    home: str


SHARED = ".agents/skills"

READS: dict[Agent, Reads] = {
    Agent.AMP: Reads(SHARED, ".config/agents/skills"),
    Agent.CLAUDE: Reads(".claude/skills", ".claude/skills"),
    Agent.CODEX: Reads(SHARED, ".codex/skills"),
    Agent.COPILOT: Reads(SHARED, ".copilot/skills"),
    Agent.CURSOR: Reads(".cursor/skills", ".cursor/skills"),
    Agent.DROID: Reads(SHARED, ".factory/skills"),
    Agent.GEMINI: Reads(SHARED, ".gemini/skills"),
    Agent.GOOSE: Reads(".goose/skills", ".config/goose/skills"),
    Agent.JUNIE: Reads(".junie/skills", ".junie/skills"),
    Agent.KIRO: Reads(".kiro/skills", ".kiro/skills"),
    Agent.OPENCODE: Reads(SHARED, ".config/opencode/skills"),
    Agent.UNIVERSAL: Reads(SHARED, ".agents/skills"),
}


def folders(agents: Sequence[Agent], *, project: bool) -> list[PurePosixPath]:
    """Where skills lie for these agents, relative to the project or the home; each folder once."""
    found = [READS[agent].project if project else READS[agent].home for agent in agents]
    return [PurePosixPath(folder) for folder in dict.fromkeys(found)]
