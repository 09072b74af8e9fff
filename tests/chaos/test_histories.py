"""What the histories of released shapes say was applied: the books of the chaos lean on nothing else."""

from collections import Counter
from datetime import UTC
from pathlib import Path

import pytest
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import History, HistoryEvent, MarkerRecordedEventAttributes
from temporalio.client import WorkflowHistory

from tests.chaos.histories import LOCAL, handed_out, taken

HISTORIES = Path(__file__).resolve().parents[1] / "histories"


def recorded(name: str) -> WorkflowHistory:
    return WorkflowHistory.from_json(name, (HISTORIES / f"{name}.json").read_text())


@pytest.mark.parametrize(
    ("name", "answers"),
    [("0.2.0-waiting", 0), ("0.2.0-questions_and_approval", 2), ("0.2.0-three_revisions", 5)],
)
def test_each_applied_answer_of_a_history_is_found_once(name: str, answers: int) -> None:
    found = taken(recorded(name))
    assert len(found) == answers
    assert set(Counter(found).values()) <= {1}


def test_steps_and_moves_that_were_handed_out_have_their_moments() -> None:
    history = recorded("0.2.0-questions_and_approval")
    first, last = history.events[0].event_time.ToDatetime(UTC), history.events[-1].event_time.ToDatetime(UTC)
    moments = handed_out(history)
    assert len(moments) > 20
    assert all(first <= moment <= last for moment in moments)


PROMPT = "9ad619b9-ef04-554d-b417-086cb74e50bb"


def marker(step: str, action: str | None) -> HistoryEvent:
    told = f'"action": "{action}", ' if action else ""  # what is None is left out
    details = {
        "data": f'{{"seq": 5, "activity_type": "{step}"}}',
        "result": f'{{"interaction_id": "{PROMPT}", {told}"by": "ada"}}',
    }
    payloads = {name: Payloads(payloads=[Payload(data=text.encode())]) for name, text in details.items()}
    return HistoryEvent(
        event_type=EventType.EVENT_TYPE_MARKER_RECORDED,
        marker_recorded_event_attributes=MarkerRecordedEventAttributes(marker_name=LOCAL, details=payloads),
    )


def test_an_answer_that_was_taken_in_the_worker_that_has_the_job_counts_too() -> None:
    events = [marker("open_prompt", None), marker("take_answer", None), marker("take_answer", "proceed")]
    assert [str(one) for one in taken(WorkflowHistory("job", list(History(events=events).events)))] == [PROMPT]
