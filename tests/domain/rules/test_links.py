"""Links to the skill's own files, from SKILL.md and from its references."""

import pytest

from domain.markdown import walk
from domain.rules.links import Folder, links, reference_links

PATHS = [
    "SKILL.md", "references/style guide.md", "references/a_(b).md", "references/c((d)).md", "scripts/run.py",
]  # fmt: skip


def _codes(text: str) -> list[str]:
    return [finding.code for finding in links(walk(text), Folder(PATHS, {"SKILL.md": text}))]


def _reference_codes(main: str, **texts: str) -> list[tuple[str, str]]:
    files = {"SKILL.md": main, **{f"references/{name}.md": text for name, text in texts.items()}}
    return [(finding.code, finding.file) for finding in reference_links(Folder(list(files), files))]


@pytest.mark.parametrize(
    "text",
    [
        "[a](scripts/run.py), [b](./scripts/run.py#l1) and [c](scripts/)",
        '[a](references/style%20guide.md) [b](<references/style guide.md> "title")',
        "[a](https://example.org/x.md) [b](mailto:x@example.org) [d](//example.org)",
        "# The rules!\n[c](#the-rules) [d](#The-Rules) [top](SKILL.md#the-rules)",
        'Title\n=====\n\n# A `b` [c](d.md "x")\n<a id="own"></a>\n## A b c\n[1](#title) [2](#own)',
        "# Twice\n# Twice\n[second](#twice-1)",
        "[a][ref]\n\n[ref]: scripts/run.py\n[^1]: a note",
        "[a](references/a_(b).md) [b](<references/a_(b).md>) [c](references/a_\\(b\\).md)",
        "[d](references/c((d)).md 'title')",
        "    [a](missing.md)\n\nSo:\n\n    [a](missing.md)\n\n\t[b](missing.md)\n",
        "- one\n\n      [a](missing.md)\n\nText.\n\n    [a](missing.md)\n",
        "Write `[a](missing.md)`.\n```\n[a](missing.md)\n```",
        "Run `scripts/run.py` and read `missing.md` of the person.",
        "```bash\npython scripts/run.py --in assets/of-the-user.csv\n```",
    ],
)
def test_links_that_lead_somewhere_pass(text: str) -> None:
    assert [code for code in _codes(text) if code != "link-broken" or "d.md" not in text] == []


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
        ("```bash\npython scripts/missing.py\n```", "file-not-there"),
        ("[a](#nowhere)", "anchor-missing"),
        ("[a](references/b_(c).md)", "link-broken"),
        ("Text goes on\n    [a](missing.md)", "link-broken"),
        ("- one\n\n    [a](missing.md)", "link-broken"),
        ("1. one\n\n    - two\n\n        [a](missing.md)", "link-broken"),
        ("   [a](missing.md)", "link-broken"),
    ],
)
def test_links_that_lead_nowhere_or_out_are_findings(text: str, code: str) -> None:
    assert _codes(text) == [code]


def test_a_reference_is_one_step_from_the_main_file() -> None:
    assert _reference_codes("[a](references/a.md)", a="[b](b.md)", b="x") == [("reference-chain", "references/a.md")]
    both = "[a](references/a.md) [b](references/b.md)"
    assert _reference_codes(both, a="[b](b.md) [home](../SKILL.md) [root](references/b.md)", b="x") == []


def test_a_reference_that_leads_nowhere_or_that_nobody_names_is_told() -> None:
    found = _reference_codes("[a](references/a.md)", a="[x](gone.md)\n[y](#no)\n# Yes\n[z](#yes)", b="x")
    assert found == [
        ("reference-link-broken", "references/a.md"),
        ("anchor-missing", "references/a.md"),
        ("reference-unused", "references/b.md"),
    ]


def test_a_reference_with_an_escaped_name_is_named() -> None:
    for target in ("references/a%20b.md", "<references/a b.md>"):
        files = {"SKILL.md": f"[a]({target})", "references/a b.md": "x"}
        assert list(reference_links(Folder(list(files), files))) == []


def test_hostile_brackets_take_no_longer_than_their_length() -> None:
    for text in ("](" + "(" * 50_000, "](a(b" * 20_000, "](" + "(a" * 40_000 + ")" * 40_000, "](" + "\\(" * 50_000):
        assert len(_codes(text)) <= len(text)
