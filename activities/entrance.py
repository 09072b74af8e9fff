"""Who comes in: one skill of an archive is judged by the lenient rules, the safety scan and what the library has.

Reads rows, writes nothing; the same for a dry run. Must not publish.
"""

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, datetime

from activities.publishing import Wanted
from domain.errors import InvalidAnswer, LibraryConflict, SkillFileError
from domain.gather import FoundSkill
from domain.importing import MOST_FINDINGS, ImportFinding, ImportView, SkillLine, Verdict
from domain.metadata import OriginKind, Publishing, SkillOrigin, metadata_of
from domain.next_version import next_version
from domain.safety import scan
from domain.shape import Shape
from domain.shelving import shelving
from domain.skill import SKILL_FILE, Finding, Frontmatter, Severity, SkillStatus
from domain.skill_file import digest, frontmatter_of, parse
from domain.taxonomy import Taxonomy, check_path
from domain.validation import LENIENT, validate
from store import aliases, imports, skills, versions
from store.base import Json
from store.library_tables import Skill
from store.session import Database, Session

MIGRATE = "`skill-fleet skills migrate PATH --write` mends what is certain."


class Judged(Shape):
    """The line that the report gets, and, for a skill that may come in, what is to be published. `accepted`: safety
    findings that the importer lets stand."""

    line: SkillLine
    wanted: Wanted | None = None
    accepted: list[Finding] = []


class _Settled(Exception):
    """What becomes of a skill is settled before it would be published; never leaves this module."""

    def __init__(self, verdict: Verdict, why: str, codes: Sequence[str], **known: str | None) -> None:
        super().__init__(why)
        self.verdict, self.why, self.codes, self.known = verdict, why, list(codes), known


