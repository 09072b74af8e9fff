"""A whole answer in place of a stream is read as one; everything else passes untouched."""

import json

import pytest

from activities.programs.transport import as_events, asks_for_stream


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        (b'{"stream": true}', True),
        (b'{"stream":false}', False),
        (b'{"messages": ["a \\"stream\\" of data"]}', False),
        (b'["stream"]', False),
        (b'"stream" is not json', False),
    ],
)
def test_a_request_for_a_stream_is_told_from_one_that_speaks_of_streams(body: bytes, asked: bool) -> None:
    assert asks_for_stream(body) is asked


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"error": {"message": "no"}}'])
def test_what_is_no_completion_stays_as_it_is(body: bytes) -> None:
    assert as_events(body) == [body]


def test_the_limit_that_ended_a_whole_answer_is_told() -> None:
    whole = {"choices": [{"message": {"content": "x"}, "finish_reason": "length"}], "usage": {"total_tokens": 2}}
    events = [event.decode() for event in as_events(json.dumps(whole).encode())]
    assert '"finish_reason": "length"' in events[-2] and '"total_tokens": 2' in events[-2]
    assert events[-1] == "data: [DONE]\n\n"
