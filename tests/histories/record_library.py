"""Records one history per shape of the library's workflows, as `record.py` does for jobs; with `record_proof.py` they
make a release's set."""

import asyncio
import io
import tarfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from temporalio.testing import WorkflowEnvironment

from domain.job import Evaluates, JobOptions, JobView, Origin, StartJob
from domain.library.curation import LibraryReport
from domain.library.importing import ImportWish, Verdict
from domain.prompt import HitlType
from store import imports, uploads
from store.session import Database
from tests.histories.record import keep
from tests.support.fleet import Fleet
from tests.support.fleet import fleet as run_fleet
from tests.support.foreign_skills import skill
from tests.support.provider import FaultKind, LocalProvider
from workflows import library_messages as lib
from workflows import messages as m
from workflows import promote_messages as pm
from workflows.check_library import WORKFLOW, CheckLibrary
from workflows.curate_skill import CurateSkill
from workflows.evaluate_library import EvaluateLibrary
from workflows.evaluate_skill import EvaluateSkill
from workflows.import_messages import ForImport, Taken
from workflows.import_skills import ImportSkills
from workflows.library_messages import Curation
from workflows.promote_skill import PromoteSkill
from workflows.steps import WORKFLOWS

ARCHIVE = {
    "mine/plain/SKILL.md": skill("plain"),
    "mine/notes/SKILL.md": skill("notes", body="\n# Notes\n\n1. Read the notes.\n2. Sort them.\n"),
    "mine/nameless/SKILL.md": b"# No frontmatter\n",
}
"""Two skills that come in, and one that is refused."""


async def published(fleet: Fleet) -> JobView:
    """A job whose draft was promoted at once."""
    job_id = await fleet.start(auto_approve=True, promote=True)
    await fleet.outcome(job_id)
    job = await fleet.job(job_id)
    assert job.promoted
    return job


async def next_version(fleet: Fleet, first: JobView) -> UUID:
    """A job that goes on from a published one, edited, approved and promoted."""
    assert first.result.revision is not None
    job_id = await fleet.start(origin=Origin(job_id=first.job_id, revision=first.result.revision))
    written = (await fleet.prompt(job_id, HitlType.PREVIEW)).prompt_data["content"]
    seen = await fleet.answer(job_id, HitlType.PREVIEW, "edit", content=f"{written}\nSay which version it was.\n")
    await fleet.answer(job_id, HitlType.PREVIEW, after=seen)
    await fleet.outcome(job_id)
    request = pm.PromoteRequest(job_id=job_id, by="ada")
    await fleet.client.execute_workflow(PromoteSkill.run, request, id=f"promote-skill:{job_id}", task_queue=WORKFLOWS)
    return job_id


async def curated(fleet: Fleet, name: str, kind: Curation, alias: str = "") -> lib.Curated:
    """One change of a published skill, kept."""
    request = lib.CurateRequest(change_id=uuid4(), kind=kind, name=name, by="ada", reason="a try-out", alias=alias)
    workflow_id = f"curate-skill:{request.change_id}"
    done = await fleet.client.execute_workflow(CurateSkill.run, request, id=workflow_id, task_queue=WORKFLOWS)
    await keep(fleet, f"curate_{kind}", workflow_id)
    return done


async def asked(fleet: Fleet, files: Mapping[str, bytes]) -> UUID:
    """An import of an archive with these files, uploaded and asked for."""
    packed, import_id = io.BytesIO(), uuid4()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path, data in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    async with fleet.database.transaction() as session:
        upload_id = await uploads.begin(session, "ada", "mine.tar.gz")
        await uploads.add_piece(session, upload_id, 0, packed.getvalue())
        await uploads.finish(session, upload_id, "application/gzip", "a" * 64, None)
        await imports.request(session, import_id, upload_id, "ada", ImportWish())
    return import_id


def named(job: JobView) -> str:
    """The name of the skill that a job has published."""
    assert job.final_path is not None
    return job.final_path.rpartition("/")[2]


@pytest.fixture
async def committing(
    monkeypatch: pytest.MonkeyPatch,
    temporal: WorkflowEnvironment,
    database: Database,
    provider: LocalProvider,
    tmp_path: Path,
) -> AsyncIterator[Fleet]:
    """A fleet whose library is a git work tree, with commits asked for."""
    library = tmp_path / "skills"
    init = await asyncio.create_subprocess_exec("git", "init", "--quiet", str(library))
    assert await init.wait() == 0
    monkeypatch.setenv("SKILL_FLEET_LIBRARY_GIT", "on")
    async with run_fleet(temporal.client, database, provider, library) as fleet:
        yield fleet


async def test_record_a_promotion_with_a_commit(committing: Fleet) -> None:
    job = await published(committing)
    assert "committed" in [event.type for event in await committing.events(job.job_id)]
    await keep(committing, "promotion_with_a_commit", f"promote-skill:{job.job_id}")


async def test_record_a_promotion_of_a_next_version(fleet: Fleet) -> None:
    job_id = await next_version(fleet, await published(fleet))
    assert (await fleet.job(job_id)).promoted
    await keep(fleet, "promotion_of_a_next_version", f"promote-skill:{job_id}")


