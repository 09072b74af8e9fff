"""The drill's short form: one job at each of five kinds of prompt, a changed workflow under them, a bad one refused."""

from pathlib import Path

import pytest

from tests.drill import checkouts
from tests.drill.drill import AT_ONCE, Result, drill
from tests.drill.jobs import OPTIONS, planned

SHORT = 5
"""The first kinds: clarify, deep_understanding, structure_fix, confirm, tdd_red."""


@pytest.mark.integration
@pytest.mark.slow
async def test_jobs_that_wait_are_finished_by_a_version_with_a_changed_workflow(tmp_path: Path) -> None:
    result = await drill(tmp_path, SHORT, pause=0, say=print)
    assert result.faults == [], result.table
    assert {result.by[job.id] for job in result.jobs} == {result.newer} != {result.older}


def test_the_long_form_has_jobs_at_every_kind_of_prompt() -> None:
    jobs = planned(20)
    assert [sum(job.kind is kind for job in jobs) for kind in OPTIONS] == [2] * len(OPTIONS)
    assert len(jobs) > AT_ONCE


def test_the_changed_copies_differ_where_they_say_and_nowhere_else(tmp_path: Path) -> None:
    same, newer, bad = (
        checkouts.copy(tmp_path / "a"),
        checkouts.changed(tmp_path / "b"),
        checkouts.careless(tmp_path / "c"),
    )
    assert differing(same, newer) == {"workflows/asking.py", "workflows/create_skill.py"}
    assert differing(same, bad) == {"workflows/create_skill.py"}
    assert (newer / "workflows" / "create_skill.py").read_text().count(f'workflow.patched("{checkouts.PATCH}")') == 1
    assert "workflow.patched" not in (bad / "workflows" / "create_skill.py").read_text().split("async def run")[1][:300]


def differing(one: Path, other: Path) -> set[str]:
    files = [path.relative_to(one) for path in one.rglob("*.py")]
    return {str(file) for file in files if (one / file).read_text() != (other / file).read_text()}


def test_a_place_that_is_gone_is_told_and_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "create_skill.py").write_text("nothing\n")
    with pytest.raises(LookupError, match="mend tests/drill/checkouts"):
        checkouts.insert(tmp_path / "create_skill.py", checkouts.START, "pass\n")


def test_a_job_that_nobody_ended_shows_in_the_table() -> None:
    result = Result(planned(1))
    assert "1 by nobody" in result.table
