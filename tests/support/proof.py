"""The proof of a draft as rows: cases in both arms, and the trial of its description."""

from collections.abc import Iterable
from uuid import UUID

from domain.evaluation import Arm, CaseRun, TriggerChoice, TriggerNumbers, TriggerQuery, TriggerReport
from store import triggers
from store.session import Database
from tests.support.rows import DESCRIPTION, a_run, make_evidence

HELPS = {"case-1": (0, 1), "case-2": (0, 1), "case-3": (1, 1)}
"""Whether each case passes without and with the skill: enough for the default policy."""

HARMS = {"case-1": (1, 0), "case-2": (1, 0), "case-3": (0, 0)}


def tried(cases: dict[str, tuple[int, int]], *, revision: int = 1, repeats: int = 1) -> list[CaseRun]:
    """The runs of these cases, in both arms."""
    return [
        a_run(arm, revision if arm is Arm.WITH else 0, case, passed=bool(both[place])).model_copy(
            update={"run": number, "model": "openai/agent"}
        )
        for place, arm in enumerate((Arm.WITHOUT, Arm.WITH))
        for case, both in cases.items()
        for number in range(repeats)
    ]


def asked(should: int = 5, should_not: int = 5) -> list[TriggerQuery]:
    """So many held-out queries of each kind."""
    kinds = [True] * should + [False] * should_not
    return [TriggerQuery(id=f"q{n}", text=f"message {n}", should=kind, half="held_out") for n, kind in enumerate(kinds)]


def answered(queries: Iterable[TriggerQuery]) -> list[TriggerChoice]:
    """That each was asked once; what was chosen is told by the numbers of the report."""
    return [TriggerChoice(query_id=query.id, run=0) for query in queries]


def chosen(recall: float = 1.0, precision: float = 1.0, **more: object) -> TriggerReport:
    """How agents chose the draft of `rows.py` by its description."""
    found = TriggerNumbers(queries=10, runs=3, recall=recall, precision=precision)
    told = {"status": "measured", "description": DESCRIPTION, "numbers": found, "model": "openai/agent"}
    return TriggerReport.model_validate({**told, "queries": asked(), "choices": answered(asked()), **more})


async def make_proof(
    database: Database, job: UUID, runs: Iterable[CaseRun] = (), report: TriggerReport | None = None
) -> None:
    """Keep the runs, by default those of a skill that helps, and the trial."""
    await make_evidence(database, job, *(list(runs) or tried(HELPS)))
    async with database.transaction() as session:
        await triggers.keep(session, job, report or chosen())
