"""Roles, mounts, analytics and `mcp` on the command line."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.cells import cell_len

from cli.analytics import sparkline
from domain.library.analytics import Analytics, Counts, DayTally, PairTally, SkillTally, Trend, Window, analyse
from domain.library.recommending import Reason, ReasonKind, Recommendation
from domain.periods import Step
from domain.skill import SkillStatus
from tests.cli.conftest import Cli, Program
from tests.cli.profile_site import ProfileSite, served

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def profile() -> ProfileSite:
    return ProfileSite()


@pytest.fixture
def url(profile: ProfileSite) -> Iterator[str]:
    address, stop = served(profile)
    yield address
    stop()


def told(since: datetime, until: datetime, *, used: bool = True) -> Analytics:
    """Two skills, one of them with a hostile name, and what goes with them."""
    day = since.date()
    skills = [
        SkillTally(
            name="writing-release-notes-from-merged-requests",
            category="data",
            status=SkillStatus.ACTIVE,
            uses=8 * used,
            successes=6 * used,
            failures=2 * used,
        ),
        SkillTally(name="evil\x1b[2J", category="data", status=SkillStatus.ACTIVE, uses=2 * used),
        SkillTally(name="idle", category="data", status=SkillStatus.ACTIVE),
    ]
    counts = Counts(
        skills=skills,
        days=[DayTally(day=day + timedelta(days=3), uses=8), DayTally(day=day + timedelta(days=5), uses=2)] * used,
        sessions=4,
        in_sessions={"a": 2, "b": 2},
        pairs=[PairTally(first="a", second="b", sessions=2)] * used,
    )
    found = analyse(counts, Window(since=since, until=until))
    reason = Reason(kind=ReasonKind.ROLE, text="belongs to your role Scribe")
    hint = Recommendation(skill="letters", description="Letters.", score=0.5, reasons=[reason])
    return found.model_copy(update={"recommendations": [hint] * used})


@pytest.fixture
def counted(profile: ProfileSite) -> Analytics:
    until = datetime.now(UTC)
    profile.analytics = told(until - timedelta(days=30), until)
    return profile.analytics


def test_without_a_role_and_a_person_the_roles_are_listed(cli: Cli, url: str) -> None:
    result = cli("onboard", "--api-url", url)
    assert result.exit_code == 2
    assert result.stdout.splitlines() == [
        "1) scribe — Scribe: Writes. (2 skills)",
        "2) operator — Operator: Runs. (0 skills)",
    ]
    assert "skill-fleet onboard ROLE" in result.stderr
    assert json.loads(cli("onboard", "--json", "--api-url", url).stdout)["roles"][0]["name"] == "scribe"


def test_a_role_shows_its_set_what_is_missing_and_what_to_do_next(cli: Cli, url: str) -> None:
    result = cli("onboard", "scribe", "--api-url", url)
    assert result.exit_code == 0
    assert result.stdout == "letters\t1.0.0\tscribe\tAbout letters.\nnotes\t1.0.0\tscribe\tAbout notes.\n"
    for words in ("x is not in the library", "2 skills added as scribe", "skills install", "skill-fleet mcp"):
        assert words in result.stderr
    assert cli("onboard", "king", "--api-url", url).exit_code == 2


def test_skills_are_mounted_listed_and_unmounted(cli: Cli, url: str, profile: ProfileSite) -> None:
    assert "nothing is mounted" in cli("skills", "mounted", "--api-url", url).stderr
    assert cli("skills", "mount", "notes", "--api-url", url).stdout == "notes\t1.0.0\t-\tAbout notes.\n"
    profile.mount("old", notice="old is deprecated; use notes instead")
    listed = cli("skills", "mounted", "--api-url", url, "--user", "ada")
    assert "warning: old is deprecated" in listed.stderr
    assert profile.users[-1] == "ada"
    assert [
        one["name"] for one in json.loads(cli("skills", "unmount", "old", "--json", "--api-url", url).stdout)["mounts"]
    ] == ["notes"]


def test_analytics_are_asked_for_a_time_and_a_category(
    cli: Cli, url: str, profile: ProfileSite, counted: Analytics
) -> None:
    document = json.loads(cli("analytics", "--since", "7d", "--category", "data", "--json", "--api-url", url).stdout)
    assert (document["uses"], document["success"]["n"]) == (counted.uses, 8)
    (asked,) = profile.asked
    span = datetime.fromisoformat(asked["until"]) - datetime.fromisoformat(asked["since"])
    assert (span, asked["category"]) == (timedelta(days=7), "data")
    assert cli("analytics", "--since", "soon", "--api-url", url).exit_code == 2


def test_analytics_are_plain_lines_for_a_pipe(cli: Cli, url: str, counted: Analytics) -> None:
    lines = cli("analytics", "--api-url", url).stdout.splitlines()
    assert lines[0] == "10 uses, success 75% (41%–93%, n 8)"
    assert "per day" in lines[1]
    assert f"writing-release-notes-from-merged-requests\t8\t{'█' * 24}\t75% (41%–93%, n 8)" in lines
    assert f"evil\\x1b[2J\t2\t{'█' * 6}\tunknown" in lines
    assert "a + b\t2\t50%, 2.0 times" in lines
    assert lines[-3:] == [
        "Never used: idle",
        "For you:",
        "  letters: belongs to your role Scribe",
    ]


def test_analytics_fit_a_terminal_of_80_columns(cli: Cli, url: str, counted: Analytics) -> None:
    result = cli("analytics", "--api-url", url, FORCE_COLOR="1", TERM="xterm-256color")
    lines = [ANSI.sub("", line) for line in result.stdout.splitlines()]
    assert [line for line in lines if cell_len(line) > 80] == []
    assert any("█" in line for line in lines)
    assert "\x1b[2J" not in result.stdout


def test_without_a_use_it_is_said_how_to_report_one(cli: Cli, url: str, profile: ProfileSite) -> None:
    until = datetime.now(UTC)
    profile.analytics = told(until - timedelta(days=30), until, used=False)
    result = cli("analytics", "--api-url", url)
    assert result.exit_code == 0
    assert "skill-fleet mcp" in result.stderr
    assert "POST /api/v1/usage" in result.stderr
    assert "█" not in result.stdout


def test_a_sparkline_shows_the_smallest_use_and_leaves_days_without_one_blank() -> None:
    day = datetime(2026, 1, 1, tzinfo=UTC).date()
    points = [DayTally(day=day, uses=uses) for uses in (0, 1, 70, 35)]
    assert sparkline(Trend(step=Step.DAY, points=points)) == " ▁█▄"
    assert sparkline(Trend(step=Step.DAY, points=points[:1])) == " "


@pytest.mark.parametrize("known", [True, False])
def test_mcp_becomes_the_server_whose_stdout_is_the_protocol(
    program: Program, url: str, tmp_path: Path, known: bool
) -> None:
    """Without an api as well: the one named is of another kind, or no stack runs."""
    opening = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "hand", "version": "0"}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": opening}
    environment = {"SKILL_FLEET_API_URL": url} if known else {"SKILL_FLEET_API_URL": ""}
    done = program("mcp", "--transport", "stdio", "--all", stdin=json.dumps(message) + "\n", **environment)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    assert json.loads(line)["result"]["serverInfo"]["name"] == "skill-fleet"
    assert "could not be reached" in json.loads(line)["result"]["instructions"]
    assert "skill-fleet-mcp: " in done.stderr
