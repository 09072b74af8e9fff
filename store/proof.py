"""What the record holds of the proof of one digest: cases, runs of both arms, and how its description was tried.

Runs belong to the bytes they were made with. A change of any file makes another digest, and that one has none of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from domain.evaluation import Arm, CaseRun, EvaluationCase, Evidence, Numbers, TriggerReport
from domain.evidence.case_checks import leaks
from domain.evidence.numbers import numbers, shown
from domain.evidence.policy import Policy, lacking
from domain.evidence.profile import profile_named
from domain.library.next_version import front_of
from domain.shape import Shape
from domain.skill import SKILL_FILE, SkillFileEntry
from store import evidence, revisions, triggers
from store.tables import EvaluationRun, Revision

READ = (SKILL_FILE, "references/")
"""How the paths of the files begin that an agent reads: the words of a case in any of them give it away."""

MOST_READ = 100_000
"""Characters of them that are searched for the words of cases, in some tenths of a second: three times the text that a
skill of 500 lines has."""


class Proof(Shape):
    """`runs`: of the control arm, and of `revision`, the one with the digest whose trial is the most whole (0: none was
    tried); `every`: those of other revisions too. `text`: what an agent reads of the files; "" where retention took
    them."""

    cases: list[EvaluationCase] = []
    runs: list[CaseRun] = []
    every: list[CaseRun] = []
    revision: int = 0
    text: str = ""
    triggers: TriggerReport | None = None

    def numbers(self, profile: str = "", planned: int | None = None) -> list[Numbers]:
        """What the runs add up to, by agent model, the newest first. Tens of milliseconds for many cases.

        `profile`: how thoroughly the job went about it, which says how many runs were `planned` where that is None.
        """
        known = profile_named(profile)
        return numbers(self.cases, self.runs, planned=planned or (known.runs if known else 1))

    def leaked(self) -> list[str]:
        """The ids of the cases whose words stand in the text."""
        return [flag.case_id for flag in leaks(self.text, self.cases)] if self.text else []

    def shown(self, policy: Policy | None = None, *, profile: str = "", planned: int | None = None) -> Evidence:
        """The evidence at a glance, and what it lacks by this policy; for the others see `numbers`."""
        found = self.numbers(profile, planned)
        told = shown(found, self.triggers, profile=profile)
        if policy is None:
            return told
        missing = lacking(policy, found[0] if found else None, self.triggers, self.leaked())
        return told.model_copy(update={"lacking": missing})


async def of_revision(
    session: AsyncSession, job_id: UUID, number: int | None, files: Sequence[SkillFileEntry] = ()
) -> Proof:
    """The proof of a revision's bytes; with None, or of one that is not there, the control arm only. `files`: its
    files, from whoever has read them."""
    known = await revisions.find(session, job_id, number) if number else None
    if known is None:
        every = await evidence.runs_of(session, job_id)
        return Proof(cases=await evidence.cases_of(session, job_id), runs=_of(every, 0), every=every)
    files = files or await _files(session, job_id, known.n)
    front = front_of(files)
    return await of_digest(session, job_id, known.digest, front.description if front else None, files)


async def of_digest(
    session: AsyncSession, job_id: UUID, digest: str, description: str | None, files: Sequence[SkillFileEntry] = ()
) -> Proof:
    """The proof of these bytes. `description`: of their SKILL.md, None when it cannot be read. `files`: the bytes, from
    whoever has read them."""
    _row = await evidence.held(session, job_id)
    tried = await tried_revision(session, job_id, digest)
    every = await evidence.runs_of(session, job_id)
    return Proof(
        cases=await evidence.cases_of(session, job_id),
        runs=_of(every, tried),
        every=every,
        revision=tried,
        text=_read(files or await _newest(session, job_id, digest)),
        triggers=None if description is None else await triggers.of(session, job_id, description),
    )


async def tried_revision(session: AsyncSession, job_id: UUID, digest: str) -> int:
    """The revision with these bytes whose trial is the most whole, of several the newest; 0 when none was tried.

    Bytes that come back take over the runs they had (`evidence.reuse`); until then, the first trial holds.
    """
    cases = [case.id for case in await evidence.cases_of(session, job_id)]
    if not cases:
        return 0
    alike = select(Revision.n).where(Revision.job_id == job_id, Revision.digest == digest)
    model, series = (EvaluationRun.detail[name].astext for name in ("model", "series"))
    of_a_series = (EvaluationRun.revision, model, EvaluationRun.case_id, series)
    made = select(*of_a_series, func.count()).where(
        EvaluationRun.job_id == job_id,
        EvaluationRun.arm == Arm.WITH,
        EvaluationRun.revision.in_(alike),
        EvaluationRun.case_id.in_(cases),
    )
    newest: dict[int, dict[str, dict[str, tuple[int, int]]]] = {}
    for number, asked, case, which, runs in await session.execute(made.group_by(*of_a_series)):
        of_model = newest.setdefault(number, {}).setdefault(asked or "", {})
        of_model[case] = max(of_model.get(case, (0, 0)), (int(which or 0), runs))
    return max(newest, key=lambda number: (_fewest(cases, newest[number].values()), number), default=0)


def _fewest(cases: Sequence[str], by_model: Iterable[Mapping[str, tuple[int, int]]]) -> int:
    """Runs of the case that has fewest, by the model that has most; of each case its newest series counts."""
    return max(min(known.get(case, (0, 0))[1] for case in cases) for known in by_model)


def _of(runs: Iterable[CaseRun], revision: int) -> list[CaseRun]:
    return [run for run in runs if (run.revision or 0) in (0, revision)]


async def _newest(session: AsyncSession, job_id: UUID, digest: str) -> Sequence[SkillFileEntry]:
    newest = select(func.max(Revision.n)).where(Revision.job_id == job_id, Revision.digest == digest)
    return await _files(session, job_id, await session.scalar(newest) or 0)


async def _files(session: AsyncSession, job_id: UUID, number: int) -> Sequence[SkillFileEntry]:
    """The files of a revision; none where retention took them: what was found out of them stays."""
    try:
        return await revisions.files(session, job_id, number)
    except NotFound:
        return ()


def _read(files: Sequence[SkillFileEntry]) -> str:
    """SKILL.md first."""
    read = sorted((file for file in files if file.path.startswith(READ)), key=lambda file: file.path != SKILL_FILE)
    return "\n".join(file.data.decode("utf-8", "replace") for file in read)[:MOST_READ]
