"""Says where a workflow stands, from its history alone: what it waits for, what fails, what was retried, what is big.

    temporal workflow show -w ID -o json > history.json
    python explain_history.py history.json

Standard library only; reads the JSON of the command line tool and of `WorkflowHistory.to_json()`. It prints names, ids,
times, sizes and failure messages; of payloads it prints nothing but their sizes.
"""
# ruff: noqa: T201 (a program for the command line prints)

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

OPENS = {"ACTIVITY_TASK_SCHEDULED", "TIMER_STARTED", "START_CHILD_WORKFLOW_EXECUTION_INITIATED"}
CLOSES = {
    "ACTIVITY_TASK_COMPLETED": "scheduledEventId",
    "ACTIVITY_TASK_FAILED": "scheduledEventId",
    "ACTIVITY_TASK_TIMED_OUT": "scheduledEventId",
    "ACTIVITY_TASK_CANCELED": "scheduledEventId",
    "TIMER_FIRED": "startedEventId",
    "TIMER_CANCELED": "startedEventId",
    "CHILD_WORKFLOW_EXECUTION_COMPLETED": "initiatedEventId",
    "CHILD_WORKFLOW_EXECUTION_FAILED": "initiatedEventId",
    "CHILD_WORKFLOW_EXECUTION_CANCELED": "initiatedEventId",
    "CHILD_WORKFLOW_EXECUTION_TIMED_OUT": "initiatedEventId",
    "CHILD_WORKFLOW_EXECUTION_TERMINATED": "initiatedEventId",
}
BIG = 100_000

Event = dict[str, Any]


def kind(event: Event) -> str:
    """The event's type without its prefix: ACTIVITY_TASK_SCHEDULED."""
    name = str(event["eventType"]).removeprefix("EVENT_TYPE_")
    if "_" in name or name.isupper():
        return name
    return "".join(f"_{char}" if char.isupper() else char for char in name).lstrip("_").upper()


def details(event: Event) -> Event:
    """The one attributes object of an event."""
    return next((value for key, value in event.items() if key.endswith("EventAttributes")), {})


def label(event: Event) -> str:
    """A person's name for what an event began."""
    found = details(event)
    name = (found.get("activityType") or found.get("workflowType") or {}).get("name", "timer")
    fires = found.get("startToFireTimeout")
    return f"{name} (event {event['eventId']}{f', fires after {fires}' if fires else ''}, since {event['eventTime']})"


def pending(events: list[Event]) -> list[Event]:
    """What was begun and has not ended."""
    ended = {str(details(event).get(CLOSES[kind(event)])) for event in events if kind(event) in CLOSES}
    return [event for event in events if kind(event) in OPENS and str(event["eventId"]) not in ended]


def failures(events: list[Event]) -> list[str]:
    """Failed workflow tasks and activities, each distinct message once with its count."""
    seen: Counter[str] = Counter()
    for event in events:
        if kind(event) in {"WORKFLOW_TASK_FAILED", "ACTIVITY_TASK_FAILED", "WORKFLOW_EXECUTION_FAILED"}:
            failure = details(event).get("failure", {})
            message = failure.get("message", details(event).get("cause", "no message"))
            seen[f"{kind(event)}: {message[:300]}"] += 1
        elif kind(event).endswith("TIMED_OUT"):
            reason = details(event).get("timeoutType") or details(event).get("failure", {}).get("message", "")
            seen[f"{kind(event)}: {reason}"] += 1
    return [f"{times} x {message}" for message, times in seen.most_common()]


def explain(events: list[Event]) -> list[str]:
    """The report, line by line."""
    counts = Counter(map(kind, events))
    last = events[-1]
    lines = [f"{len(events)} events, {sum(len(json.dumps(each)) for each in events) // 1024} KB as JSON"]
    lines.append(f"last: {kind(last)} at {last['eventTime']}")
    lines.append(f"signals received: {counts['WORKFLOW_EXECUTION_SIGNALED']}")
    waiting = pending(events)
    lines += ["waits for: " + label(event) for event in waiting]
    started = counts["WORKFLOW_TASK_SCHEDULED"] - sum(
        counts[f"WORKFLOW_TASK_{end}"] for end in ("COMPLETED", "FAILED", "TIMED_OUT")
    )
    ended = kind(last).startswith("WORKFLOW_EXECUTION_") and not kind(last).endswith(("SIGNALED", "STARTED"))
    failing = [kind(event) for event in events if kind(event).startswith("WORKFLOW_TASK_")][-3:]
    if not ended and any(name.endswith(("TASK_FAILED", "TASK_TIMED_OUT")) for name in failing):
        lines.append(
            "its workflow task FAILS and is retried for ever: mend or roll back the code (the message is below)"
        )
    elif not ended and started > 0:
        lines.append("a workflow task waits: no worker of this task queue and build polls, or it is at work right now")
    elif not waiting and not ended:
        lines.append("nothing is pending: it waits for a signal, an update or a condition")
    lines += failures(events)
    big = [event for event in events if len(json.dumps(event)) > BIG]
    lines += [f"big: event {event['eventId']} {kind(event)}, {len(json.dumps(event)) // 1024} KB" for event in big]
    return lines


def main() -> None:
    """Read one file or standard input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("history", help="a JSON file, or - for standard input")
    options = parser.parse_args()
    text = sys.stdin.read() if options.history == "-" else Path(options.history).read_text()
    events = json.loads(text).get("events", [])
    if not events:
        sys.exit("no events: is this the output of `temporal workflow show -o json`?")
    print("\n".join(explain(events)))


if __name__ == "__main__":
    main()
