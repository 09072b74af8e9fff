"""The arithmetic of the bench, and the promises it makes about its peers. Measures nothing."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from temporalio.api.history.v1 import HistoryEvent

from tests.bench import pages
from tests.bench.__main__ import MEASURES, ROWS, parse
from tests.bench.arithmetic import Goal, Interval, Table, goals_table, halves, links, model_time, percentile, spread
from tests.bench.ledger import Calls
from tests.bench.peers.job import SHAPES
from tests.bench.proof import A_CALL, PLACES, STEP, Arm, arms_of, table_of
from tests.support.provider_models import Call

PEERS = sorted((Path(__file__).parent / "peers").glob("*.py"))
PROMISED_LINES = 150


def calls(*pairs: tuple[float, float]) -> list[Interval]:
    return [Interval(start=start, end=end) for start, end in pairs]


def test_model_time_counts_calls_side_by_side_once() -> None:
    assert model_time(calls((0, 2), (1, 3), (5, 6))) == 4


def test_model_time_leaves_out_what_a_longer_call_covers() -> None:
    assert model_time(calls((0, 10), (1, 2), (3, 4))) == 10


def test_a_chain_without_gaps_is_its_own_critical_chain() -> None:
    chain = calls((0, 1), (1, 2), (1, 2.5), (2.5, 3))
    assert model_time(chain) == 3
    assert links(chain) == (1, 2, 1)


def test_a_call_that_begins_while_all_of_its_link_are_open_belongs_to_the_link() -> None:
    assert links(calls((0, 1), (1.2, 2.0), (1.3, 2.1), (1.9, 2.6), (2.7, 3))) == (1, 3, 1)


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50.0), (0.99, 99.0), (1.0, 100.0)])
def test_percentiles_of_a_hundred_values(share: float, expected: float) -> None:
    assert percentile([float(n) for n in range(100, 0, -1)], share) == expected


def test_the_99th_percentile_of_few_values_is_the_largest() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.99) == 3.0
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_medians_stand_with_their_range() -> None:
    assert spread([3.0, 1.0, 2.0], 1) == "2.0 (1.0–3.0)"
    assert spread([2.0], 1) == "2.0"
    assert halves([1.0, 2.0, 9.0]) == "2 / 9"


def test_a_table_reads_the_same_in_a_terminal_and_in_a_document() -> None:
    table = Table("Speed", ("system", "ms"), [("ours", "12"), ("raw Temporal", "7")], ["Medians."])
    assert table.plain().splitlines() == [
        "Speed",
        "system        ms",
        "ours          12",
        "raw Temporal   7",
        "  Medians.",
    ]
    assert table.markdown().splitlines() == [
        "### Speed",
        "",
        "| system | ms |",
        "|---|---:|",
        "| ours | 12 |",
        "| raw Temporal | 7 |",
        "",
        "Medians.",
    ]


def test_goals_are_told_met_or_missed() -> None:
    table = Table("t", ("a",), goals=[Goal("quick", 100, 99.6, "ms"), Goal("small", 250, 251, "MB")])
    assert goals_table([table]).rows == [
        ("quick", "≤ 100 ms", "99.6 ms", "met"),
        ("small", "≤ 250 MB", "251 MB", "missed"),
    ]


def test_the_ledger_is_read_on_from_where_it_was_read_to(tmp_path: Path) -> None:
    def line(number: int, ended: str | None) -> str:
        messages = [{"role": "user", "content": f"job-{number} asks"}]
        call = {"number": number, "started_at": f"2026-01-01T00:00:0{number}Z", "ended_at": ended, "messages": messages}
        return json.dumps(call) + "\n"

    file = tmp_path / "calls.jsonl"
    file.write_text(line(1, None) + line(2, None)[:20])
    ledger = Calls(file)
    [open_call] = ledger.since(0)
    assert open_call.end is None
    file.write_text(line(1, None) + line(2, None) + line(1, "2026-01-01T00:00:03Z"))
    assert [(call.number, call.end is None) for call in ledger.since(0)] == [(1, False), (2, True)]
    assert [call.number for call in ledger.of("job-2", 0)] == [2]
    assert ledger.since(0)[0].interval.end - ledger.since(0)[0].start == 2


def an_arm(*marks: tuple[int, str, float]) -> list[HistoryEvent]:
    """Events of a history: a number, what begins or which number ends, and when."""
    events = [HistoryEvent(event_id=number) for number, _, _ in marks]
    for event, (_, what, at) in zip(events, marks, strict=True):
        event.event_time.FromMicroseconds(int(at * 1e6))
        if what.isdigit():
            event.activity_task_completed_event_attributes.scheduled_event_id = int(what)
        else:
            event.activity_task_scheduled_event_attributes.activity_type.name = what
    return events


def test_an_arm_has_the_calls_that_began_in_it() -> None:
    events = an_arm((1, STEP, 10), (2, "write", 11), (3, "1", 20), (4, "2", 21), (5, STEP, 30))
    seen = [
        Call(number=at, started_at=datetime.fromtimestamp(at, UTC), ended_at=datetime.fromtimestamp(at + 2, UTC))
        for at in (9, 10, 11, 15, 20, 31)
    ]
    assert arms_of(events, seen) == [Arm(wall=10, calls=3, open=5)]


def test_a_proof_is_told_beside_the_larger_of_what_it_cannot_be_faster_than() -> None:
    calls = 16 * PLACES
    quick, chained = Arm(wall=16 * A_CALL * 1.5, calls=calls, open=3), Arm(wall=9, calls=PLACES, open=6)
    table = table_of([[quick, chained]], [Arm(wall=4, calls=calls, open=3), Arm(wall=7, calls=PLACES, open=6)])
    assert [row[-1] for row in table.rows] == ["1.50", "1.50"]


def test_a_first_visit_loads_each_file_of_the_page_once() -> None:
    files = pages.Files()
    files.feed(
        '<link rel="stylesheet" href="/a.css?v=1"><script src="/b.js"></script><script src="/b.js"></script>'
        '<a href="/jobs">Jobs</a><img src="/c.svg"><script>inline()</script>'
    )
    assert files.found == ["/a.css?v=1", "/b.js", "/c.svg"]
    [goal] = pages.visit_table({"/": 40_000, "/a.css": 21_000}).goals
    assert (goal.found, goal.met) == (61, False)


def test_pages_are_told_beside_a_bare_one_and_those_refused_are_counted() -> None:
    seen = {"start": pages.Seen([20.0, 30.0, 90.0]), "job": pages.Seen([60.0, 80.0, 120.0], refused=1)}
    haste = {"start": pages.Seen([40.0]), "job": pages.Seen([50.0, 900.0], refused=2)}
    table = pages.table_of(seen, haste, {"bare page": pages.Seen([10.0])}, jobs=20)
    assert [row[2:] for row in table.rows] == [("3.0", "0"), ("8.0", "1"), ("5.0", "2"), ("1.0", "0")]
    assert [(goal.found, goal.met) for goal in table.goals] == [(120.0, False)]
    assert "refused" in table.plain()


def test_every_row_is_measured_by_one_measure() -> None:
    assert sorted("".join(MEASURES)) == sorted(ROWS)
    assert parse(["--only", "a,c", "--quick"]).quick
    with pytest.raises(SystemExit):
        parse(["--only", "z"])


def test_both_shapes_wait_for_a_person_between_model_calls() -> None:
    assert all(shape.before and shape.after for shape in SHAPES.values())
    assert SHAPES["whole"].calls == 27


@pytest.mark.parametrize("path", PEERS, ids=lambda path: path.stem)
def test_a_peers_script_is_short_enough_to_be_judged_by_its_owners(path: Path) -> None:
    assert path.read_text().count("\n") <= PROMISED_LINES


@pytest.mark.parametrize("path", sorted(Path(__file__).parent.glob("*.py")), ids=lambda path: path.stem)
def test_only_peers_know_what_ordinary_checks_do_not_install(path: Path) -> None:
    assert re.search(r"^\s*(from|import) (dbos|langgraph|langchain)", path.read_text(), re.MULTILINE) is None
