"""`skills` and what follows it: lists, searches, one skill, its versions and what changed between two."""

import json

from domain.library.views import (
    Count,
    Facets,
    FileChange,
    SkillCard,
    SkillPage,
    SkillView,
    VersionDiff,
    VersionList,
    VersionSummary,
)
from domain.skill import Finding, Severity, SkillStatus
from tests.cli.conftest import Cli
from tests.cli.scripted_api import Fault, Script

CARD = {
    "name": "release-notes",
    "description": "Writes release notes.",
    "category": "documents",
    "path": "documents/release-notes",
    "status": SkillStatus.ACTIVE,
    "version": "1.2.0",
    "digest": "d" * 64,
}


def answer(script: Script, path: str, *documents: SkillPage | SkillView | VersionList | VersionDiff) -> None:
    script.faults[path] = [Fault(status=200, body=document.model_dump(mode="json")) for document in documents]


def page(*names: str, **more: object) -> SkillPage:
    cards = [SkillCard.model_validate({**CARD, "name": name, "path": f"documents/{name}"}) for name in names]
    return SkillPage.model_validate({"skills": cards, "total": len(cards), **more})


def test_conditions_are_sent_and_all_pages_shown_as_one(cli: Cli, script: Script) -> None:
    answer(script, "/skills", page("a", next_cursor="next"), page("b"))
    done = cli("skills", "--category", "docs", "--tag", "git", "--status", "any", "--json")
    assert [skill["name"] for skill in json.loads(done.stdout)["skills"]] == ["a", "b"]
    first, second = script.sent("/skills")
    assert {"category=docs", "tag=git", "status=any"} < {*first.query.split("&")}
    assert "cursor=next" in second.query.split("&")


def test_an_unknown_status_is_a_usage_error(cli: Cli) -> None:
    assert cli("skills", "--status", "draft").exit_code == 2


def test_a_search_shows_what_fits_and_how_to_narrow_it(cli: Cli, script: Script) -> None:
    facets = Facets(categories=[Count(value="documents", skills=2), Count(value="data", skills=1)])
    answer(script, "/skills", page("release-notes", total=3, facets=facets))
    done = cli("skills", "search", "realease", "nots", "--limit", "1")
    assert done.stdout == "documents/release-notes\t1.2.0\t\tWrites release notes.\n"
    assert "categories: documents 2, data 1" in done.stderr
    assert "2 more" in done.stderr
    assert "q=realease+nots" in script.sent("/skills")[0].query.replace("%20", "+").split("&")


def test_a_search_without_a_result_says_what_to_do(cli: Cli, script: Script) -> None:
    answer(script, "/skills", page())
    done = cli("skills", "search", "walrus")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "use fewer words" in done.stderr


def test_one_skill_is_shown_with_its_warning_and_what_it_needs(cli: Cli, script: Script) -> None:
    problem = Finding(code="requires-unknown", severity=Severity.ERROR, message="gone is missing.", fix="Publish it.")
    view = SkillView.model_validate(
        {
            **CARD,
            "content": "# Text\n",
            "files": ["SKILL.md"],
            "tags": ["git"],
            "requires": ["base"],
            "install_order": ["base", "release-notes"],
            "problems": [problem],
            "warning": "changelog is another name",
        }
    )
    answer(script, "/skills/changelog", view)
    done = cli("skills", "show", "changelog")
    assert "install in this order: base, release-notes" in done.stdout
    assert "error: gone is missing. Publish it." in done.stdout
    assert "# Text" in done.stdout
    assert "warning: changelog is another name" in done.stderr


def test_a_withdrawn_skill_says_why_and_what_to_do(cli: Cli, script: Script) -> None:
    body = {"code": "skill_yanked", "detail": "data/bad was withdrawn from the library: it leaks keys."}
    script.faults["/skills/bad"] = [Fault(status=410, body=body)]
    done = cli("skills", "show", "bad")
    assert done.exit_code == 1
    assert "it leaks keys" in done.stderr
    assert "skills search" in done.stderr
    assert "job" not in done.stderr.casefold()


def test_versions_are_listed_by_name_alone(cli: Cli, script: Script) -> None:
    one = VersionSummary.model_validate(
        {
            "version": "1.2.0",
            "digest": "abcdef0123456789",
            "published_by": "ada",
            "published_at": "2026-01-02T03:04:05Z",
            "changelog": "Faster.\nMore.",
            "current": True,
        }
    )
    listed = VersionList(name="x", category="data", status=SkillStatus.ACTIVE, versions=[one])
    answer(script, "/skills/-/x/versions", listed)
    assert cli("skills", "versions", "x").stdout == "1.2.0\t*\t2026-01-02 03:04\tada\tabcdef012345\tFaster.\n"


def test_two_versions_are_compared(cli: Cli, script: Script) -> None:
    changed = [FileChange(path="SKILL.md", change="changed", diff="-a\n+b")]
    found = VersionDiff(name="x", version="1.2.0", against="1.0.0", diff="-a\n+b", files=changed)
    answer(script, "/skills/data/x/versions/1.2.0/diff", found)
    done = cli("skills", "diff", "data/x", "1.0.0", "1.2.0")
    assert done.stdout == "x 1.2.0 against 1.0.0\nchanged SKILL.md\n-a\n+b\n"
    assert "against=1.0.0" in script.sent("/skills/data/x/versions/1.2.0/diff")[0].query.split("&")
