"""What a job's model calls cost: as a whole, by step, by model, and what its budget still allows."""

from uuid import UUID

from cli.client import Api
from cli.output import Output
from cli.overview import spend
from domain.budget import Left
from domain.job_usage import JobUsage, PartUsage
from domain.text import counted

TITLES = ("Step or model", "Calls", "Tokens in", "Tokens out", "USD", "Seconds")


def show(out: Output, api: Api, job: UUID) -> None:
    """Print it. Raises CliError."""
    found = api.get(f"/jobs/{job}/usage", JobUsage)
    if out.json_wanted:
        out.document(found)
        return
    if not found.calls:
        out.say("no model was asked yet")
    whole = PartUsage(**found.model_dump(include=set(PartUsage.model_fields) & set(JobUsage.model_fields)))
    steps = [_row(part.step, part) for part in found.by_step]
    models = [_row(part.model, part) for part in found.by_model]
    out.rows(TITLES, [*steps, *models, _row("all", whole)])
    for line in said(found):
        out.line(line)


def said(found: JobUsage) -> list[str]:
    """What the table cannot say: prices that nobody knows, and what is left."""
    told = []
    if found.unpriced:
        known = f"; the others came to {found.usd_known:.4f} USD" if found.unpriced < found.calls else ""
        told.append(f"Price unknown: of {counted(found.unpriced, 'call')}{known}.")
    if found.budget is not None and found.left is not None and found.budget.limited:
        limit, rest = found.budget, found.left
        told.append(f"Budget: {spend(limit.calls, limit.tokens, limit.usd)}; left: {_left(rest, limit.usd)}.")
    return told


def _left(rest: Left, limit: float | None) -> str:
    """What the budget still allows; money that cannot be counted is said to be so."""
    counted_on = spend(rest.calls, rest.tokens, rest.usd)
    unknown = "an unknown part of the money" if limit is not None and rest.usd is None else ""
    return " and ".join(part for part in (counted_on, unknown) if part)


def _row(name: str, part: PartUsage) -> tuple[str, ...]:
    usd = "unknown" if part.usd is None and part.calls else f"{part.usd or 0.0:.4f}"
    return (name, str(part.calls), str(part.input_tokens), str(part.output_tokens), usd, f"{part.seconds:.1f}")
