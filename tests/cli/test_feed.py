"""Events come once each, in order, without gaps, wherever the connection is cut."""

import threading

import pytest

from cli.client import Api
from cli.feed import MAX_FAILURES, Feed
from cli.problems import ApiProblem, CliError
from domain.job import JobStatus
from tests.cli.scripted_api import Fault, Script, ServerThread


def story(script: Script, length: int = 6) -> None:
    for number in range(1, length):
        script.event(f"step {number} with a \u2028 line separator")
    script.ends(JobStatus.COMPLETED)


def numbers(feed: Feed) -> list[int]:
    return [frame.event.seq for frame in feed.frames() if frame.new]


def test_the_whole_story_is_told_to_who_comes_late(api: Api, script: Script) -> None:
    story(script)
    assert numbers(Feed(api, script.job.job_id)) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("cut", range(6))
def test_a_cut_anywhere_leaves_no_gap_and_no_duplicate(api: Api, script: Script, cut: int) -> None:
    story(script)
    script.cuts = [cut, 0, 1]
    assert numbers(Feed(api, script.job.job_id)) == [1, 2, 3, 4, 5, 6]


def test_who_watches_is_told_that_the_api_stays_away_and_that_it_is_back(api: Api, script: Script) -> None:
    story(script)
    script.faults[f"/jobs/{script.job.job_id}/events"] = [Fault(status=503), Fault(status=503), Fault(status=503)]
    told: list[bool] = []
    assert numbers(Feed(api, script.job.job_id, there=told.append)) == [1, 2, 3, 4, 5, 6]
    assert told == [False, True]


def test_it_goes_on_after_the_number_it_is_given(api: Api, script: Script) -> None:
    story(script)
    assert numbers(Feed(api, script.job.job_id, after=4)) == [5, 6]


def test_it_is_caught_up_only_when_the_replay_is_read(api: Api, script: Script) -> None:
    story(script)
    feed = Feed(api, script.job.job_id)
    caught_up = [feed.caught_up for _ in feed.frames()]
    assert caught_up == [False] * 6 + [True]


def test_what_follows_the_end_is_told_too(api: Api, script: Script) -> None:
    story(script)
    script.event("promoted", status=JobStatus.COMPLETED, kind="promotion_done")
    assert numbers(Feed(api, script.job.job_id)) == [1, 2, 3, 4, 5, 6, 7]


def test_it_survives_an_api_that_is_restarted(script: Script, server: ServerThread) -> None:
    """The api goes away after the first event and comes back, at the same port, with the rest of the story."""
    script.event("before")
    back: list[ServerThread] = []
    stopping = threading.Thread(target=server.stop)

    def wait(_: float) -> None:
        stopping.join()  # until then the port is taken
        if not back:
            story(script)
            back.append(ServerThread(script, server.port))

    seen: list[int] = []
    with Api(server.url, sleep=wait) as api:
        for frame in Feed(api, script.job.job_id).frames():
            if frame.new:
                seen.append(frame.event.seq)
            if seen == [1] and frame.new:
                stopping.start()
    back[0].stop()
    assert seen == [1, 2, 3, 4, 5, 6, 7]


def test_a_busy_api_is_asked_again(api: Api, script: Script) -> None:
    story(script)
    script.faults[f"/jobs/{script.job.job_id}/events"] = [Fault(status=503), Fault(status=429)]
    assert len(numbers(Feed(api, script.job.job_id))) == 6


def test_an_api_that_stays_away_is_given_up(api: Api, script: Script) -> None:
    path = f"/jobs/{script.job.job_id}/events"
    script.faults[path] = [Fault(status=503)] * 99
    with pytest.raises(CliError, match="No Skill Fleet api answers"):
        numbers(Feed(api, script.job.job_id))
    assert len(script.sent(path)) == MAX_FAILURES


def test_a_refusal_ends_it_at_once(api: Api, script: Script) -> None:
    script.faults[f"/jobs/{script.job.job_id}/events"] = [Fault(status=403, body={"detail": "not yours"})]
    with pytest.raises(ApiProblem):
        numbers(Feed(api, script.job.job_id))


def test_something_that_is_no_stream_is_named(api: Api, script: Script) -> None:
    script.faults[f"/jobs/{script.job.job_id}/events"] = [Fault(status=200)]
    with pytest.raises(CliError, match="stream of events"):
        numbers(Feed(api, script.job.job_id))
