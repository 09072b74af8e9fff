"""How the models of a job came to their answers: each call with what it thought, as far as it was kept."""

import json
from uuid import UUID

from cli.client import Api
from cli.output import Output
from domain.model_call import TracePage, TraceView

PAGE = 100
"""Calls fetched at once."""

EVERY = "all"
"""Written for a step, it means every one of them."""


def show(out: Output, api: Api, job: UUID, step: str) -> None:
    """Print every call of a step, or of all; as JSON one document. Raises CliError."""
    found = of(api, job, "" if step == EVERY else step)
    if out.json_wanted:
        out.document(found)
        return
    if not found.traces:
        out.say(f"no model call of step {step} is on record" if step != EVERY else "no model call is on record")
    for trace in found.traces:
        _print(out, trace)


def of(api: Api, job: UUID, step: str) -> TracePage:
    """All pages as one."""
    traces: list[TraceView] = []
    cursor: str | None = None
    while True:
        page = api.get(f"/jobs/{job}/traces", TracePage, step=step or None, cursor=cursor, limit=PAGE)
        traces += page.traces
        cursor = page.next_cursor
        if cursor is None:
            return TracePage(job_id=job, traces=traces)


def _print(out: Output, trace: TraceView) -> None:
    """One call: its head, then each text under its name."""
    out.line(head(trace), style="bold")
    sent = [("sent", message if isinstance(message, str) else json.dumps(message)) for message in _texts(trace)]
    answers = [("answered", answer) for answer in trace.outputs]
    for name, text in [*sent, ("thought", trace.reasoning), *answers]:
        if text:
            out.line(f"  {name}:")
            for line in text.splitlines():
                out.line(f"    {line}")


def head(trace: TraceView) -> str:
    """Where, what, by which model, and what it took; a price that nobody knows is said to be unknown."""
    price = "price unknown" if trace.usd is None else f"{trace.usd:.4f} USD"
    took = f"{trace.input_tokens} tokens in, {trace.output_tokens} out, {trace.seconds:.1f} s, {price}"
    return f"{trace.at:%Y-%m-%d %H:%M:%S} {trace.step}: {trace.label} ({trace.model}; {took})"


def _texts(trace: TraceView) -> list[object]:
    """What each message said, with who said it."""
    return [
        f"{message.get('role', '')}: {message.get('content', '')}" if isinstance(message, dict) else message
        for message in trace.messages or []
    ]
