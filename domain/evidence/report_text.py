"""`evidence.md`: a report for people. The answer first, in words; then the numbers, then each case with what was said.

Everything that models, people and skills wrote stands in code spans and fences. Must not judge: `report.py` did.
"""

from collections.abc import Iterable, Sequence

from domain.evaluation import Arm, CaseNumbers, CaseRun, EvaluationCase, Numbers, TriggerReport
from domain.evidence.grading import decided
from domain.evidence.plain_markdown import code, fenced, row
from domain.evidence.policy import Policy
from domain.evidence.report import EvaluationReport, points
from domain.job import Usage

MOST_SAID = 1_200
"""Characters of one answer; `evaluation.json` has the whole."""

WHOLE = "`evaluation.json`"

ADVICE = {
    "keep": "Keep it.",
    "fix": "Fix it, or prove it again: something is lacking.",
    "retire": "Retire it: the agent does as well without it.",
}
REASONS = {"publication": "it was published", "demand": "somebody asked", "schedule": "the agent's model has changed"}

Row = tuple[str, ...]


def markdown(report: EvaluationReport) -> str:
    """The whole text; every section that has nothing to say is left out."""
    version = f" {report.version}" if report.version else " (a draft)"
    parts = [
        f"# Evidence for {code(report.name)}{version}",
        f"**{report.verdict.capitalize()}.** {in_words(report)}",
        _section("Why this verdict", [f"- {why}" for why in map(code, report.why)]),
        _section("What it is about", _table(("", ""), _about(report))),
        _section("Numbers", _table(("", "without", "with", "difference"), _numbers(report.numbers))),
        _section("Cases", _table(("case", "kind", "counts as", "without", "with", ""), _cases(report.numbers))),
        _section("Triggers", _triggers(report.triggers)),
        _section("Revisions compared", _comparisons(report)),
        _section("To be known of the cases", _flags(report)),
        _section("Excuses, word for word", [f"- {code(excuse, MOST_SAID)}" for excuse in report.rationalizations]),
        *[_case(report, case) for case in report.cases],
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def in_words(report: EvaluationReport) -> str:
    """The answer in a paragraph."""
    found = report.numbers
    if found is None or found.delta is None or found.with_ is None or found.without is None:
        return f"No case was run in both arms, so nothing is known of a gain. {ADVICE[report.verdict]}"
    interval = ""
    if found.interval is not None:
        low, high = found.interval
        interval = f" (95 % interval {points(low)} to {points(high)})"
    told = (
        f"With the skill {percent(found.with_)} of the runs passed, without it {percent(found.without)}: "
        f"{points(found.delta)} points{interval} over {_count(found.cases, 'case')} with {_count(found.runs, 'run')} "
        f"each, by {code(found.model) or 'an unknown model'}."
    )
    harm = f" It does clear harm to {_count(len(found.clearly_worse), 'case')}." if found.clearly_worse else ""
    partial = " Not every planned run was made." if report.status == "partial" else ""
    return f"{told}{harm}{partial}{_found(report.triggers)} {ADVICE[report.verdict]}"


def percent(rate: float) -> str:
    """A rate between 0 and 1."""
    return f"{rate * 100:.0f} %"


def _found(triggers: TriggerReport | None) -> str:
    if triggers is None or triggers.status in ("none", "broken") or triggers.numbers is None:
        return ""
    recall, precision = triggers.numbers.recall, triggers.numbers.precision
    fits = "" if recall is None else f" It was chosen for {percent(recall)} of the queries that fit it"
    right = "" if precision is None else f", and {percent(precision)} of its choices were right"
    return f"{fits}{right}." if fits else ""


def _about(report: EvaluationReport) -> list[Row]:
    job = f"{code(str(report.job_id))}, revision {report.revision}" if report.job_id else ""
    rows = {
        "Digest": code(report.digest),
        "Agent model": code(report.models.agent),
        "Written by": code(report.models.author),
        "Judged by": code(report.models.judge),
        "Made": f"{report.made_at:%Y-%m-%d %H:%M} UTC"
        + (f", because {REASONS[report.reason]}" if report.reason else ""),
        "Job": job,
        "Profile": report.profile,
        "Policy": _policy(report.policy),
        "Cost": cost(report.usage),
    }
    return [(name, said) for name, said in rows.items() if said]


def _policy(policy: Policy) -> str:
    what = "nothing less is published" if policy.mode == "refuse" else "less is published with a warning"
    return (
        f"at least {_count(policy.cases, 'case')}, a gain above {policy.delta * 100:g} points, recall "
        f"{percent(policy.recall)}, precision {percent(policy.precision)}; {what}"
    )


def cost(usage: Usage) -> str:
    """Calls, tokens and money; a price that is unknown is said to be so."""
    if not usage.calls:
        return "not on record any more"
    money = "price unknown" if usage.usd is None else f"{usage.usd:.4f} US dollars"
    return f"{usage.calls:,} model calls, {usage.input_tokens + usage.output_tokens:,} tokens, {money}"


def _numbers(found: Numbers | None) -> list[Row]:
    if found is None:
        return []
    delta = "" if found.delta is None else f"{points(found.delta)} points"
    interval = f" ({points(found.interval[0])} to {points(found.interval[1])})" if found.interval else ""
    rows: list[Row] = [
        ("runs passed", _share(found.without), _share(found.with_), f"{delta}{interval}"),
        ("normalized gain", "", "", _number(found.gain, "{:.2f}")),
        ("spread of the repeats", _number(found.spread_without), _number(found.spread_with), ""),
        ("tokens of a run", "", "", _number(found.tokens_delta, "{:+,.0f}")),
        ("seconds of a run", "", "", _number(found.seconds_delta, "{:+.1f}")),
        ("cases made worse", "", "", str(len(found.worse))),
    ]
    return [told for told in rows if any(told[1:])]


def _cases(found: Numbers | None) -> list[Row]:
    def one(case: CaseNumbers) -> Row:
        worse = "clearly worse" if found and case.case_id in found.clearly_worse else ""
        worse = worse or ("worse" if found and case.case_id in found.worse else "")
        without = _runs(case.without, case.runs_without)
        return (code(case.case_id), case.kind, case.role, without, _runs(case.with_, case.runs_with), worse)

    return [one(case) for case in (found.by_case if found else [])]


def _runs(rate: float | None, runs: int) -> str:
    return "not run" if rate is None else f"{percent(rate)} of {runs}"


def _triggers(found: TriggerReport | None) -> list[str]:
    if found is None or found.status == "none":
        return []
    lines = [f"{_count(len(found.neighbours), 'neighbour')}: {', '.join(map(code, found.neighbours)) or 'none'}."]
    said = "Not measured" if found.status == "broken" else "To be known"
    lines += [f"{said}: {code(found.note)}" if found.note else ""]
    lines += [f"An agent that saw the description read the skill in {_share(found.body_read)} of the runs."]
    own = found.numbers
    if own is not None:
        rates = f"Recall {_share(own.recall)}, precision {_share(own.precision)}"
        lines.append(f"{rates} over {own.queries} held-out queries, which no author saw, {own.runs} runs.")
        lines += [f"- chosen instead: {code(name)}, {times} times" for name, times in sorted(own.confusions.items())]
        lines += [f"- missed: {code(query)}" for query in own.missed]
        lines += [f"- chosen without need: {code(query)}" for query in own.false_alarms]
    if found.body_read is None:
        lines.pop(2)
    return [line for line in lines if line]


def _comparisons(report: EvaluationReport) -> list[str]:
    return [
        f"- {each.revision} against {each.against}: {each.winner} holds ({each.better} better, {each.worse} worse, "
        f"{each.ties} alike){''.join(f'; {code(reason)}' for reason in each.reasons)}"
        for each in report.comparisons
    ]


def _flags(report: EvaluationReport) -> list[str]:
    def line(kind: str, case: str, expectation: str | None, note: str) -> str:
        about = f": {code(expectation)}" if expectation else ""
        return f"- {code(case)} {kind.replace('_', ' ')}{about}{f' ({code(note)})' if note else ''}"

    return [line(flag.kind, flag.case_id, flag.expectation, flag.note) for flag in report.flags]


def _case(report: EvaluationReport, case: EvaluationCase) -> str:
    """One case: what was asked, what was expected, how each run went, and the words of those that failed."""
    runs = [run for run in report.runs if run.case_id == case.id]
    by = " (written or edited by a person)" if case.by_person else ""
    parts = [
        f"## Case {code(case.id)}{by}",
        fenced(case.prompt, MOST_SAID, WHOLE),
        code(case.note),
        _lines(f"- {code(each.text)} ({_checked_by(each.check, each.value)})" for each in case.expectations),
        _lines(_table(("run", "passed", "missed (?: not decided)"), [_run(run) for run in runs])),
        *[_words(run) for run in runs if not run.passed],
    ]
    return "\n\n".join(part for part in parts if part)


def _checked_by(check: str, value: str) -> str:
    return "by a judge" if check == "judge" else f"{check} {code(value)}".strip()


def _run(run: CaseRun) -> Row:
    failed = [each for each in run.checked if not (each.passed and decided(each))]
    missed = "; ".join(f"{'' if decided(each) else '? '}{code(each.text)}: {code(each.reason)}" for each in failed)
    return (f"{run.arm} {run.run + 1}", "yes" if run.passed else "no", missed)


def _words(run: CaseRun) -> str:
    said = fenced(run.output, MOST_SAID, WHOLE) if run.output.strip() else "*nothing*"
    skill = "without the skill" if run.arm is Arm.WITHOUT else "with the skill"
    return f"What failed {skill}, run {run.run + 1}:\n\n{said}"


def _section(title: str, lines: Sequence[str]) -> str:
    return f"## {title}\n\n{_lines(lines)}" if lines else ""


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines)


def _table(titles: Row, rows: Sequence[Row]) -> list[str]:
    if not rows:
        return []
    return [row(titles), f"|{'---|' * len(titles)}", *map(row, rows)]


def _share(rate: float | None) -> str:
    return "" if rate is None else percent(rate)


def _number(value: float | None, form: str = "{:.2f}") -> str:
    return "" if value is None else form.format(value)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
