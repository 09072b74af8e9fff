"""How to get a skill: commands to copy, made of the address that this page was asked for at, and its archives."""

from api.archives import read_release
from api.dependencies import Services
from api.pages.library.skill_view import SkillPage
from domain.library.release import Artifact, Release
from domain.library.views import SkillView
from domain.shape import Shape
from domain.skill import SkillStatus

AGENTS = (("claude", "Claude Code"), ("codex", "Codex"), ("cursor", "Cursor"))
"""Agents as `skill-fleet skills install --agent` names them; it knows more."""


class Command(Shape):
    """What to type, and what comes of it."""

    told: str
    text: str


class InstallView(SkillPage):
    """Commands and archives; none of a withdrawn skill."""

    release: Release
    commands: list[Command]
    archives: list[Artifact]


async def install_view(parts: Services, fields: dict[str, object], skill: SkillView) -> InstallView:
    """The ways to get the version that agents read now."""
    release = await read_release(skill.name, parts)
    commands = _commands(str(fields["base"]), release) if release.artifacts else []
    return InstallView.model_validate(
        {**fields, "release": release, "commands": commands, "archives": release.artifacts}
    )


def _commands(base: str, release: Release) -> list[Command]:
    """Each a line for a shell: names, versions and addresses have no character that a shell would read."""
    ours = f"skill-fleet --api-url {base} skills install {release.name}"
    found = [
        Command(told=f"For {title}, in this project", text=f"{ours} --agent {name} --project") for name, title in AGENTS
    ]
    if release.status is SkillStatus.ACTIVE:
        found.append(Command(told="With npx skills", text=f"npx skills add {base} --skill {release.name}"))
    zipped = next((one for one in release.artifacts if one.format == "zip"), None)
    if zipped is not None:
        found.append(Command(told="The archive alone", text=f"curl -fLO {base}{zipped.url}"))
    return found
