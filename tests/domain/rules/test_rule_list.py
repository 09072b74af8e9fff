"""The list of rules, what the checks report, and the documentation say the same."""

from pathlib import Path

import pytest

from domain.library.templates import parse_template
from domain.rules.neighbours import Neighbour
from domain.rules.rule_list import FILE_HARD_LINK, FILE_LINK, RULES
from domain.skill import Severity, SkillFileEntry, ValidationReport
from domain.validation import LENIENT, STRICT, Profile, in_profile, validate

MENDED = frozenset({"bom", "yaml-flow", "yaml-invalid"})
"""What a lenient reader mends where it can, with a warning."""

DOC = Path(__file__).parents[3] / "docs/validation.md"
FRONT = "name: a-b\ndescription: Sorts letters by date. Use when the post comes.\n"
GOOD = f"---\n{FRONT}---\nDo it.\n"


def table() -> str:
    """The table of docs/validation.md, made of the list."""
    rows = [
        f"| `{rule.code}` | {rule.severity} | {_lenient(rule.code)} | {rule.about} | {rule.fix} |"
        for rule in RULES.values()
    ]
    return "\n".join(["| code | strict | lenient | what it is | remedy |", "|---|---|---|---|---|", *rows])


def _lenient(code: str) -> str:
    severity = in_profile(code, RULES[code].severity, LENIENT)
    return "warning, mended where possible" if code in MENDED else severity or "–"


def test_the_documentation_holds_the_table_as_it_is() -> None:
    assert table() in DOC.read_text()


def _report(text: str | bytes, profile: Profile, **files: str) -> ValidationReport:
    data = text if isinstance(text, bytes) else text.encode()
    entries = [SkillFileEntry(path="SKILL.md", data=data)]
    entries += [SkillFileEntry(path=path, data=content.encode()) for path, content in files.items()]
    library = [
        Neighbour(name="a-c-d", description="x", aliases=("a-b",)),
        Neighbour(name="ab", description="Sorts letters by date."),
    ]
    return validate(
        entries, "a-b", profile=profile, library=library, template=parse_template("x", "## Limits\n"), facts=["77"]
    )


BAD: dict[str, str | bytes] = {
    "good": GOOD,
    "not-utf8": b"---\n\xff",
    "bom": "\ufeff" + GOOD,
    "missing": "x",
    "unclosed": "---\nname: a",
    "empty": "---\n---\n",
    "flow": f"---\n{FRONT}license: [a]\n---\nx",
    "alias": f"---\n{FRONT}license: &a b\n---\nx",
    "fields": "---\nname: My--Näme\ndescription: <b>x</b>\nlicense:\nmetadata: x\nallowed-tools: '*'\n---\n",
    "texts": GOOD + "TODO: x\n[a](b.md) [c](../d) [e](#f)\n" + "no go " * 9 + "\n```json\n{,}\n```\n" + "y" * 30,
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_what_the_checks_report_is_in_the_list_with_its_severity(text: str | bytes) -> None:
    files = {"a.py": "def f(:", "a.sh": "if (", "references/a.md": "[x](y.md)\n" * 101}
    strict = _report(text, STRICT, **files)
    for finding in strict.findings:
        rule = RULES.get(finding.code)
        if rule is not None and finding.code != "tools-too-broad":
            assert finding.severity is rule.severity, finding
            assert finding.fix, finding
    for finding in _report(text, LENIENT, **files).findings:
        if finding.code in RULES and finding.code not in MENDED | {"tools-too-broad"}:
            assert finding.severity is in_profile(finding.code, RULES[finding.code].severity, LENIENT)


def test_links_are_forgiven_when_importing() -> None:
    assert in_profile(FILE_LINK.code, FILE_LINK.severity, LENIENT) is Severity.WARNING
    assert FILE_HARD_LINK.severity is Severity.WARNING


def test_all_checks_find_their_own(tmp_path: Path) -> None:
    found = {finding.code for finding in _report(BAD["texts"], STRICT, **{"a.py": "def f(:"}).findings}
    assert found >= {
        "name-is-alias", "name-look-alike", "description-duplicate", "section-missing", "fact-missing", "placeholder",
        "link-broken", "link-outside", "anchor-missing", "repeated-phrase", "code-block-syntax", "script-syntax",
    }  # fmt: skip
