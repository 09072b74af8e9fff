"""Writing a revision: all files of the skill are kept, each failure gets its form, and nothing is paid for twice."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import JsonValue
from sqlalchemy import delete

from activities.author import ModelAuthor
from activities.drafts import draft_path
from activities.records import DatabaseRecords
from domain.brief import PlannedFile
from domain.counters import EXCUSES, NEVER, SLOTS
from domain.errors import BudgetExhausted
from domain.evaluation import Arm, CaseKind, CaseRole
from domain.job import JobStatus, Origin
from domain.prompt import Answer, HitlType
from domain.skill import SKILL_FILE, Severity, SkillFileEntry
from domain.skill_file import digest, sections
from domain.validation import validate
from store import evidence, jobs, revisions, skills
from store.session import Database
from store.tables import Revision, RevisionFile
from tests.activities.conftest import Run
from tests.activities.test_author import author_of
from tests.support.provider import FaultKind, LocalProvider
from tests.support.rows import (
    CATEGORY,
    DESCRIPTION,
    NAME,
    SKILL,
    a_case,
    a_plan,
    a_run,
    claim,
    make_evidence,
    make_job,
    make_prompt,
)
from workflows import messages as m

STYLE, COUNT = "references/house-style.md", "scripts/count.py"
FILES = [
    PlannedFile(path=STYLE, kind="reference", purpose="how each kind of line is worded"),
    PlannedFile(path=COUNT, kind="script", purpose="count the words of the notes"),
]
BESIDE = [
    SkillFileEntry(path=STYLE, data=b"# House style\r\n\r\n## Added\r\n\r\n- Say add.\r\n"),
    SkillFileEntry(path=COUNT, data=b"print(1)\n"),
    SkillFileEntry(path="assets/logo.bin", data=b"\x00\xff"),
]
PROGRAM: list[JsonValue] = ["import sys", "print(len(sys.stdin.read().split()))"]
SECTIONS: JsonValue = [{"heading": "Added", "lines": ["- Begin with a verb.", "- Say what is new for users."]}]


@pytest.fixture
def author(database: Database, tmp_path: Path, provider: LocalProvider) -> ModelAuthor:
    """An author whose model is the stand-in, with words for files."""
    provider.when(field="lines").answer(PROGRAM)
    provider.when(contains="one reference of a skill").answer({"sections": SECTIONS})
    return author_of(database, tmp_path / "library", provider)


async def planned(database: Database, calls: int | None = None) -> UUID:
    """A job whose plan has files, that failed without the skill, and that may make so many calls."""
    job = await make_job(database, budget={"calls": calls})
    async with database.transaction() as session:
        await jobs.keep_plan(session, job, a_plan().model_copy(update={"files": FILES}))
    await make_evidence(database, job, a_run())
    return job


async def with_files(database: Database) -> UUID:
    """A job whose first revision has files of several kinds."""
    job = await planned(database)
    files = [SkillFileEntry(path=SKILL_FILE, data=SKILL.encode()), *BESIDE]
    async with database.transaction() as session:
        new = revisions.NewRevision(
            n=1,
            digest=digest(files),
            made_by="model",
            by_person=False,
            changes=["first version"],
            created_at=datetime.now(UTC),
            files=files,
        )
        await revisions.keep(session, job, new)
        await skills.reserve(session, NAME, CATEGORY, DESCRIPTION, new.digest, job)
    return job


async def files_of(database: Database, job: UUID, n: int) -> dict[str, bytes]:
    async with database.transaction() as session:
        return {file.path: file.data for file in await revisions.files(session, job, n)}


async def changes_of(database: Database, job: UUID, n: int) -> list[str]:
    async with database.transaction() as session:
        return (await revisions.summary(session, job, n)).changes


async def said(database: Database, job: UUID, **answer: object) -> m.Writing:
    """The second revision, because a person said something to the first."""
    prompt = await make_prompt(database, job, HitlType.PREVIEW, data={"content": "x"})
    await claim(database, prompt, Answer.model_validate(answer), by="bob")
    return m.Writing(job_id=job, revision=2, base=1, reason=m.WriteReason(answer=prompt))


def headings(files: dict[str, bytes]) -> list[str]:
    return [one.heading for one in sections(files[SKILL_FILE].decode())]


async def test_a_first_revision_has_the_planned_files_linked_kept_and_saved(
    author: ModelAuthor, database: Database, run: Run
) -> None:
    job = await planned(database)

    written = await run(author.write, m.Writing(job_id=job, revision=1))

    files = await files_of(database, job, 1)
    entries = [SkillFileEntry(path=path, data=data) for path, data in files.items()]
    folder = author.shelves.root / draft_path(job, NAME)
    assert set(files) == {SKILL_FILE, STYLE, COUNT}
    assert all(f"[{path}]({path})" in files[SKILL_FILE].decode() for path in (STYLE, COUNT))
    assert written.digest == digest(entries)
    assert {path: (folder / path).read_bytes() for path in files} == files
    found = validate(entries, NAME).findings
    assert [one.message for one in found if one.severity is Severity.ERROR] == []
    assert await changes_of(database, job, 1) == ["first version"]


async def test_what_agents_failed_without_the_skill_is_in_its_form(
    author: ModelAuthor, database: Database, run: Run
) -> None:
    job = await planned(database)

    await run(author.write, m.Writing(job_id=job, revision=1))

    files = await files_of(database, job, 1)
    assert {SLOTS, EXCUSES} <= set(headings(files))
    assert "| “I left it out for brevity.” | " in files[SKILL_FILE].decode()


async def test_a_failure_under_pressure_is_a_rule_that_was_skipped(
    author: ModelAuthor, database: Database, run: Run
) -> None:
    job = await make_job(database)
    hurry = a_case("hurry").model_copy(update={"kind": CaseKind.PRESSURE})
    failed = a_run(case="hurry")
    verdict = failed.checked[0].model_copy(update={"check": "judge", "text": "Lists everything first"})
    async with database.transaction() as session:
        await jobs.keep_plan(session, job, a_plan())
        await evidence.keep_cases(session, job, [hurry])
        await evidence.keep_run(session, job, failed.model_copy(update={"checked": [verdict]}))

    await run(author.write, m.Writing(job_id=job, revision=1))

    assert NEVER in headings(await files_of(database, job, 1))


async def test_a_file_that_does_not_hold_is_left_out_unlinked_and_said(
    author: ModelAuthor, database: Database, run: Run, provider: LocalProvider
) -> None:
    provider.when(field="lines").answer(["def broken(:"])
    job = await planned(database)

    await run(author.write, m.Writing(job_id=job, revision=1))

    files = await files_of(database, job, 1)
    assert set(files) == {SKILL_FILE, STYLE}
    assert COUNT not in files[SKILL_FILE].decode()
    first, second = await changes_of(database, job, 1)
    assert (first, second.partition(",")[0]) == ("first version", f"{COUNT}: left out")


async def test_a_retry_after_a_lost_worker_pays_nothing_again(
    author: ModelAuthor, database: Database, run: Run, provider: LocalProvider
) -> None:
    job = await planned(database)
    step = m.Writing(job_id=job, revision=1)
    first = await run(author.write, step)
    paid = len(provider.calls())
    async with database.transaction() as session:
        await session.execute(delete(RevisionFile).where(RevisionFile.job_id == job))
        await session.execute(delete(Revision).where(Revision.job_id == job))

    assert await run(author.write, step) == first
    assert len(provider.calls()) == paid == first.calls


async def test_a_call_that_fails_is_the_only_one_that_is_asked_again(
    author: ModelAuthor, database: Database, run: Run, provider: LocalProvider
) -> None:
    job = await planned(database)
    provider.when(contains="one script of a skill").fail(FaultKind.RATE_LIMIT)

    with pytest.raises(Exception, match=r"(?i)rate|limit|429"):
        await run(author.write, m.Writing(job_id=job, revision=1))
    before = len(provider.calls())
    written = await run(author.write, m.Writing(job_id=job, revision=1))

    assert len(provider.calls()) == before + 1
    assert written.calls == before


async def test_a_budget_that_ends_keeps_what_was_paid_for_the_next_try(
    author: ModelAuthor, database: Database, run: Run, provider: LocalProvider
) -> None:
    job = await planned(database, calls=2)

    for _ in range(2):
        with pytest.raises(BudgetExhausted):
            await run(author.write, m.Writing(job_id=job, revision=1))

    assert len(provider.calls()) == 2


async def test_an_edit_of_skill_md_keeps_the_other_files_byte_for_byte(
    author: ModelAuthor, database: Database, run: Run, provider: LocalProvider
) -> None:
    job = await with_files(database)

    await run(author.write, await said(database, job, action="edit", content="mine, and wrong"))

    files = await files_of(database, job, 2)
    assert files.pop(SKILL_FILE) == b"mine, and wrong"
    assert files == {file.path: file.data for file in BESIDE}
    assert provider.calls() == []


async def test_feedback_on_skill_md_keeps_the_other_files_byte_for_byte(
    author: ModelAuthor, database: Database, run: Run, provider: LocalProvider
) -> None:
    provider.when(field="lines").answer(["- Read every merged pull request twice."])
    job = await with_files(database)

    await run(author.write, await said(database, job, action="revise", feedback="The Rules are too soft"))

    files = await files_of(database, job, 2)
    assert b"twice" in files.pop(SKILL_FILE)
    assert files == {file.path: file.data for file in BESIDE}


async def test_feedback_on_a_file_changes_it_and_the_preview_says_which(
    author: ModelAuthor, database: Database, run: Run, provider: LocalProvider
) -> None:
    provider.when(field="lines").answer(["- Say add, in one line."])
    verdict: JsonValue = {"quote": "in one line", "reason": "it says so", "verdict": "yes"}
    provider.when(contains="as it is now").answer(verdict)
    job = await with_files(database)

    feedback = "The section Added of house-style.md should ask for one line"
    await run(author.write, await said(database, job, action="revise", feedback=feedback))

    files, changes = await files_of(database, job, 2), await changes_of(database, job, 2)
    assert files[SKILL_FILE] == SKILL.encode()
    assert b"- Say add, in one line.\r\n" in files[STYLE]
    assert changes[:2] == ["your feedback: met — “in one line”", f"changed sections: {STYLE}"]
    assert changes[2].startswith(f"{STYLE}: Added: ")
    assert (files[COUNT], files["assets/logo.bin"]) == (b"print(1)\n", b"\x00\xff")


async def test_a_file_that_feedback_names_and_nobody_changed_is_tried_again_and_told(
    author: ModelAuthor, database: Database, run: Run, provider: LocalProvider
) -> None:
    provider.when(field="lines").answer(["print(1)"])
    job = await with_files(database)

    await run(author.write, await said(database, job, action="revise", feedback=f"{COUNT} counts wrong"))

    assert (await changes_of(database, job, 2))[0].startswith("your feedback may not be met: Nothing has changed")
    assert len(provider.calls()) == 2


async def test_counters_go_into_skill_md_and_the_other_files_stay(
    author: ModelAuthor, database: Database, run: Run
) -> None:
    job = await with_files(database)
    await make_evidence(database, job, a_run(Arm.WITH, 1))
    reason = m.WriteReason(counter=True)

    await run(author.write, m.Writing(job_id=job, revision=2, base=1, reason=reason))

    files = await files_of(database, job, 2)
    assert {SLOTS, EXCUSES} <= set(headings(files))
    assert {path: data for path, data in files.items() if path != SKILL_FILE} == {it.path: it.data for it in BESIDE}
    assert any(change.startswith(f"{EXCUSES}: “I left it out") for change in await changes_of(database, job, 2))


async def test_harm_to_a_guard_is_countered_though_all_that_counts_passes(
    author: ModelAuthor, database: Database, run: Run
) -> None:
    job = await with_files(database)
    harmed = a_run(Arm.WITH, 1, "guard")
    await make_evidence(database, job, a_run(Arm.WITH, 1, "case-1", passed=True), harmed)
    cases = [a_case("case-1"), a_case("guard").model_copy(update={"role": CaseRole.GUARD})]
    async with database.transaction() as session:
        await evidence.settle_cases(session, job, cases)

    await run(author.write, m.Writing(job_id=job, revision=2, base=1, reason=m.WriteReason(counter=True)))

    assert any(change.startswith(f"{EXCUSES}: “I left it out") for change in await changes_of(database, job, 2))


async def test_a_job_that_goes_on_takes_all_files_over_under_its_own_name(
    author: ModelAuthor, database: Database, run: Run
) -> None:
    job = await with_files(database)
    async with database.transaction() as session:
        await jobs.change(session, job, "end", JobStatus.COMPLETED, "over", status=JobStatus.COMPLETED)
    later = await make_job(database, user="bob", origin=Origin(job_id=job, revision=1))
    adopted = await run(DatabaseRecords(database).adopt, m.ForJob(job_id=later))

    files = await files_of(database, later, 1)
    assert adopted.name != NAME
    assert f"name: {adopted.name}" in files.pop(SKILL_FILE).decode()
    assert files == {file.path: file.data for file in BESIDE}
