"""Validation of a stored revision: rules first, one report whatever is retried, and a model that only advises."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest

from activities.checks import RuleChecks, reference_findings, report_key
from activities.models import Models
from domain.brief import Decision
from domain.skill import SKILL_FILE, Finding, Severity, SkillFileEntry, ValidationReport
from store import evidence, understanding
from store.session import Database
from tests.activities.conftest import Run
from tests.support.fleet import settings_for
from tests.support.provider import LocalProvider
from tests.support.published import publish_skill
from tests.support.rows import NAME, SKILL, kinds, make_draft, make_job, row_of
from worker import specs
from workflows import messages as m

NO_LIBRARY = Path("there-is-no-such-library")
"""Its templates are the default ones."""

FINE = ValidationReport(passed=True, score=1.0, findings=[])
BROKEN = "---\nname: Release Notes\n---\n# Release notes\n"


@pytest.fixture
def checks(database: Database) -> RuleChecks:
    """Checks without a model: only rules run."""
    return RuleChecks(database, Models(database, {}, 1), NO_LIBRARY)


def entries(text: str) -> list[SkillFileEntry]:
    return [SkillFileEntry(path=SKILL_FILE, data=text.encode())]


async def findings(database: Database, report: UUID) -> list[Finding]:
    async with database.transaction() as session:
        return evidence.findings(await evidence.report_of(session, report))


def test_what_we_publish_must_pass_the_reference_validator_too() -> None:
    assert reference_findings(entries(SKILL), NAME, already=FINE) == []
    found = reference_findings(entries(BROKEN), NAME, already=FINE)
    assert {(finding.code, finding.severity) for finding in found} == {("skills-ref", Severity.ERROR)}
    assert any("description" in finding.message for finding in found)


def test_a_skill_in_a_folder_of_another_name_is_no_skill_to_the_reference_validator() -> None:
    assert reference_findings(entries(SKILL), "other-name", already=FINE)


def test_the_reference_validator_is_not_asked_about_what_our_rules_have_refused() -> None:
    undecodable = [SkillFileEntry(path=SKILL_FILE, data=b"\xff\xfe")]
    refused = ValidationReport(passed=False, score=0.6, findings=[])
    assert reference_findings(undecodable, NAME, already=refused) == []


def test_a_report_has_the_same_id_whichever_attempt_and_release_wrote_it_and_each_revision_its_own() -> None:
    job, other = uuid4(), uuid4()
    assert report_key(job, 1) == report_key(job, 1)
    assert len({report_key(job, 1), report_key(job, 2), report_key(other, 1)}) == 3
    assert report_key(UUID(int=1), 1) == UUID("89a30b8a-6bd4-5566-83cd-f48a25ea5710")


async def test_a_good_revision_passes_and_the_job_says_so(checks: RuleChecks, database: Database, run: Run) -> None:
    job = await make_job(database)
    digest = await make_draft(database, job)
    judged = await run(checks.validate, m.ForRevision(job_id=job, revision=1))
    assert (judged.passed, judged.report_id) == (True, report_key(job, 1))
    row = await row_of(database, job)
    assert (row.validation_passed, row.validation_score) == (True, judged.score)
    assert row.result["validation"]["report_id"] == str(judged.report_id)
    async with database.transaction() as session:
        standing = await evidence.last_report(session, job, digest)
    assert standing is not None
    assert standing.passed


async def test_a_validation_that_is_retried_leaves_one_report_and_one_event(
    checks: RuleChecks, database: Database, run: Run
) -> None:
    job = await make_job(database)
    await make_draft(database, job)
    first, again = [await run(checks.validate, m.ForRevision(job_id=job, revision=1)) for _ in range(2)]
    assert first == again
    assert await kinds(database, job) == ["started", "validated"]


async def test_bytes_that_are_no_skill_fail_in_words_and_break_nothing(
    checks: RuleChecks, database: Database, run: Run
) -> None:
    job = await make_job(database)
    await make_draft(database, job, text=BROKEN)
    judged = await run(checks.validate, m.ForRevision(job_id=job, revision=1))
    assert not judged.passed
    assert 0 <= judged.score < 1
    found = await findings(database, judged.report_id)
    assert all(finding.message for finding in found)
    assert (await row_of(database, job)).validation_passed is False


async def test_a_number_that_a_person_decided_must_be_in_the_text(
    checks: RuleChecks, database: Database, run: Run
) -> None:
    job = await make_job(database)
    await make_draft(database, job)
    async with database.transaction() as session:
        said = Decision(question="How long?", answer="at most 300 words")
        await understanding.keep_decisions(session, job, [said])
    judged = await run(checks.validate, m.ForRevision(job_id=job, revision=1))
    assert not judged.passed
    assert any("300" in finding.message for finding in await findings(database, judged.report_id))


async def test_a_model_advises_on_what_the_rules_let_pass_and_is_not_asked_about_the_rest(
    database: Database, run: Run, provider: LocalProvider, tmp_path: Path
) -> None:
    models = Models(database, specs(settings_for(provider, tmp_path)), 1)
    job = await make_job(database)
    await make_draft(database, job)
    await make_draft(database, job, n=2, text=BROKEN)
    step = RuleChecks(database, models, NO_LIBRARY).validate
    assert not (await run(step, m.ForRevision(job_id=job, revision=2))).passed
    assert provider.calls() == []
    judged = await run(step, m.ForRevision(job_id=job, revision=1))
    assert judged.passed
    assert judged.calls == len(provider.calls()) >= 1
    advice = await findings(database, judged.report_id)
    assert Severity.ERROR not in {finding.severity for finding in advice}


async def test_without_advice_no_model_is_asked(
    database: Database, run: Run, provider: LocalProvider, tmp_path: Path
) -> None:
    models = Models(database, specs(settings_for(provider, tmp_path)), 1)
    job = await make_job(database)
    await make_draft(database, job)
    judged = await run(
        RuleChecks(database, models, NO_LIBRARY).validate, m.ForRevision(job_id=job, revision=1, advice=False)
    )
    assert (judged.passed, judged.calls) == (True, 0)
    assert provider.calls() == []


async def test_the_name_that_was_asked_for_need_not_stand_in_the_text(
    checks: RuleChecks, database: Database, run: Run
) -> None:
    job = await make_job(database, task='Create a skill called "Acme Notes 4000!" that writes release notes')
    await make_draft(database, job)
    assert (await run(checks.validate, m.ForRevision(job_id=job, revision=1))).passed


async def test_a_draft_is_compared_with_the_library_and_with_the_template_of_its_shelf(
    checks: RuleChecks, database: Database, run: Run
) -> None:
    await publish_skill(database, "release-note", description="Writes release notes. Use when a release is cut.")
    job = await make_job(database)
    await make_draft(database, job)
    judged = await run(checks.validate, m.ForRevision(job_id=job, revision=1))
    async with database.transaction() as session:
        found = {item.code for item in evidence.findings(await evidence.report_of(session, judged.report_id))}
    assert {"name-look-alike", "description-duplicate", "section-missing"} <= found
