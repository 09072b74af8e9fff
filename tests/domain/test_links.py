"""Links to the skill's own files."""

import pytest

from domain.links import links
from domain.markdown import walk

PATHS = ["SKILL.md", "references/style guide.md", "scripts/run.py"]


def _codes(text: str) -> list[str]:
    return [finding.code for finding in links(walk(text), PATHS)]


@pytest.mark.parametrize(
    "text",
    [
        "[a](scripts/run.py), [b](./scripts/run.py#l1) and [c](scripts/)",
        '[a](references/style%20guide.md) [b](<references/style guide.md> "title")',
        "[a](https://example.org/x.md) [b](mailto:x@example.org) [c](#rules) [d](//example.org)",
        "[a][ref]\n\n[ref]: scripts/run.py\n[^1]: a note",
        "Write `[a](missing.md)`.\n```\n[a](missing.md)\n```",
        "Run `scripts/run.py` and read `missing.md` of the person.",
    ],
)
def test_links_that_lead_somewhere_pass(text: str) -> None:
    assert _codes(text) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[a](missing.md)", "link-broken"),
        ("![a](assets/logo.png)", "link-broken"),
        ("[ref]: missing.md", "link-broken"),
        ("[a](../other/SKILL.md)", "link-outside"),
        ("[a](scripts/%2e%2e/../../x)", "link-outside"),
        ("[a](/etc/passwd)", "link-outside"),
        ("[a](scripts\\run.py)", "link-outside"),
        ("Run `scripts/missing.py`.", "file-not-there"),
    ],
)
def test_links_that_lead_nowhere_or_out_are_findings(text: str, code: str) -> None:
    assert _codes(text) == [code]
