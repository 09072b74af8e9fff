"""What the runs of an arm add up to: counted, told, and shown where people look. Asks no model."""

from uuid import UUID

from pydantic import JsonValue

from activities.evidence.holding import Held
from activities.evidence.sharpening import Settled
from activities.models import spent
from domain.evaluation import Arm, Evidence
from domain.evidence.checklist import Known, checklist
from domain.evidence.holding import passing, proofs
from domain.evidence.policy import Policy
from domain.evidence.profile import Profile
from store import evidence, jobs, prompts, proof, revisions, tdd
from store.session import Database, Session
from workflows import messages as m


class Counting:
    """Counts the arms of jobs, under one profile and by one policy."""

    def __init__(self, database: Database, profile: Profile, policy: Policy) -> None:
        """Take what it needs."""
        self.database = database
        self.profile = profile
        self.policy = policy

    async def finish(self, trial: m.Trial, settled: Settled, held: Held, changed: str) -> m.Measured:
        """Count the arm, and tell what both arms add up to once this revision has been measured.

        `changed`: how the ids of cases begin that took the place of others, so that their runs are told of as well.
        """
        phase = "red" if trial.arm is Arm.WITHOUT else "refactor" if trial.round else "green"
        passed = passing(settled.cases, settled.runs, trial.arm, trial.revision)
        proof = proofs(settled.cases)
        async with self.database.transaction() as session:
            await evidence.finish_arm(session, trial.job_id, trial.arm, settled.runs, phase)
            holds = held.holds or trial.revision
            known = await tdd.known_of(session, trial.job_id, holds, self.profile, self.policy)
            await evidence.keep_checklist(session, trial.job_id, checklist(known))
            told = await self.told(session, trial.job_id, known, trial.revision)
            counted = f"{trial.arm} the skill {len(passed)} of {len(proof)} cases passed"
            message = "; ".join([counted, *settled.said])
            key = ":".join(["evidence", trial.arm, str(trial.revision), *([changed] if changed else [])])
            await jobs.change(session, trial.job_id, key, "evidence", message, {"evidence": told})
            if trial.arm is Arm.WITH:
                shown = await self.told(session, trial.job_id, known, holds)
                await self._show(session, trial.job_id, holds, shown)
            cost = await spent(session, trial.job_id)
        return m.Measured(
            passed=len(passed), cases=len(proof), **{**cost.model_dump(), **held.model_dump(exclude_defaults=True)}
        )

    async def partly(self, trial: m.Trial, why: str) -> None:
        """Show what ran before the budget was spent, as partial evidence."""
        async with self.database.transaction() as session:
            known = await tdd.known_of(session, trial.job_id, trial.revision, self.profile, self.policy)
            told = {**await self.told(session, trial.job_id, known, trial.revision), "status": "partial"}
            key = f"evidence:partial:{trial.arm}:{trial.revision}"
            runs = len(known.of(trial.arm))
            message = f"{runs} runs {trial.arm} the skill are kept; the others wait for the budget: {why}"
            await jobs.change(session, trial.job_id, key, "evidence", message, {"evidence": told})
            await evidence.keep_checklist(session, trial.job_id, checklist(known))
            if trial.arm is Arm.WITH:
                await self._show(session, trial.job_id, trial.revision, told)

    async def told(self, session: Session, job_id: UUID, known: Known, revision: int) -> dict[str, JsonValue]:
        """The evidence on a revision as JSON, with what it lacks for publishing: counted as the gate counts it. Before
        the first revision with the trial of the planned description."""
        found = await proof.of_revision(session, job_id, revision)
        if not revision:
            found = found.model_copy(update={"triggers": known.triggers})
        return as_json(found.shown(self.policy, profile=self.profile.name, planned=self.profile.runs))

    async def _show(self, session: Session, job_id: UUID, revision: int, told: dict[str, JsonValue]) -> None:
        await jobs.merge_result(session, job_id, evidence=told)
        digest = (await revisions.summary(session, job_id, revision)).digest
        await prompts.update_preview(session, job_id, digest, told)


def as_json(found: Evidence) -> dict[str, JsonValue]:
    """Evidence under the names people read (`with`, `without`)."""
    told: dict[str, JsonValue] = found.model_dump(mode="json", by_alias=True)
    return told
