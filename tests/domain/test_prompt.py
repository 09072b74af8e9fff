"""An answer that comes in a signal always parses: what does not fit, or is too large, is kept in words."""

from uuid import uuid4

import pytest
from pydantic import TypeAdapter

from domain.job import CancelRequest
from domain.prompt import MAX_ANSWER, MAX_NAME, MAX_SIGNAL, AnswerSignal

KEY = uuid4()


def sized(size: int) -> str:
    """The JSON of an answer of this many bytes."""
    around = len(f'{{"interaction_id":"{KEY}","action":"edit","responded_by":"ada","content":""}}')
    return f'{{"interaction_id":"{KEY}","action":"edit","responded_by":"ada","content":"{"x" * (size - around)}"}}'


def test_an_answer_of_64_kb_is_taken_whole() -> None:
    signal = TypeAdapter(AnswerSignal).validate_json(sized(MAX_SIGNAL))
    assert (signal.interaction_id, signal.unreadable) == (KEY, "")
    assert len(signal.content or "") > MAX_SIGNAL - 200


def test_a_larger_one_is_kept_as_whose_it_is_and_why_it_is_refused() -> None:
    signal = TypeAdapter(AnswerSignal).validate_json(sized(MAX_SIGNAL + 1))
    assert (signal.interaction_id, signal.action, signal.responded_by) == (KEY, "edit", "ada")
    assert signal.content is None
    assert "65,537 bytes" in signal.unreadable and "skill-fleet answer" in signal.unreadable


@pytest.mark.parametrize(
    "given",
    [
        {"interaction_id": "no id", "content": "x" * MAX_SIGNAL},
        {"action": ["edit"], "content": "x" * MAX_SIGNAL},
        {"responded_by": "x" * MAX_SIGNAL},
        {"action": "x" * MAX_SIGNAL},
        {"x": {"y": ["z" * MAX_SIGNAL]}},
        ["x" * MAX_SIGNAL],
        "x" * MAX_SIGNAL,
        "😀" * (MAX_SIGNAL // 4),
        7,
        None,
    ],
    ids=lambda given: str(given)[:20],
)
def test_nothing_that_comes_fails_to_parse_or_stays_large(given: object) -> None:
    signal = AnswerSignal.model_validate(given)
    assert signal.unreadable
    assert len(signal.model_dump_json()) < 4_000


def test_too_long_a_name_or_reason_is_cut_because_a_signal_that_fails_is_dropped_in_silence() -> None:
    request = CancelRequest.model_validate({"reason": "x" * 1_000_000, "by": "y" * 1_000})
    assert (len(request.reason), len(request.by)) == (MAX_ANSWER, MAX_NAME)
    assert request.reason.endswith("…")
    assert CancelRequest(reason="not needed", by="ada") == CancelRequest.model_validate(
        {"reason": "not needed", "by": "ada"}
    )
