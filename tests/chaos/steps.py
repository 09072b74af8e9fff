"""Steps for the chaos: the real record, an author who writes at once and enters into the ledger what he was told."""

from temporalio import activity

from activities.records import DatabaseRecords
from store import jobs, revisions, understanding
from store.session import Database
from tests.chaos.ledger import Ledger
from tests.support.fake_steps import FakeAuthor, FakeChecks, FakeEvaluator, FakeLibrary, Memory
from tests.support.rows import QUESTIONS, a_plan, new_revision
from tests.workflows.conftest import steps_of
from worker import Step
from workflows import messages as m


class ChaosAuthor(FakeAuthor):
    """Writes a plan and revisions into the real record."""

    def __init__(self, database: Database, ledger: Ledger) -> None:
        super().__init__(Memory())
        self.database = database
        self.ledger = ledger

    @activity.defn
    async def ask_questions(self, job: m.ForJob) -> m.Asked:
        async with self.database.transaction() as session:
            await understanding.keep_questions(session, job.job_id, QUESTIONS)
        return m.Asked(questions=len(QUESTIONS))

    @activity.defn
    async def plan(self, planning: m.Planning) -> m.Planned:
        if planning.confirmation is not None:
            self.ledger.work(planning.confirmation, f"plan {planning.round}")
        plan = a_plan()
        async with self.database.transaction() as session:
            await jobs.keep_plan(session, planning.job_id, plan)
        return m.Planned(name=plan.name, path=plan.path)

    @activity.defn
    async def write(self, writing: m.Writing) -> m.Written:
        if writing.reason.answer is not None:
            self.ledger.work(writing.reason.answer, f"write {writing.revision}")
        new = new_revision(writing.revision)
        async with self.database.transaction() as session:
            await revisions.keep(session, writing.job_id, new)
            await jobs.merge_result(session, writing.job_id, revision=new.n, digest=new.digest)
        return m.Written(revision=new.n, digest=new.digest)


def steps(database: Database, ledger: Ledger) -> dict[str, list[Step]]:
    """Every step, by task queue."""
    memory = Memory()
    author = ChaosAuthor(database, ledger)
    return steps_of(DatabaseRecords(database), author, FakeEvaluator(memory), FakeChecks(memory), FakeLibrary(memory))
