"""What rules add to a plan: the place in doubt, a person's word for it, the template's outline, tags, requirements."""

from pathlib import Path
from uuid import UUID

import pytest
from pydantic import JsonValue

from activities.author import ModelAuthor
from activities.models import Models
from activities.prompt_data import prompt_data
from activities.shelves import Shelves
from domain.brief import Plan
from domain.library.default_templates import FOLDER
from domain.prompt import Answer, ConfirmData, HitlType
from domain.skill import SkillStatus
from domain.skill_file import parse
from domain.taxonomy import parse_taxonomy
from store import jobs, revisions
from store.library_tables import Skill
from store.session import Database
from tests.activities.conftest import Run
from tests.support.fleet import settings_for
from tests.support.provider import LocalProvider
from tests.support.rows import claim, make_job, make_prompt
from worker import specs
from workflows import messages as m

SQL = "Write SQL queries that clean the tables of an analytics database, with base-checks"
PLAN: dict[str, JsonValue] = {
    "title": "Clean tables",
    "name": "clean-tables",
    "what": "Writes SQL queries that clean the tables of an analytics database.",
    "use_when": "Use when a table of the database has to be cleaned",
    "triggers": ["Clean the customers table for me"],
    "non_triggers": ["Delete the customers table for me"],
    "success_criteria": ["Every query runs"],
    "key_assumptions": ["The tables are small"],
    "category": "design",
    "kind": "technique",
}


@pytest.fixture
def author(database: Database, tmp_path: Path, provider: LocalProvider) -> ModelAuthor:
    shelves = Shelves(tmp_path / "library")
    taxonomy = parse_taxonomy(shelves.prepare())
    return ModelAuthor(database, Models(database, specs(settings_for(provider, shelves.root)), 4), taxonomy, shelves)


async def plan_of(database: Database, job: UUID) -> Plan:
    async with database.transaction() as session:
        return await jobs.plan_of(session, job)


async def revised(database: Database, job: UUID, feedback: str) -> m.Planning:
    prompt = await make_prompt(database, job, HitlType.CONFIRM, data={"summary": "x", "path": "x/y", "plan": []})
    await claim(database, prompt, Answer(action="revise", feedback=feedback))
    return m.Planning(job_id=job, round=2, confirmation=prompt)


async def publish(database: Database, *names: str, status: SkillStatus = SkillStatus.ACTIVE) -> None:
    async with database.transaction() as session:
        for name in names:
            session.add(Skill(name=name, category="data", description="x", status=status, version="1.0.0", digest="d"))


async def test_a_doubtful_place_is_told_with_its_reason_and_a_shelf_said_by_a_person_moves_it_for_free(
    author: ModelAuthor, database: Database, run: Run, provider: LocalProvider
) -> None:
    provider.when(contains="Plan the skill.").answer(PLAN)
    job = await make_job(database, task=SQL)
    planned = await run(author.plan, m.Planning(job_id=job))
    assert (planned.path, planned.unsure) == ("design/clean-tables", True)
    async with database.transaction() as session:
        data = await prompt_data(session, m.Prompt(job_id=job, kind=HitlType.CONFIRM, round=1))
    assert isinstance(data, ConfirmData)
    assert "speak for data" in data.unsure
    assert data.alternatives[0] == "data"
    asked = len(provider.calls())
    moved = await run(author.plan, await revised(database, job, " Databases. "))
    assert (moved.path, moved.unsure, len(provider.calls())) == ("data/clean-tables", False, asked)
    assert "Checks on the data" in (await plan_of(database, job)).outline


async def test_what_a_person_chose_stands_when_the_plan_is_changed_again(
    author: ModelAuthor, database: Database, run: Run, provider: LocalProvider
) -> None:
    provider.when(contains="Plan the skill.").answer(PLAN)
    job = await make_job(database, task=SQL, category="research")
    first = await run(author.plan, m.Planning(job_id=job))
    assert (first.path, first.unsure) == ("research/clean-tables", False)
    again = await run(author.plan, await revised(database, job, "Name two more triggers, please"))
    assert (again.path, again.unsure) == ("research/clean-tables", False)


async def test_tags_and_requirements_of_the_plan_stand_in_the_frontmatter(
    author: ModelAuthor, database: Database, run: Run, provider: LocalProvider
) -> None:
    await publish(database, "base-checks", "unrelated")
    await publish(database, "clean-tables-old", status=SkillStatus.YANKED)
    provider.when(contains="Plan the skill.").answer(PLAN | {"category": "data"})
    provider.when(field="requires").answer(["base-checks", "unrelated", "invented"])
    job = await make_job(database, task=SQL)
    planned = await run(author.plan, m.Planning(job_id=job))
    assert planned.unsure is False
    kept = await plan_of(database, job)
    assert (kept.tags, kept.requires) == (["sql"], ["base-checks"])
    await run(author.write, m.Writing(job_id=job, revision=1))
    async with database.transaction() as session:
        text = await revisions.content(session, job, 1)
    assert parse(text.encode()).fields["metadata"] == {"tags": "sql", "requires": "base-checks"}


async def test_the_librarys_own_template_reaches_the_written_skill(
    author: ModelAuthor, database: Database, run: Run, provider: LocalProvider
) -> None:
    own = author.shelves.root / FOLDER / "data" / "SKILL.md"
    own.parent.mkdir(parents=True)
    own.write_text("## When to use\n\n## Lineage (optional)\n\nWhere each table comes from.\n\n## Workflow\n")
    provider.when(contains="Plan the skill.").answer(PLAN | {"category": "data"})
    lines: JsonValue = ["Name the source of each table.", ""]
    provider.when(field="sections").answer([{"number": 1, "lines": lines}, {"number": 7, "lines": ["x"]}])
    job = await make_job(database, task=SQL)
    await run(author.plan, m.Planning(job_id=job))
    await run(author.write, m.Writing(job_id=job, revision=1))
    async with database.transaction() as session:
        text = await revisions.content(session, job, 1)
    assert "## Lineage\n\n- Name the source of each table.\n\n## Workflow" in text
    assert any("Where each table comes from." in call.messages[-1].text for call in provider.calls())
