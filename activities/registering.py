"""A folder of the library without a row, as the version that it would be; or why it cannot be one.

Such folders were written by hand, shipped with the application or checked out. Changes nothing.
"""

import json
from datetime import UTC, datetime

from pydantic import ValidationError

from activities.folders import Lying
from activities.publishing import Wanted
from domain.errors import LibraryConflict
from domain.library.metadata import OriginKind, Publishing, SkillMetadata, SkillOrigin, metadata_of, rendered
from domain.library.next_version import front_of, next_version
from domain.library.semver import Version
from domain.skill import METADATA_FILE, SKILL_FILE, Severity, SkillFileEntry
from domain.skill_file import digest
from domain.validation import validate

MOST_FINDINGS = 5
"""Findings that are told of a folder; `skill-fleet validate` tells all."""


def found_version(path: str, lying: Lying, by: str, token: str) -> Wanted:
    """The version that a folder is. Raises LibraryConflict with what keeps it from being one."""
    shelf, _, name = path.rpartition("/")
    if lying.odd:
        first, why = next(iter(sorted(lying.odd.items())))
        raise LibraryConflict(f"{first} {why}; a skill has plain files only.")
    own = _own_metadata(lying.files)
    content = [file for file in lying.files if file.path != METADATA_FILE]
    report = validate(content, name)
    if not report.passed:
        errors = [f"{each.code}: {each.message}" for each in report.findings if each.severity is Severity.ERROR]
        raise LibraryConflict(f"it is not valid: {'; '.join(errors[:MOST_FINDINGS])}")
    front = front_of(content)
    assert front is not None, "a valid skill has a frontmatter"
    if own is None or not _holds(own, lying.files, name, shelf):
        version = own.version if own and Version.parse(own.version) else next_version(None, (), content)
        kind = SkillOrigin(kind=OriginKind.FOLDER)
        publishing = Publishing(version=version, category=shelf, origin=kind, by=by, at=datetime.now(UTC))
        own = metadata_of(front, content, publishing)
    return Wanted(token=token, metadata=own, files=content, kind="registered", person=by)


def is_skill(lying: Lying) -> bool:
    """Whether a folder means to be a skill."""
    return any(file.path == SKILL_FILE for file in lying.files) or SKILL_FILE in lying.odd


def _own_metadata(files: list[SkillFileEntry]) -> SkillMetadata | None:
    data = next((file.data for file in files if file.path == METADATA_FILE), None)
    try:
        return SkillMetadata.model_validate(json.loads(data)) if data is not None else None
    except (ValueError, RecursionError, ValidationError):
        return None


def _holds(own: SkillMetadata, files: list[SkillFileEntry], name: str, shelf: str) -> bool:
    """Whether a `metadata.json` says what lies beside it, and is what we would write: then it stays as it is."""
    lying = next(file.data for file in files if file.path == METADATA_FILE)
    return (
        (own.name, own.category, own.digest) == (name, shelf, digest(files))
        and Version.parse(own.version) is not None
        and rendered(own).data == lying
    )
