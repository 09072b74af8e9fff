"""What a job cost and what its models thought, as a person and a program read it."""

import json
from datetime import UTC, datetime

import pytest

from cli.traces import head
from cli.usage import said
from domain.budget import Budget, Left
from domain.job_usage import JobUsage, PartUsage
from domain.model_call import TracePage, TraceView
from tests.cli.conftest import Cli
from tests.cli.scripted_api import Script

AT = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)

USAGE = JobUsage(
    calls=3,
    input_tokens=300,
    output_tokens=30,
    models=["openai/luna", "openai/sol"],
    unpriced=1,
    usd_known=0.5,
    seconds=4.5,
    by_step=[
        PartUsage(step="plan", model="openai/sol", calls=2, input_tokens=200, output_tokens=20, usd=0.5, seconds=4.0),
        PartUsage(step="try/with", model="openai/luna", calls=1, input_tokens=100, output_tokens=10, unpriced=1),
    ],
    by_model=[PartUsage(model="openai/sol", calls=2, usd=0.5), PartUsage(model="openai/luna", calls=1, unpriced=1)],
    budget=Budget(calls=10, usd=2.0),
    left=Left(calls=7),
)


def a_trace(number: int, **more: object) -> TraceView:
    given: dict[str, object] = {
        "key": f"plan/{number}",
        "step": "plan",
        "label": "planning",
        "model": "openai/sol",
        "at": AT,
        "seconds": 1.25,
        "input_tokens": 10,
        "output_tokens": 2,
        "outputs": [f"answer {number}\nin lines"],
        "reasoning": f"thought {number}",
    }
    return TraceView.model_validate(given | more)


def test_the_table_has_steps_models_and_the_sum_and_says_unknown_where_it_is(cli: Cli, script: Script) -> None:
    script.record.usage = USAGE
    rows = [line.split("\t") for line in cli("show", str(script.job.job_id), "--usage").stdout.splitlines()]
    assert rows[:5] == [
        ["plan", "2", "200", "20", "0.5000", "4.0"],
        ["try/with", "1", "100", "10", "unknown", "0.0"],
        ["openai/sol", "2", "0", "0", "0.5000", "0.0"],
        ["openai/luna", "1", "0", "0", "unknown", "0.0"],
        ["all", "3", "300", "30", "unknown", "4.5"],
    ]
    assert rows[5:] == [
        ["Price unknown: of 1 call; the others came to 0.5000 USD."],
        ["Budget: 10 model calls, 2.00 USD; left: 7 model calls and an unknown part of the money."],
    ]


def test_json_is_the_document_of_the_api(cli: Cli, script: Script) -> None:
    script.record.usage = USAGE
    told = json.loads(cli("show", str(script.job.job_id), "--usage", "--json").stdout)
    assert JobUsage.model_validate(told) == USAGE and told["usd"] is None


def test_a_job_that_asked_no_model_says_so_and_shows_no_price(cli: Cli, script: Script) -> None:
    done = cli("show", str(script.job.job_id), "--usage")
    assert "no model was asked yet" in done.stderr
    assert done.stdout.split("\t")[:2] == ["all", "0"]


@pytest.mark.parametrize(
    ("usage", "lines"),
    [
        (JobUsage(calls=2, usd=0.5, usd_known=0.5), []),
        (JobUsage(calls=2, unpriced=2), ["Price unknown: of 2 calls."]),
        (JobUsage(calls=2, usd=0.5, budget=Budget(), left=Left()), []),
        (
            JobUsage(calls=2, usd=0.5, budget=Budget(calls=2), left=Left(calls=0)),
            ["Budget: 2 model calls; left: 0 model calls."],
        ),
    ],
)
def test_only_what_the_table_cannot_say_is_said_below_it(usage: JobUsage, lines: list[str]) -> None:
    assert said(usage) == lines


def test_every_call_is_shown_with_what_was_thought_and_answered(cli: Cli, script: Script) -> None:
    script.record.traces = [a_trace(n) for n in range(3)]
    shown = cli("show", str(script.job.job_id), "--trace", "all").stdout
    assert [line for line in shown.splitlines() if "planning" in line] == [head(script.record.traces[0])] * 3
    for number in range(3):
        assert f"  thought:\n    thought {number}\n  answered:\n    answer {number}\n    in lines\n" in shown
    asked = [seen.query for seen in script.sent(f"/jobs/{script.job.job_id}/traces")]
    assert len(asked) == 3 and "step" not in asked[0] and "cursor=1" in asked[1], "page by page, all steps"


def test_one_step_is_asked_for_by_its_name(cli: Cli, script: Script) -> None:
    done = cli("show", str(script.job.job_id), "--trace", "try/with")
    assert "no model call of step try/with is on record" in done.stderr
    assert "step=try%2Fwith" in script.sent(f"/jobs/{script.job.job_id}/traces")[0].query


def test_json_is_one_document_of_all_pages(cli: Cli, script: Script) -> None:
    script.record.traces = [a_trace(n) for n in range(3)]
    told = json.loads(cli("show", str(script.job.job_id), "--trace", "all", "--json").stdout)
    assert TracePage.model_validate(told).traces == script.record.traces and told["next_cursor"] is None


def test_what_was_sent_is_shown_where_it_was_kept_and_cannot_steer_the_terminal(cli: Cli, script: Script) -> None:
    sent = [{"role": "system", "content": "Be brief"}, {"role": "user", "content": "a \x1b[2J lamp"}]
    script.record.traces = [a_trace(0, messages=sent, reasoning="")]
    shown = cli("show", str(script.job.job_id), "--trace", "all").stdout
    assert "  sent:\n    system: Be brief\n" in shown and "thought" not in shown
    assert "\x1b" not in shown and "\\x1b[2J" in shown


def test_a_head_says_what_the_call_took() -> None:
    assert head(a_trace(0)) == (
        "2026-05-04 12:30:00 plan: planning (openai/sol; 10 tokens in, 2 out, 1.2 s, price unknown)"
    )
    assert "0.0000 USD" in head(a_trace(0, usd=0.0)), "what is free has a price"
