"""What changed between revisions: as text, beside each other, and for what it was done."""

import json

from pydantic import JsonValue

from domain.compare.diff import side_by_side, unified
from domain.compare.section_changes import changed_sections
from domain.skill import RevisionSummary
from tests.cli.conftest import Cli
from tests.cli.scripted_api import NOW, Script

OLD = "# Skill\n\n## Rules\n\nBe very fast.\n"
NEW = "# Skill\n\n## Rules\n\nBe very careful.\n\n## Examples\n\n\x1b[2Jone\n"


def written(script: Script) -> None:
    rows: list[JsonValue] = [row.model_dump(mode="json") for row in side_by_side(OLD, NEW)]
    sections: list[JsonValue] = [section.model_dump(mode="json") for section in changed_sections(OLD, NEW)]
    answered: JsonValue = {"revision": 2, "feedback": "more examples", "changes": ["added Examples"]}
    script.record.diff = {
        "n": 2,
        "against": 1,
        "diff": unified(OLD, NEW, "revision 1", "revision 2"),
        "rows": rows,
        "rows_left_out": 3,
        "sections": sections,
        "feedback": [answered],
    }
    script.record.revisions = [
        RevisionSummary(n=n, digest="d", made_by="m", by_person=False, created_at=NOW) for n in (1, 2)
    ]


def test_the_last_revision_is_compared_with_the_one_before(cli: Cli, script: Script) -> None:
    written(script)
    said = cli("diff", str(script.job.job_id)).stdout
    for words in ("-Be very fast.", "+Be very careful.", "added Examples", "you wanted of revision 2: more examples"):
        assert words in said
    assert "\x1b" not in said


def test_any_two_revisions_can_be_named(cli: Cli, script: Script) -> None:
    written(script)
    job = str(script.job.job_id)
    assert cli("diff", job, "1", "--against", "0", "--context", "9").exit_code == 0
    assert (script.seen[-1].path, script.seen[-1].query) == (f"/jobs/{job}/revisions/1/diff", "against=0&context=9")


def test_side_by_side_marks_every_line_without_colours(cli: Cli, script: Script) -> None:
    written(script)
    done = cli("diff", str(script.job.job_id), "--side-by-side", COLUMNS="100")
    changed = next(line for line in done.stdout.splitlines() if "careful" in line)
    assert "Be very fast." in changed
    assert " ~ " in changed
    assert any(" + " in line and "Examples" in line for line in done.stdout.splitlines())
    assert "\\x1b[2Jone" in done.stdout
    assert "3 more rows" in done.stderr


def test_as_json_it_is_what_the_api_says(cli: Cli, script: Script) -> None:
    written(script)
    assert json.loads(cli("diff", str(script.job.job_id), "--json").stdout)["feedback"][0]["changes"] == [
        "added Examples"
    ]


def test_without_a_revision_it_says_what_to_do(cli: Cli, script: Script) -> None:
    done = cli("diff", str(script.job.job_id))
    assert (done.exit_code, "skill-fleet watch" in done.stderr) == (1, True)
