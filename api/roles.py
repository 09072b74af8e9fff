"""The roles of the library's folder. Reads a disk, never writes one."""

import asyncio
from pathlib import Path

from api.dependencies import Services
from domain.library.roles import ROLES_FILE, Roles, default_roles, parse_roles


async def read_roles(parts: Services) -> Roles:
    """The roles, as the file says now; the default ones while there is none. Raises SkillFileError."""
    return await asyncio.to_thread(_roles, parts.library.root)


def _roles(root: Path) -> Roles:
    file = root / ROLES_FILE
    return parse_roles(file.read_bytes() if file.is_file() else default_roles())
