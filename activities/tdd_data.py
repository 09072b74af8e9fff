"""What a person is shown at the checkpoints of the experiment: its cases, and how they went so far."""

from domain.evaluation import Arm, CaseRun
from domain.evidence.case_file import write_cases
from domain.evidence.grading import decided
from domain.evidence.policy import BY_DEFAULT, Policy
from domain.evidence.profile import QUICK, Profile
from domain.prompt import CaseResult, TddData
from store import revisions, tdd
from store.session import Session
from workflows import messages as m

SHOWN = 600
"""First characters of an agent's output: enough to see how it went; the whole is in the evaluation."""


async def tdd_data(
    session: Session, prompt: m.Prompt, profile: Profile = QUICK, policy: Policy = BY_DEFAULT
) -> TddData:
    """The data of a tdd_* prompt: without a revision the cases are what can be edited, else its text."""
    number = prompt.revision
    plan = await tdd.profile_of(session, prompt.job_id, profile)
    known = await tdd.known_of(session, prompt.job_id, number or 0, plan, policy)
    cases, runs = known.cases, [*known.of(Arm.WITHOUT), *(known.of(Arm.WITH) if number else [])]
    state = await tdd.state_of(session, prompt.job_id, known)
    text = await revisions.content(session, prompt.job_id, number) if number else write_cases(cases)
    return TddData(
        cases=cases,
        results=[_result(run) for run in runs],
        rationalizations=known.rationalizations,
        checklist=state.checklist_state if state else {},
        no_skill_needed=prompt.no_skill_needed,
        content=text,
        revision=number,
        digest=(await revisions.summary(session, prompt.job_id, number)).digest if number else None,
    )


def _result(run: CaseRun) -> CaseResult:
    return CaseResult(
        case_id=run.case_id,
        arm=run.arm,
        run=run.run,
        passed=run.passed,
        missed=[item.text for item in run.checked if not item.passed and decided(item)],
        undecided=[item.text for item in run.checked if not decided(item)],
        output=run.output[:SHOWN],
    )
