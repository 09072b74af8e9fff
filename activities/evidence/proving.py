"""What a publication proved: the report on the job's evidence, kept in the transaction of its rows, and its files.

A report that cannot be written to the disk fails nothing: it is in the database, and the job's record says so.
"""

import asyncio
from uuid import UUID, uuid5

from activities.evidence.files import EvidenceFiles
from activities.publishing import Wanted
from domain.errors import LibraryConflict
from domain.evidence.policy import Policy
from domain.evidence.report import EvaluationReport, Subject, report_on
from store import evaluations, jobs
from store.session import Database, Session
from workflows import promote_messages as pm


async def published_report(database: Database, policy: Policy, move: pm.Move, wanted: Wanted) -> EvaluationReport:
    """The report on the version that is published; the same at every retry. Raises NotFound without its revision."""
    async with database.transaction() as session:
        material = await evaluations.material(session, move.request.job_id, move.placed.revision)
    metadata = wanted.metadata
    subject = Subject(
        name=metadata.name,
        version=metadata.version,
        digest=metadata.digest,
        made_at=metadata.published_at,
        reason="publication",
    )
    return await asyncio.to_thread(report_on, material, policy, subject)


async def keep_report(session: Session, move: pm.Move, report: EvaluationReport) -> None:
    """Keep it, once a version."""
    evaluation_id = uuid5(move.request.job_id, f"publication:{report.name}:{report.version}")
    await evaluations.keep(session, evaluation_id, report)


async def write_files(database: Database, files: EvidenceFiles, job_id: UUID, report: EvaluationReport) -> None:
    """Write the files of a report; where the disk refuses, the job's record says so and nothing else fails."""
    try:
        await asyncio.to_thread(files.write, report)
    except (OSError, LibraryConflict) as refused:
        why = (refused.strerror if isinstance(refused, OSError) else None) or str(refused)
        message = f"the evidence of {report.name} {report.version} lies in the database only: {why}"
        async with database.transaction() as session:
            await jobs.change(session, job_id, f"evidence-files:{report.digest}", "trouble", message)
