"""Findings as SARIF 2.1.0, which code hosts and editors show beside the lines. Shapes and one function; no I/O.

Follows the part of the standard that code scanning reads: rules with help, results with one place each.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Literal
from urllib.parse import quote

from pydantic import Field
from pydantic.alias_generators import to_camel

from domain.rules.rule_list import RULES
from domain.scan.hidden_text import visible
from domain.shape import Shape
from domain.skill import Finding, Severity, ValidationReport

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
Level = Literal["error", "warning", "note"]
LEVELS: Mapping[Severity, Level] = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


class _Part(Shape):
    model_config = {"alias_generator": to_camel, "populate_by_name": True}


class Text(_Part):
    """A message or a help text."""

    text: str


class Configuration(_Part):
    """How bad a rule's findings are when nothing else is said."""

    level: Level


class Reported(_Part):
    """One rule that has found something."""

    id: str
    short_description: Text
    help: Text
    default_configuration: Configuration


class Driver(_Part):
    """The tool."""

    name: str = "skill-fleet"
    rules: list[Reported]


class Tool(_Part):
    """The tool with its rules."""

    driver: Driver


class Region(_Part):
    """A line, from 1; a finding about a whole file points at its first."""

    start_line: int


class Shown(Region):
    """A line with the words in it that were found."""

    snippet: Text


class Artifact(_Part):
    """A file, relative to the folder in which the command ran when it lies below it."""

    uri: str


class Physical(_Part):
    """A place in a file."""

    artifact_location: Artifact
    region: Shown | Region


class Location(_Part):
    """A place."""

    physical_location: Physical


class Result(_Part):
    """One finding. The fingerprint stays when lines above it change."""

    rule_id: str
    rule_index: int
    level: Level
    message: Text
    locations: list[Location]
    partial_fingerprints: dict[str, str]


class SarifRun(_Part):
    """One run of the tool."""

    tool: Tool
    column_kind: Literal["unicodeCodePoints"] = "unicodeCodePoints"
    results: list[Result]


class Sarif(_Part):
    """The whole document."""

    schema_: str = Field(SCHEMA, alias="$schema")
    version: Literal["2.1.0"] = "2.1.0"
    runs: list[SarifRun]


def sarif(reports: Sequence[tuple[str, ValidationReport]]) -> Sarif:
    """The findings of some skills; each comes with the path of its folder, POSIX and relative (`.` for here)."""
    found = [(folder, finding) for folder, report in reports for finding in report.findings]
    first = {finding.code: finding for _, finding in reversed(found)}
    indexes = {code: number for number, code in enumerate(sorted(first))}
    rules = [_rule(first[code]) for code in indexes]
    results = [_result(folder, finding, indexes[finding.code]) for folder, finding in found]
    return Sarif(runs=[SarifRun(tool=Tool(driver=Driver(rules=rules)), results=results)])


def _rule(example: Finding) -> Reported:
    """What the table of rules says; of a code that is not in it, what its first finding says."""
    rule = RULES.get(example.code)
    about, fix = (rule.about, rule.fix) if rule else (example.message, example.fix or "")
    level = LEVELS[rule.severity if rule else example.severity]
    return Reported(
        id=example.code,
        short_description=Text(text=about),
        help=Text(text=fix or about),
        default_configuration=Configuration(level=level),
    )


def _result(folder: str, finding: Finding, index: int) -> Result:
    path = "/".join(part for part in (folder, finding.file) if part not in ("", "."))
    shown = f"{finding.message} {finding.fix}" if finding.fix else finding.message
    seen = "\0".join([finding.code, path, finding.field or "", finding.excerpt or finding.message])
    place = Physical(artifact_location=Artifact(uri=quote(path or ".")), region=_region(finding))
    return Result(
        rule_id=finding.code,
        rule_index=index,
        level=LEVELS[finding.severity],
        message=Text(text=shown),
        locations=[Location(physical_location=place)],
        partial_fingerprints={"skillFleet/v1": sha256(seen.encode("utf-8", "replace")).hexdigest()},
    )


def _region(finding: Finding) -> Region:
    line = max(1, finding.line or 1)
    return (
        Shown(start_line=line, snippet=Text(text=visible(finding.excerpt)))
        if finding.excerpt
        else Region(start_line=line)
    )