class Entrance:
    """Judges the skills of one import, one after the other; `done` are those that have their line already."""

    def __init__(self, database: Database, taxonomy: Taxonomy, view: ImportView, archive: str) -> None:
        """Take the import as it stands; `archive` is the SHA-256 of its bytes."""
        self.database = database
        self.taxonomy = taxonomy
        self.view = view
        self.archive = archive
        self.done = {line.folder for line in view.report.skills}
        self._would_be: dict[str, SkillLine] = {}
        for line in view.report.skills:
            self.noted(line)

    def noted(self, line: SkillLine) -> None:
        """A skill has its line: what a dry run would have imported counts as there for the ones after it."""
        self.done.add(line.folder)
        if line.verdict in (Verdict.IMPORTED, Verdict.WARNED) and line.name and line.digest:
            self._would_be.setdefault(line.name, line)

    async def judge(self, found: FoundSkill) -> Judged:
        """The verdict on one skill, before anything is published."""
        findings, dangers = await asyncio.to_thread(self._looked_at, found)
        line = SkillLine(folder=found.folder, verdict=Verdict.REFUSED, digest=digest(found.files))
        told = self._told(findings, dangers)
        try:
            front = self._readable(found, findings, dangers)
            return await self._against_library(found, front, line.model_copy(update={"findings": told}), dangers)
        except _Settled as refusal:
            known = {"verdict": refusal.verdict, "why": refusal.why, "codes": refusal.codes, **refusal.known}
            return Judged(line=line.model_copy(update={"findings": told, **known}))

    def _looked_at(self, found: FoundSkill) -> tuple[list[Finding], list[Finding]]:
        """All findings of the lenient rules, and among them the errors of the safety scan."""
        report = validate(found.files, found.name(_stem(self.view.filename)), profile=LENIENT)
        if report.passed:
            return report.findings, []
        return report.findings, [finding for finding in scan(found.files) if finding.severity is Severity.ERROR]

    def _readable(self, found: FoundSkill, findings: list[Finding], dangers: list[Finding]) -> Frontmatter:
        """Its frontmatter. Raises _Settled when it may not come in whatever the library has."""
        if found.refused:
            lost = ", ".join(f"{one.path} ({one.code})" for one in found.refused[:5])
            raise _Settled(Verdict.REFUSED, f"It is not whole: {lost}", sorted({one.code for one in found.refused}))
        accepted = self.view.wish.accept
        standing = [
            one for one in findings if one.severity is Severity.ERROR and not (one in dangers and one.code in accepted)
        ]
        if standing:
            codes = sorted({one.code for one in standing})
            hint = "" if all(one in dangers for one in standing) else f" {MIGRATE}"
            raise _Settled(Verdict.REFUSED, f"{standing[0].message}{hint}", codes)
        main = next(file for file in found.files if file.path.lower() == SKILL_FILE.lower())
        if main.path != SKILL_FILE:
            raise _Settled(
                Verdict.REFUSED, f"Its {main.path} must be named {SKILL_FILE}. {MIGRATE}", ["skill-file-case"]
            )
        try:
            front = frontmatter_of(parse(main.data, lenient=True))
            check_path(f"{self.taxonomy.names[0]}/{front.name}")
        except SkillFileError as error:
            raise _Settled(Verdict.REFUSED, str(error), [error.code]) from error
        except InvalidAnswer as error:
            message = f"`{front.name[:80]}` cannot be a skill's name here: a-z, 0-9 and hyphens. {MIGRATE}"
            raise _Settled(Verdict.REFUSED, message, ["name-illegal"]) from error
        return front

    async def _against_library(
        self, found: FoundSkill, front: Frontmatter, line: SkillLine, dangers: list[Finding]
    ) -> Judged:
        async with self.database.transaction() as session:
            row = await self._settle_taken(session, found, line, front.name)
            version = await self._version(session, found, front.name)
        shelf = shelving(found, front, self.taxonomy, row.category if row else None)
        wished = self.view.wish.category
        wanted = self._wanted(found, front, version, wished or shelf.category)
        accepted = [finding for finding in dangers if finding.code in self.view.wish.accept]
        warned = any(finding.severity is Severity.WARNING for finding in line.findings) or bool(accepted)
        known = {
            "verdict": Verdict.WARNED if warned else Verdict.IMPORTED,
            "name": front.name,
            "path": wanted.path,
            "version": version,
            "why": "" if wished else shelf.why,
        }
        return Judged(line=line.model_copy(update=known), wanted=wanted, accepted=accepted)

    async def _settle_taken(self, session: Session, found: FoundSkill, line: SkillLine, name: str) -> Skill | None:
        """The row whose next version this is, if any. Raises _Settled when the library, or this very import, has the
        name already and this is no next version."""
        known, own, told = {"name": name}, line.digest, line.findings
        row = await skills.get(session, name)
        would_be = self._would_be.get(name)
        if self.view.wish.dry_run and would_be is not None:
            if would_be.digest == own:
                raise _Settled(Verdict.UNCHANGED, "", [], **known, path=would_be.path, version=would_be.version)
            raise _Settled(Verdict.CONFLICT, "The archive has another skill of this name.", ["name-taken"], **known)
        if (alias := await aliases.get(session, name)) is not None:
            raise _Settled(Verdict.CONFLICT, f"{name} is an alias of {alias.name}.", ["name-alias"], **known)
        if row is None:
            return None
        at = {"path": f"{row.category}/{row.name}", "version": row.version}
        if row.digest == own and row.status in versions.ON_DISK:
            if await self._is_mine(session, row, found.folder):
                warned = any(finding.severity is Severity.WARNING for finding in told)
                raise _Settled(Verdict.WARNED if warned else Verdict.IMPORTED, "", [], **known, **at)
            raise _Settled(Verdict.UNCHANGED, "", [], **known, **at)
        if row.status not in versions.ON_DISK or not await self._same_origin(session, found, row):
            state = "draft" if row.status == SkillStatus.DRAFT else f"{row.status} skill, version {row.version},"
            why = f"The library has a {state} of this name with other bytes. Rename one, or update it by a job."
            raise _Settled(Verdict.CONFLICT, why, ["name-taken"], **known)
        return row

    async def _is_mine(self, session: Session, row: Skill, folder: str) -> bool:
        """Whether an earlier attempt of this very import published it, and died before it could say so."""
        version = await versions.get(session, row.name, row.version)
        origin = (version.provenance.get("import_id"), version.provenance.get("path")) if version else None
        return origin == (str(self.view.import_id), folder)

    async def _same_origin(self, session: Session, found: FoundSkill, row: Skill) -> bool:
        """Whether what is published came from the same place of the same repository: then this is its next version."""
        checkout = self.view.wish.checkout
        version = await versions.get(session, row.name, row.version)
        if checkout is None or not checkout.remote or version is None:
            return False
        origin = version.provenance.get("remote"), version.provenance.get("path")
        return origin == (checkout.remote, found.folder)

    async def _version(self, session: Session, found: FoundSkill, name: str) -> str:
        """Its number. Raises _Settled when its author's own is clear and not higher than what stands."""
        highest = next((version.version for version in await versions.listed(session, name)), None)
        old = await versions.files(session, name, highest) if highest else []
        try:
            return next_version(highest, old, found.files)
        except LibraryConflict as low:
            raise _Settled(Verdict.CONFLICT, str(low), ["version-not-higher"], name=name) from low

    def _wanted(self, found: FoundSkill, front: Frontmatter, version: str, category: str) -> Wanted:
        person, checkout = self.view.user_id, self.view.wish.checkout
        provenance: Json = {
            "import_id": str(self.view.import_id),
            "archive": self.view.filename,
            "archive_sha256": self.archive,
            "path": found.folder,
            "imported_by": person,
            **(checkout.model_dump(exclude_none=True) if checkout else {}),
        }
        source = checkout.remote if checkout and checkout.remote else self.view.filename
        publishing = Publishing(
            version=version,
            category=category,
            origin=SkillOrigin(kind=OriginKind.IMPORT, source=f"{source}:{found.folder}" if found.folder else source),
            by=person,
            at=datetime.now(UTC),
        )
        return Wanted(
            token=imports.token_of(self.view.import_id, front.name),
            metadata=metadata_of(front, found.files, publishing),
            files=found.files,
            kind="imported",
            changelog=f"Imported from {source}",
            provenance=provenance,
            person=person,
            reason=self.view.wish.reason or None,
        )

    def _told(self, findings: list[Finding], dangers: list[Finding]) -> list[ImportFinding]:
        order = [Severity.ERROR, Severity.WARNING, Severity.INFO]
        ranked = sorted(findings, key=lambda finding: order.index(finding.severity))[:MOST_FINDINGS]
        accepted = self.view.wish.accept
        return [
            ImportFinding(
                code=finding.code,
                severity=finding.severity,
                message=finding.message,
                file=finding.file,
                line=finding.line,
                accepted=finding in dangers and finding.code in accepted,
            )
            for finding in ranked
        ]


def _stem(filename: str) -> str:
    """The name of an archive without its endings."""
    return re.sub(r"(?:\.tar\.gz|\.tgz|\.zip|\.skill|\.gz)$", "", filename, flags=re.IGNORECASE)
