"""Every page for people: its links lead somewhere, and the commands that it names exist with their flags."""

import re
from pathlib import Path

import pytest

from cli.registry import COMMANDS, SUBCOMMANDS, loaded

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "AGENTS.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMON = {"--help", "--json", "--plain", "--debug", "--api-url", "--user"}
"""Flags of the program itself (cli/app.py) that may stand behind any command."""

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def anchors(page: Path) -> set[str]:
    """The sections of a page as links name them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@each_page
def test_every_link_leads_to_a_file_and_to_a_section_of_it(page: Path) -> None:
    found = re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text())
    lost = []
    for link in found:
        path, _, section = link.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (section and section not in anchors(there)):
            lost.append(link)
    assert lost == []


def named(page: Path) -> set[tuple[str, str]]:
    """Each command on a page with each of its flags, "" for none; in lines of a terminal and in backticks."""
    text = page.read_text()
    calls = re.findall(r"`(skill-fleet [^`]+)`", text)
    calls += re.findall(r"^(?:    )?(?:\$ )?(skill-fleet .+)$", text, re.MULTILINE)
    found = set()
    for call in calls:
        words = re.split(r"\s#|&&|;|\|\s", call)[0].split()[1:]
        name = " ".join(words[:2]) if " ".join(words[:2]) in SUBCOMMANDS else (words[0] if words else "--help")
        flags = [found for word in words for found in re.findall(r"^\[?(--[a-z-]+)", word)]
        found |= {(name, flag) for flag in ["", *flags]}
    return found


@each_page
def test_every_command_that_is_named_exists_with_its_flags(page: Path) -> None:
    lost = []
    for name, flag in sorted(named(page)):
        if name.startswith("-") or not re.fullmatch(r"[a-z -]+", name):
            continue
        if name not in COMMANDS and name not in SUBCOMMANDS:
            lost.append(name)
        elif flag and flag not in COMMON:
            known = {option for param in getattr(loaded(name), "params") for option in param.opts}  # noqa: B009
            lost += [] if flag in known else [f"{name} {flag}"]
    assert lost == []


def test_the_pages_name_the_commands_of_the_proof() -> None:
    everywhere = set().union(*map(named, PAGES))
    assert {
        ("evidence", ""),
        ("evaluate", "--model"),
        ("show", "--checklist"),
        ("show", "--usage"),
        ("show", "--trace"),
    } <= everywhere
