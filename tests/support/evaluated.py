"""Reports on published versions for tests: kept as a publication or an evaluation keeps them, without any run."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from domain.evaluation import Numbers
from domain.evidence.policy import Policy
from domain.evidence.report import EvaluationReport, Models, Reason, Verdict
from store import evaluations
from store.session import Database

AT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


def a_report(
    name: str,
    version: str = "1.0.0",
    *,
    model: str = "openai/agent",
    reason: Reason = "publication",
    verdict: Verdict = "keep",
    made_at: datetime = AT,
    job_id: UUID | None = None,
) -> EvaluationReport:
    """A report with numbers."""
    found = Numbers(model=model, cases=3, runs=3, without=0.4, with_=0.9, delta=0.5, interval=(0.2, 0.8))
    return EvaluationReport(
        name=name,
        version=version,
        digest="d" * 64,
        made_at=made_at,
        reason=reason,
        job_id=job_id,
        models=Models(agent=model),
        policy=Policy(),
        status="whole",
        verdict=verdict,
        why=["the evidence meets the policy"],
        numbers=found,
    )


async def evaluate(database: Database, report: EvaluationReport, evaluation_id: UUID | None = None) -> UUID:
    """Keep a report; returns its id."""
    chosen = evaluation_id or uuid4()
    async with database.transaction() as session:
        await evaluations.keep(session, chosen, report)
    return chosen
