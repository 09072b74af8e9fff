"""Who comes in: one skill of an archive is judged by the lenient rules, the safety scan and what the library has.

Reads rows, writes nothing; the same for a dry run. Must not publish.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from activities.publishing import Wanted
from activities.reference_reader import unreadable
from domain.errors import InvalidAnswer, LibraryConflict, SkillFileError
from domain.library.arrivals import Arrival, entries, lacking
from domain.library.importing import (
    MOST_FINDINGS,
    ImportFinding,
    ImportView,
    SkillLine,
    Verdict,
    repository,
    without_login,
)
from domain.library.metadata import OriginKind, Publishing, SkillOrigin, metadata_of
from domain.library.next_version import VERSION_KEY, next_version
from domain.library.semver import Version
from domain.library.shelving import shelving
from domain.safety import scan
from domain.shape import Shape
from domain.skill import SKILL_FILE, Finding, Frontmatter, Severity, SkillStatus
from domain.skill_file import digest, parse
from domain.taxonomy import Taxonomy, check_path
from domain.validation import LENIENT, validate
from store import aliases, imports, requirements, skills, versions
from store.base import Json
from store.library_tables import Skill, SkillVersion
from store.session import Database, Session

MIGRATE = "`skill-fleet skills migrate PATH --write` mends what is certain, as does an import with `--migrate`."

LONGEST = 60.0
"""Seconds that one skill may be looked at: a text that keeps a rule busy for longer is no skill."""

MOST_CHANGES = 20
"""Changes of one skill that a report names."""


_IS_THERE = (Verdict.IMPORTED, Verdict.WARNED, Verdict.UNCHANGED)


class Judged(Shape):
    """The line that the report gets, and, for a skill that may come in, what is to be published. `accepted`: safety
    findings that the importer lets stand."""

    line: SkillLine
    wanted: Wanted | None = None
    accepted: list[Finding] = []


class _Settled(Exception):
    """What becomes of a skill is settled before it would be published; never leaves this module."""

    def __init__(self, verdict: Verdict, why: str, codes: Sequence[str], **known: object) -> None:
        super().__init__(why)
        self.verdict, self.why, self.codes, self.known = verdict, why, list(codes), known


class _Next(NamedTuple):
    """What a skill is to the library: a new one, or, with `row`, the next version of one, and why it may be that."""

    row: Skill | None = None
    because: str = ""


class Entrance:
    """Judges the skills of one import, one after the other; `done` are those that have their line already."""

    def __init__(
        self, database: Database, taxonomy: Taxonomy, view: ImportView, archive: str, arriving: Sequence[Arrival]
    ) -> None:
        """Take the import as it stands; `archive` is the SHA-256 of its bytes, `arriving` are all of its skills."""
        self.arriving = arriving
        self.database = database
        self.taxonomy = taxonomy
        self.view = view
        self.archive = archive
        self.done = {line.folder for line in view.report.skills}
        self._would_be: dict[str, SkillLine] = {}
        for line in view.report.skills:
            self.noted(line)

    def noted(self, line: SkillLine) -> None:
        """A skill has its line: no other one of this import may have its name, in a dry run neither."""
        self.done.add(line.folder)
        if line.verdict in _IS_THERE and line.name and line.digest:
            self._would_be.setdefault(line.name, line)

    async def judge(self, one: Arrival) -> Judged:
        """The verdict on one skill, before anything is published."""
        line = SkillLine(folder=one.found.folder, verdict=Verdict.REFUSED, digest=digest(one.found.files))
        line = line.model_copy(update={"changes": one.changes[:MOST_CHANGES]})
        try:
            async with asyncio.timeout(LONGEST):
                findings, dangers, foreign = await asyncio.to_thread(self._looked_at, one)
        except TimeoutError:
            why = f"Looking at it took longer than {LONGEST:.0f} seconds; shorten its files."
            return Judged(line=line.model_copy(update={"why": why, "codes": ["too-slow"]}))
        told = self._told(findings, dangers)
        try:
            front = self._readable(one, findings, dangers, foreign)
            return await self._against_library(one, front, line.model_copy(update={"findings": told}), dangers)
        except _Settled as refusal:
            known = {"findings": told, "verdict": refusal.verdict, "why": refusal.why, "codes": refusal.codes}
            return Judged(line=line.model_copy(update={**known, **refusal.known}))

    def _looked_at(self, one: Arrival) -> tuple[list[Finding], list[Finding], str | None]:
        """All findings of the lenient rules, among them the errors of the safety scan, and what the reference library
        cannot read."""
        report = validate(one.found.files, one.name, profile=LENIENT)
        foreign = unreadable(one.found.files, one.front.name) if one.front else None
        if report.passed:
            return report.findings, [], foreign
        dangers = [finding for finding in scan(one.found.files) if finding.severity is Severity.ERROR]
        return report.findings, dangers, foreign

    def _readable(
        self, one: Arrival, findings: list[Finding], dangers: list[Finding], foreign: str | None
    ) -> Frontmatter:
        """Its frontmatter. Raises _Settled when it may not come in whatever the library has."""
        found = one.found
        if found.refused:
            lost = ", ".join(f"{lost.path} ({lost.code})" for lost in found.refused[:5])
            codes = sorted({lost.code for lost in found.refused})
            raise _Settled(Verdict.REFUSED, f"It is not whole: {lost}. Put the files themselves there.", codes)
        accepted = self.view.wish.accept
        standing = [
            said
            for said in findings
            if said.severity is Severity.ERROR and not (said in dangers and said.code in accepted)
        ]
        if standing:
            hint = "" if all(said in dangers for said in standing) else f" {MIGRATE}"
            raise _Settled(Verdict.REFUSED, f"{standing[0].message}{hint}", sorted({said.code for said in standing}))
        main = next(file for file in found.files if file.path.lower() == SKILL_FILE.lower())
        if main.path != SKILL_FILE:
            raise _Settled(
                Verdict.REFUSED, f"Its {main.path} must be named {SKILL_FILE}. {MIGRATE}", ["skill-file-case"]
            )
        return self._in_form(one, foreign)

    def _in_form(self, one: Arrival, foreign: str | None) -> Frontmatter:
        """Its frontmatter, when it has a legal name and every reader can read it. Raises _Settled."""
        front = one.front
        if front is None:
            raise _Settled(Verdict.REFUSED, f"Its frontmatter cannot be read. {MIGRATE}", ["frontmatter-invalid"])
        try:
            check_path(f"{self.taxonomy.names[0]}/{front.name}")
        except InvalidAnswer as error:
            message = f"`{front.name[:80]}` cannot be a skill's name here: a-z, 0-9 and hyphens. {MIGRATE}"
            raise _Settled(Verdict.REFUSED, message, ["name-illegal"]) from error
        if repairs := _repairs(one):
            message = f"Other readers cannot read it: {repairs[0].message} {MIGRATE}"
            raise _Settled(Verdict.REFUSED, message, sorted({repair.code for repair in repairs}))
        if foreign:
            raise _Settled(
                Verdict.REFUSED, f"The reference reader cannot read it: {foreign}. {MIGRATE}", ["skills-ref"]
            )
        return front

    async def _against_library(
        self, one: Arrival, front: Frontmatter, line: SkillLine, dangers: list[Finding]
    ) -> Judged:
        async with self.database.transaction() as session:
            lacks = await self._lacks(session, front)
            line = line.model_copy(update={"findings": [*self._told(lacks, []), *line.findings][:MOST_FINDINGS]})
            known: dict[str, object] = {"name": front.name, "findings": line.findings}
            next_ = await self._settle_taken(session, one, front, line, known)
            stopping = [finding for finding in lacks if finding.severity is Severity.ERROR]
            if stopping:
                message = f"{stopping[0].message} {stopping[0].fix}".strip()
                raise _Settled(Verdict.REFUSED, message, sorted({said.code for said in stopping}), **known)
            version = await self._version(session, one, known)
        shelf = shelving(one.found, front, self.taxonomy, next_.row.category if next_.row else None)
        wished = self.view.wish.category
        wanted = self._wanted(one, front, version, wished or shelf.category, next_)
        accepted = [finding for finding in dangers if finding.code in self.view.wish.accept]
        warned = any(finding.severity is Severity.WARNING for finding in line.findings) or bool(accepted)
        unmet = " ".join(finding.message for finding in lacks)
        known |= {
            "verdict": Verdict.WARNED if warned else Verdict.IMPORTED,
            "path": wanted.path,
            "version": version,
            "why": " ".join(said for said in (unmet, "" if wished else shelf.why) if said),
        }
        return Judged(line=line.model_copy(update=known), wanted=wanted, accepted=accepted)

    async def _lacks(self, session: Session, front: Frontmatter) -> list[Finding]:
        """What is wrong with what it requires; the other skills of this import count as known, in whichever order."""
        standing = await requirements.catalogue(session)
        return lacking(front, standing, entries(self.arriving, standing))

    async def _settle_taken(
        self, session: Session, one: Arrival, front: Frontmatter, line: SkillLine, known: dict[str, object]
    ) -> _Next:
        """What it is to the library. Raises _Settled when the library, or this very import, has the name already and
        this is no next version."""
        name, own = front.name, line.digest
        row = await skills.get(session, name)
        would_be = self._would_be.get(name)
        if would_be is not None and would_be.folder != one.found.folder:
            if would_be.digest == own:
                raise _Settled(Verdict.UNCHANGED, "", [], **known, path=would_be.path, version=would_be.version)
            why = f"The archive has another skill of this name: {would_be.folder or name}."
            raise _Settled(Verdict.CONFLICT, why, ["name-taken"], **known)
        if (alias := await aliases.get(session, name)) is not None:
            raise _Settled(Verdict.CONFLICT, f"{name} is an alias of {alias.name}.", ["name-alias"], **known)
        if row is None:
            return _Next()
        at = {"path": f"{row.category}/{row.name}", "version": row.version}
        version = await versions.get(session, row.name, row.version)
        if row.digest == own and row.status in versions.ON_DISK:
            if self._is_mine(version, one.found.folder):
                warned = any(finding.severity is Severity.WARNING for finding in line.findings)
                raise _Settled(Verdict.WARNED if warned else Verdict.IMPORTED, "", [], **known, **at)
            raise _Settled(Verdict.UNCHANGED, "", [], **known, **at)
        because = self._because(one, front, version)
        if row.status not in versions.ON_DISK or not because:
            raise _Settled(Verdict.CONFLICT, _taken(row), ["name-taken"], **known)
        return _Next(row=row, because=because)

    def _because(self, one: Arrival, front: Frontmatter, version: SkillVersion | None) -> str:
        """Why other bytes may be the next version of what stands; empty when they may not."""
        if self.view.wish.update:
            return "asked"
        if version is None:
            return ""
        if self._same_origin(one, version):
            return "same-place"
        said, stands = Version.parse(front.metadata.get(VERSION_KEY, "").strip()), Version.parse(version.version)
        by_job = version.job_id is not None or _origin(version) == OriginKind.JOB
        return "higher-version" if said and stands and said > stands and not by_job else ""

    def _is_mine(self, version: SkillVersion | None, folder: str) -> bool:
        """Whether an earlier attempt of this very import published it, and died before it could say so."""
        origin = (version.provenance.get("import_id"), version.provenance.get("path")) if version else None
        return origin == (str(self.view.import_id), folder)

    def _same_origin(self, one: Arrival, version: SkillVersion) -> bool:
        """Whether what is published came from the same place of the same repository: then this is its next version."""
        checkout, before = self.view.wish.checkout, version.provenance
        remote = before.get("remote")
        if checkout is None or not checkout.remote or not isinstance(remote, str):
            return False
        same = repository(remote) == repository(checkout.remote)
        return same and before.get("place", before.get("path")) == checkout.place(one.found.folder)

    async def _version(self, session: Session, one: Arrival, known: dict[str, object]) -> str:
        """Its number. Raises _Settled when its author's own is clear and not higher than what stands."""
        name = str(known["name"])
        highest = next((version.version for version in await versions.listed(session, name)), None)
        old = await versions.files(session, name, highest) if highest else []
        try:
            return next_version(highest, old, one.found.files)
        except LibraryConflict as low:
            raise _Settled(Verdict.CONFLICT, str(low), ["version-not-higher"], **known) from low

    def _provenance(self, one: Arrival, next_: _Next) -> Json:
        checkout = self.view.wish.checkout
        provenance: Json = {
            "import_id": str(self.view.import_id),
            "archive": self.view.filename,
            "archive_sha256": self.archive,
            "path": one.found.folder,
            "imported_by": self.view.user_id,
        }
        if checkout:
            provenance |= checkout.model_dump(exclude_none=True, exclude_defaults=True, exclude={"path"})
            provenance["place"] = checkout.place(one.found.folder)
        if checkout and checkout.remote:
            provenance["remote"] = without_login(checkout.remote)
        if next_.row is not None:
            provenance["updates"] = {"version": next_.row.version, "because": next_.because}
        if one.original_digest is not None:
            provenance["migrated"] = {"original_digest": one.original_digest, "changes": [*one.changes[:MOST_CHANGES]]}
        return provenance

    def _wanted(self, one: Arrival, front: Frontmatter, version: str, category: str, next_: _Next) -> Wanted:
        found, person = one.found, self.view.user_id
        provenance = self._provenance(one, next_)
        source = str(provenance.get("remote") or self.view.filename)
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


def _repairs(one: Arrival) -> list[Finding]:
    """What only a lenient reader passes over in its frontmatter."""
    try:
        main = next(file for file in one.found.files if file.path == SKILL_FILE)
        return parse(main.data, lenient=True).repairs
    except SkillFileError:
        return []


def _origin(version: SkillVersion) -> object:
    origin = (version.described or {}).get("origin")
    return origin.get("kind") if isinstance(origin, dict) else None


def _taken(row: Skill) -> str:
    if row.status == SkillStatus.DRAFT:
        return "The library has a draft of this name with other bytes. Rename one, or finish its job."
    why = f"The library has a {row.status} skill, version {row.version}, of this name with other bytes."
    if row.status not in versions.ON_DISK:
        return f"{why} Rename this one."
    return f"{why} Rename one, or import it with `--update`: it becomes the next version."
