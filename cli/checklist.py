"""How far the test-driven part of a job is: its checklist, and how each case went."""

from collections import Counter
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from uuid import UUID

from cli.client import Api
from cli.output import Output
from cli.overview import evidence
from cli.problems import ApiProblem
from domain.evaluation import Arm, EvaluationView, Evidence

STEPS: Mapping[str, str] = MappingProxyType(
    {
        "cases_written": "cases written",
        "without_run": "tried without the skill",
        "with_run": "tried with the skill",
    }
)
"""What a checklist holds, in its order; a newer api may say more."""


def evaluation(api: Api, job: UUID) -> EvaluationView | None:
    """The experiment of a job; None while there is none. Raises CliError."""
    try:
        return api.get(f"/jobs/{job}/evaluation", EvaluationView)
    except ApiProblem as problem:
        if problem.status != HTTPStatus.NOT_FOUND:
            raise
        return None


def show(out: Output, api: Api, job: UUID) -> None:
    """Print it, as JSON all of the experiment."""
    found = evaluation(api, job)
    if out.json_wanted:
        nothing = EvaluationView(job_id=job, cases=[], runs=[], evidence=Evidence())
        out.document(found or nothing)
        return
    for line in lines(found):
        out.line(line)


def lines(view: EvaluationView | None) -> list[str]:
    """The lines of `/checklist` and `show --checklist`."""
    if view is None or (not view.cases and view.tdd is None):
        return ["no tests yet: the cases are written after the plan"]
    told = []
    if view.tdd is not None:
        told.append(f"Phase: {view.tdd.phase.upper()}")
        told += boxes(view.tdd.checklist_state)
    told += [f"{case.id}: {_passes(view, case.id)}; {first_line(case.prompt)}" for case in view.cases]
    return [*told, f"Evidence: {evidence(view.evidence)}"]


def boxes(items: dict[str, bool]) -> list[str]:
    """The checklist in the order of the work, a box a line; nothing while nothing was begun."""
    whole = {**dict.fromkeys(STEPS, False), **items} if items else {}
    return [f"[{'x' if done else ' '}] {STEPS.get(name) or name.replace('_', ' ')}" for name, done in whole.items()]


def first_line(text: str) -> str:
    """The first line of a text, with a sign that there is more."""
    first, *more = text.strip().split("\n")
    return f"{first} …" if more else first


def _passes(view: EvaluationView, case_id: str) -> str:
    """Passes and runs in both arms, of all revisions that were tried."""
    runs = [run for run in view.runs if run.case_id == case_id]
    all_runs = Counter(run.arm for run in runs)
    passed = Counter(run.arm for run in runs if run.passed)
    told = [f"{arm} the skill {passed[arm]}/{all_runs[arm]} passed" for arm in Arm if all_runs[arm]]
    return ", ".join(told) or "not run yet"
