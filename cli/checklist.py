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
from domain.evaluation import Arm, CaseFlag, CaseRole, EvaluationCase, EvaluationView, Evidence
from domain.evidence.checklist import ITEMS

STEPS: Mapping[str, str] = MappingProxyType(
    {
        "cases_written": "cases written",
        "without_run": "tried without the skill",
        "with_run": "tried with the skill",
    }
)
"""What a checklist of a job begun before 0.5.0 holds, in its order; a newer api may say more."""

PHASES: Mapping[str, str] = MappingProxyType(
    {"red": "RED", "green": "GREEN", "refactor": "REFACTOR", "quality": "Quality"}
)
"""The parts of a checklist, in the order of the work; an item is named `part.item`."""


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
    told += [_case(view, case) for case in view.cases]
    told += [_flag(flag) for flag in view.flags]
    return [*told, f"Evidence: {evidence(view.evidence)}"]


def boxes(items: dict[str, bool]) -> list[str]:
    """The checklist in the order of the work, by phase, a box a line; nothing while nothing was begun."""
    # PostgreSQL keeps no order of keys.
    named = {name: items[name] for name in [*ITEMS, *items] if name in items and "." in name}
    if not named:
        whole = {**dict.fromkeys(STEPS, False), **items} if items else {}
        return [_box(STEPS.get(name, name), done) for name, done in whole.items()]
    parts = dict.fromkeys([*PHASES, *(name.partition(".")[0] for name in named)])
    told: list[str] = []
    for part in parts:
        own = {name.partition(".")[2]: done for name, done in named.items() if name.startswith(f"{part}.")}
        told += [f"{PHASES.get(part, part)} ({sum(own.values())} of {len(own)})"] if own else []
        told += [f"  {_box(name, done)}" for name, done in own.items()]
    return told


def _box(name: str, done: bool) -> str:
    return f"[{'x' if done else ' '}] {name.replace('_', ' ')}"


def first_line(text: str) -> str:
    """The first line of a text, with a sign that there is more."""
    first, *more = text.strip().split("\n")
    return f"{first} …" if more else first


def _case(view: EvaluationView, case: EvaluationCase) -> str:
    guard = " (guards against harm)" if case.role is CaseRole.GUARD else ""
    return f"{case.id}{guard}: {_passes(view, case.id)}; {first_line(case.prompt)}"


def _flag(flag: CaseFlag) -> str:
    """With the expectation it is of: several of one case have one flag each."""
    of = f" “{first_line(flag.expectation)}”" if flag.expectation else ""
    return f"! {flag.case_id}: {flag.kind.replace('_', ' ')}{of}{f'; {flag.note}' if flag.note else ''}"


def _passes(view: EvaluationView, case_id: str) -> str:
    """Passes and runs in both arms, of all revisions that were tried."""
    runs = [run for run in view.runs if run.case_id == case_id]
    all_runs = Counter(run.arm for run in runs)
    passed = Counter(run.arm for run in runs if run.passed)
    told = [f"{arm} the skill {passed[arm]}/{all_runs[arm]} passed" for arm in Arm if all_runs[arm]]
    return ", ".join(told) or "not run yet"
