"""Validation of a stored revision: rules first, the reference validator, a second scanner, a model's advice last."""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from uuid import NAMESPACE_OID, UUID, uuid5

import skills_ref
from pydantic import JsonValue
from temporalio import activity

from activities.models import Models, Role, spent
from activities.programs import judge as judge_program
from activities.second_opinion import SecondOpinion
from activities.templates import template_for
from domain.answering.proposals import without_asked
from domain.brief import Plan
from domain.errors import NoProvider
from domain.skill import SKILL_FILE, Finding, Severity, SkillFileEntry, ValidationReport
from domain.text import counted
from domain.validation import salient_facts, score, validate
from store import evidence, jobs, requirements, revisions, understanding
from store.session import Database
from workflows import messages as m
from workflows.steps import Checks


class RuleChecks(Checks):
    """The checks, done by rules, the reference validator, another scanner if there is one, and a model that advises."""

    def __init__(self, database: Database, models: Models, library: Path, second: SecondOpinion | None = None) -> None:
        """Take what the steps need; `library` is its root, where the templates lie."""
        self.database = database
        self.models = models
        self.library = library
        self.second = second

    @activity.defn
    async def validate(self, revision: m.ForRevision) -> m.Judged:
        """Apply every rule, ask the model for advice unless none is wanted, and store the report."""
        async with self.database.transaction() as session:
            plan = await jobs.plan_of(session, revision.job_id)
            brief = await understanding.brief_of(session, revision.job_id)
            files = await revisions.files(session, revision.job_id, revision.revision)
            digest = (await revisions.summary(session, revision.job_id, revision.revision)).digest
            others = await requirements.neighbours(session, other_than=plan.name)
        said = " ".join([without_asked(brief.task), *(decision.answer for decision in brief.decisions)])
        template = await asyncio.to_thread(template_for, self.library, plan.category)
        ruled = await asyncio.to_thread(
            validate, files, plan.name, facts=salient_facts(said), library=others, template=template
        )
        findings = [*ruled.findings, *await asyncio.to_thread(reference_findings, files, plan.name, already=ruled)]
        findings += await self.second.of(files, plan.name) if self.second else []
        findings += await self._advice(revision, plan, files) if not _errors(findings) else []
        report = ValidationReport(passed=not _errors(findings), score=score(findings), findings=findings)
        return await self._keep(revision, digest, report)

    async def _advice(self, revision: m.ForRevision, plan: Plan, files: Sequence[SkillFileEntry]) -> list[Finding]:
        """A model's advice; none where it is not wanted (a spent budget) or no model is configured."""
        if not revision.advice:
            return []
        text = next(file.data for file in files if file.path == SKILL_FILE).decode()
        try:
            model = self.models.of(Role.JUDGE, revision.job_id, f"review/{revision.revision}", revision.attempt)
        except NoProvider:
            return []
        return await judge_program.review(model, text, plan)

    async def _keep(self, revision: m.ForRevision, digest: str, report: ValidationReport) -> m.Judged:
        report_id = report_key(revision.job_id, revision.revision)
        message = (
            "validation passed"
            if report.passed
            else f"validation found {counted(len(_errors(report.findings)), 'error')}"
        )
        summary: dict[str, JsonValue] = {"passed": report.passed, "score": report.score, "report_id": str(report_id)}
        async with self.database.transaction() as session:
            await evidence.keep_report(session, report_id, revision.job_id, revision.revision, digest, report)
            await jobs.change(
                session,
                revision.job_id,
                f"validated:{revision.revision}",
                "validated",
                message,
                summary,
                validation_passed=report.passed,
                validation_score=report.score,
            )
            await jobs.merge_result(session, revision.job_id, validation=summary)
            cost = await spent(session, revision.job_id)
        return m.Judged(report_id=report_id, passed=report.passed, score=report.score, **cost.model_dump())


def report_key(job_id: UUID, revision: int) -> UUID:
    """The report of one revision, whichever attempt wrote it."""
    return uuid5(NAMESPACE_OID, f"{job_id}/validation/{revision}")


def reference_findings(files: Sequence[SkillFileEntry], name: str, *, already: ValidationReport) -> list[Finding]:
    """What the reference validator says that our rules did not: what we publish must pass it too.

    It reads a folder, and crashes on bytes that our rules have refused by then (facts: undecodable files).
    """
    if not already.passed:
        return []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / name
        root.mkdir()
        (root / SKILL_FILE).write_bytes(next(file.data for file in files if file.path == SKILL_FILE))
        problems: list[str] = skills_ref.validate(root)
    return [Finding(code="skills-ref", severity=Severity.ERROR, message=problem) for problem in problems]


def _errors(findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity is Severity.ERROR]
