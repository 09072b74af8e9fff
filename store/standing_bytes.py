"""Whether a draft's very bytes are a version already, and what to do when agents do not read that version now."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.shape import Shape
from domain.skill import SkillStatus
from store import skills, versions


class StandingBytes(Shape):
    """The version that has a draft's digest. `current`: agents read it now; `read`: the version that the row names."""

    name: str
    category: str
    version: str
    read: str
    current: bool
    yanked: bool

    @property
    def path(self) -> str:
        """Where the skill lies, or lay."""
        return f"{self.category}/{self.name}"

    @property
    def told(self) -> str:
        """What a person should know, and the command that makes agents read these bytes again."""
        if self.current:
            return f"These bytes are {self.name} {self.version} already."
        back = f"rollback {self.name} {self.version}"
        if self.yanked:
            why = f"and {self.name} was withdrawn"
            back = f"restore {self.name}" if self.version == self.read else back
        else:
            why = f"and agents read {self.read} instead"
        return (
            f"These bytes are {self.name} {self.version} already, {why}. Promoting them again makes no version; to "
            f"make agents read this one again: `skill-fleet skills {back} --reason TEXT`."
        )


async def of_draft(session: AsyncSession, job_id: UUID, digest: str | None) -> StandingBytes | None:
    """Where a job's digest stands; None when it was never published."""
    found = await skills.draft_of(session, job_id)
    if found is None or digest is None:
        return None
    row = found[1]
    current = row.status in versions.ON_DISK and row.digest == digest
    made = None if current else await versions.of_digest(session, row.name, digest)
    if not current and made is None:
        return None
    return StandingBytes(
        name=row.name,
        category=row.category,
        version=made.version if made else row.version,
        read=row.version,
        current=current,
        yanked=row.status == SkillStatus.YANKED,
    )
