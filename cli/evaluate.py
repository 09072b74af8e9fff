"""`evidence` and `evaluate`: what proves a skill, and having a published one tried again."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from cli.attach import Attachment, Stay
from cli.client import Api
from cli.create import leave
from cli.problems import UsageProblem
from cli.progress import JobLine, screen_for
from cli.run import Run, run_of
from cli.skills import SkillPath
from cli.versions import whole_path
from domain.budget import Budget
from domain.evidence.report import EvaluationReport, as_json
from domain.job import JobStatusView
from domain.shape import StrictShape

NEWEST = "latest"

CUT_OFF = "then the verdict is of what ran."

Model = Annotated[
    str | None, typer.Option("--model", metavar="PROVIDER/MODEL", help="The agent model; default: whichever came last.")
]
Version = Annotated[str, typer.Option("--version", help="Default: the one that agents read.", show_default=False)]


class Evaluation(StrictShape):
    """Body of `POST /skills/{path}/evaluate`."""

    model: str | None = None
    version: str | None = None
    budget: Budget | None = None


def evidence(
    ctx: typer.Context,
    of: Annotated[str, typer.Argument(metavar="SKILL|JOB", help="A published skill, or the draft of a job.")],
    version: Version = NEWEST,
    model: Model = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FOLDER", help="Write evaluation.json and evidence.md here."),
    ] = None,
) -> None:
    """Show what proves a skill. The answer in words, the numbers, then each case with what the agent said."""
    run = run_of(ctx)
    job = _job(of)
    if job and (version != NEWEST or model):
        raise UsageProblem(
            "A job has one draft and one agent model.",
            why="--version and --model choose among the evaluations of a published skill",
            next_step=f"skill-fleet evidence {of}",
        )
    text, document = _paths(of, job, version)
    with run.api() as api:
        if output is not None:
            _write(run, output, api.text(text, model=model), api.get(document, EvaluationReport, model=model))
        elif run.out.json_wanted:
            run.out.document(api.get(document, EvaluationReport, model=model))
        else:
            run.out.markdown(api.text(text, model=model))


def evaluate(
    ctx: typer.Context,
    skill: SkillPath,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="PROVIDER/MODEL", help="The agent model; default: the configured one."),
    ] = None,
    version: Annotated[str | None, typer.Option("--version", help="Default: the one that agents read.")] = None,
    budget_calls: Annotated[int | None, typer.Option(min=1, help=f"Most model calls; {CUT_OFF}")] = None,
    budget_tokens: Annotated[int | None, typer.Option(min=1, help=f"Most tokens, in and out; {CUT_OFF}")] = None,
    budget_usd: Annotated[float | None, typer.Option(min=0.01, help=f"Most US dollars; {CUT_OFF}")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until the verdict is there.")] = False,
) -> None:
    """Try a published skill again. Without it and with it, by the agent model you name: keep, fix or retire."""
    run = run_of(ctx)
    limits = {"calls": budget_calls, "tokens": budget_tokens, "usd": budget_usd}
    body = Evaluation.model_validate(_given(model=model, version=version, budget=_given(**limits) or None))
    with run.api() as api:
        started = api.post(f"/skills/{skill.strip('/')}/evaluate", body, JobStatusView)
        screen_for(run.out).started(JobLine(job_id=started.job_id, status=started.status))
        if not wait:
            run.out.say(f"started; stay with it: skill-fleet watch {started.job_id}")
            return
        code = Attachment(api, run.out, started.job_id, stay=Stay(), desk=run.desk(api, started.job_id)).run()
        _verdict(run, api, started.job_id)
    leave(code)


def _given(**values: object) -> dict[str, object]:
    """What was said, and only this: the api has the defaults."""
    return {name: value for name, value in values.items() if value is not None}


def _verdict(run: Run, api: Api, job: UUID) -> None:
    view = api.get(f"/jobs/{job}/status", JobStatusView)
    if view.result.outcome and view.result.skill_name:
        run.out.say(f"{view.result.outcome}: skill-fleet evidence {view.result.skill_name} says why")


def _job(given: str) -> UUID | None:
    try:
        return UUID(given)
    except ValueError:
        return None


def _paths(of: str, job: UUID | None, version: str) -> tuple[str, str]:
    """Where the text is, and where the document."""
    if job is not None:
        return f"/jobs/{job}/evidence.md", f"/jobs/{job}/evaluation.json"
    at = f"/skills/{whole_path(of)}/versions/{version}"
    return f"{at}/evidence.md", f"{at}/evaluation"


def _write(run: Run, folder: Path, text: str, report: EvaluationReport) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (("evidence.md", text), ("evaluation.json", as_json(report))):
        place = folder / name
        place.write_text(content, encoding="utf-8")
        run.out.line(str(place))