async def test_record_changes_of_a_published_skill(fleet: Fleet) -> None:
    first = await published(fleet)
    await next_version(fleet, first)
    assert (await curated(fleet, named(first), Curation.ROLLBACK)).version == "1.0.0"
    assert (await curated(fleet, named(first), Curation.ALIAS, alias="other-words")).status == "active"
    assert (await curated(fleet, named(first), Curation.YANK)).status == "yanked"


async def test_record_a_check_that_repairs(fleet: Fleet) -> None:
    job = await published(fleet)
    file = fleet.library / str(job.final_path) / "SKILL.md"
    file.write_text(file.read_text() + "\nBy hand.\n")
    request = lib.CheckRequest(repair=True, by="ada")
    report: LibraryReport = await fleet.client.execute_workflow(
        CheckLibrary.run, request, id=WORKFLOW, task_queue=WORKFLOWS
    )
    assert [each.code for each in report.differences] == ["edited"] and not report.open
    await keep(fleet, "check_with_repair", WORKFLOW)


async def test_record_an_import_of_which_one_is_refused(fleet: Fleet) -> None:
    import_id = await asked(fleet, ARCHIVE)
    name = f"import-skills:{import_id}"
    taken: Taken = await fleet.client.execute_workflow(
        ImportSkills.run, ForImport(import_id=import_id), id=name, task_queue=WORKFLOWS
    )
    async with fleet.database.transaction() as session:
        view = await imports.view(session, import_id)
    assert taken.total == len(ARCHIVE)
    assert [line.verdict for line in view.report.skills].count(Verdict.REFUSED) == 1
    await keep(fleet, "import", name)


async def test_record_a_job_whose_place_is_unsure(fleet: Fleet) -> None:
    fleet.provider.when(field="category").answer("castles")
    job_id = await fleet.start(max_questions=0)
    prompt = await fleet.prompt(job_id, HitlType.CONFIRM)
    assert "castles" in prompt.prompt_data["unsure"]
    await fleet.answer(job_id, HitlType.CONFIRM)
    await fleet.answer(job_id, HitlType.PREVIEW)
    await fleet.outcome(job_id)
    await keep(fleet, "unsure_place", f"create-skill:{job_id}")


async def evaluated(fleet: Fleet, name: str, *, budget: dict[str, int] | None = None, **asked: object) -> UUID:
    """A published skill that is evaluated again."""
    job_id = uuid4()
    start = StartJob(
        job_id=job_id,
        user_id="ada",
        task_description=f"Evaluate {name} again",
        options=JobOptions.model_validate({"auto_approve": True, "budget": budget or {}}),
        evaluates=Evaluates.model_validate({"name": name, **asked}),
    )
    await fleet.client.execute_workflow(EvaluateSkill.run, start, id=start.workflow_id, task_queue=WORKFLOWS)
    return job_id


async def test_record_an_evaluation(fleet: Fleet) -> None:
    name = named(await published(fleet))
    job_id = await evaluated(fleet, name, model="openai/other")
    assert (await fleet.job(job_id)).result.outcome in ("keep", "fix", "retire")
    await keep(fleet, "evaluation", f"evaluate-skill:{job_id}")


async def test_record_an_evaluation_whose_budget_ends(fleet: Fleet) -> None:
    name = named(await published(fleet))
    job_id = await evaluated(fleet, name, model="openai/other", budget={"calls": 1})
    assert [each.interaction_type for each in await fleet.interactions(job_id)] == [HitlType.BUDGET]
    await keep(fleet, "evaluation_on_a_budget", f"evaluate-skill:{job_id}")


async def test_record_an_evaluation_that_parks_and_is_retried(fleet: Fleet) -> None:
    name = named(await published(fleet))
    fleet.provider.when(model="other").fail(FaultKind.UNAUTHORIZED, times=1)
    start = StartJob(
        job_id=uuid4(),
        user_id="ada",
        task_description=f"Evaluate {name} again",
        options=JobOptions(auto_approve=True),
        evaluates=Evaluates(name=name, model="openai/other"),
    )
    handle = await fleet.client.start_workflow(EvaluateSkill.run, start, id=start.workflow_id, task_queue=WORKFLOWS)
    await fleet.parked(start.job_id)
    await handle.signal(EvaluateSkill.retry, m.RetryRequest(by="ada"))
    assert (await handle.result()).status == "completed"
    await keep(fleet, "evaluation_after_a_problem", start.workflow_id)


async def test_record_a_night_of_evaluations(fleet: Fleet) -> None:
    name = named(await published(fleet))
    await evaluated(fleet, name, model="openai/other")
    workflow_id = f"reevaluate-{uuid4()}"
    night = await fleet.client.execute_workflow(EvaluateLibrary.run, id=workflow_id, task_queue=WORKFLOWS)
    assert (len(night.started), night.ended) == (1, 1)
    await keep(fleet, "evaluations_of_a_night", workflow_id)
