"""The books of the chaos can fail: each thing broken on purpose is found, and what is right is left in peace."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from activities.programs.gate import Gate
from activities.programs.language_model import LanguageModel, ModelSpec
from activities.programs.refine import refine
from domain.brief import Brief
from tests.chaos.books import Asked, Books, Event, Kept, Library, Listed, faults, library_faults
from tests.chaos.faults import Blow, How, Struck
from tests.chaos.payments import HEALING, Row, Window, balance
from tests.chaos.plans import End, plan
from tests.chaos.recovery import Moments, Recoveries, after
from tests.support.ledger import MemoryLedger
from tests.support.provider import Provider
from tests.support.provider_models import Call, FaultKind

JOB, PROMPT = UUID(int=1), UUID(int=2)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
PLAN = replace(plan(1, 0), end=End.PUBLISHED, options={})
KEYS = ["opened", "phase:refinement:1", "phase:generation:1", "phase:generation:2", "end", "promoted:d2"]

PUBLISHED = Books(
    JOB,
    PLAN,
    status="completed",
    promoted=True,
    digest="d2",
    last_seq=len(KEYS),
    events=tuple(Event(n, key, "running", NOON) for n, key in enumerate(KEYS, 1)),
    prompts=(Asked(PROMPT, "preview", 1, "responded", delivered=True),),
    revisions={1: Kept("d1", "d1"), 2: Kept("d2", "d2")},
    skills=(Listed("a-skill", "active", "d2"),),
    versions=(Listed("a-skill", "1.0.0", "d2"),),
    published="d2",
)
DRAFT = replace(
    PUBLISHED,
    plan=replace(PLAN, end=End.DRAFT),
    promoted=False,
    skills=(Listed("a-skill", "draft", "d2"),),
    versions=(),
    published=None,
    drafts={"a-skill": "d2"},
)


@pytest.mark.parametrize("books", [PUBLISHED, DRAFT], ids=["published", "draft"])
def test_books_in_order_are_left_in_peace(books: Books) -> None:
    assert faults(books) == []


def events(*keys: str) -> tuple[Event, ...]:
    return tuple(Event(n, key, "running", NOON) for n, key in enumerate(keys, 1))


@pytest.mark.parametrize(
    ("books", "words"),
    [
        (replace(PUBLISHED, status="failed", error="no disk"), "the job is failed and not completed; its error: no"),
        (replace(PUBLISHED, running=("create-skill:1",)), "workflow create-skill:1 still runs"),
        (replace(PUBLISHED, promoted=False), "it was not published"),
        (replace(PUBLISHED, events=PUBLISHED.events[1:]), "the events have gaps"),
        (replace(PUBLISHED, last_seq=7), "last_seq is 7"),
        (replace(PUBLISHED, events=events(*KEYS[:5], "end")), "event end stands 2 times"),
        (replace(PUBLISHED, events=events(*KEYS[:2], KEYS[3], *KEYS[4:])), "phase generation was told in rounds [2]"),
        (replace(PUBLISHED, events=events(*KEYS[:4])), "the end was told 0 times"),
        (replace(PUBLISHED, prompts=PUBLISHED.prompts * 2), "prompt preview 1 has 2 rows"),
        (replace(PUBLISHED, prompts=(Asked(PROMPT, "preview", 2, "responded", True),)), "asked in rounds [2]"),
        (replace(PUBLISHED, prompts=(Asked(PROMPT, "preview", 1, "pending", True),)), "is still open"),
        (replace(PUBLISHED, prompts=(Asked(PROMPT, "preview", 1, "responded", False),)), "was never delivered"),
        (replace(PUBLISHED, revisions={1: Kept("d1", "d1"), 2: Kept("d2", "other")}), "the files of revision 2"),
        (replace(PUBLISHED, revisions={2: Kept("d2", "d2")}), "the revisions are numbered [2]"),
        (replace(PUBLISHED, skills=PUBLISHED.skills * 2), "it has the skills"),
        (replace(PUBLISHED, skills=()), "its rows of skills are []"),
        (replace(PUBLISHED, versions=PUBLISHED.versions * 2), "it has 2 versions"),
        (replace(PUBLISHED, published="half"), "rows, versions, folder and result"),
        (replace(PUBLISHED, published=None), "rows, versions, folder and result"),
        (replace(PUBLISHED, digest="d1"), "rows, versions, folder and result"),
        (replace(PUBLISHED, drafts={"a-skill": "d2"}), "drafts are left"),
        (replace(DRAFT, drafts={"a-skill": "half"}), "holds what is no revision"),
        (replace(DRAFT, drafts={"a-skill": "d1"}), "the drafts are"),
        (replace(DRAFT, drafts={}), "the drafts are"),
        (replace(DRAFT, skills=PUBLISHED.skills), "listed as published"),
    ],
)
def test_what_is_wrong_with_a_job_is_named_with_the_job(books: Books, words: str) -> None:
    found = faults(books)
    assert any(words in one for one in found), found
    assert all(str(JOB) in one and one.startswith(("lost: ", "doubled: ", "half: ")) for one in found)


@pytest.mark.parametrize(
    ("library", "words"),
    [
        (Library((), frozenset({"a/b"}), frozenset({"a/b"})), ""),
        (Library(("_drafts/1/.b.new",), frozenset(), frozenset()), "left behind"),
        (Library((), frozenset({"a/b"}), frozenset()), "not listed"),
        (Library((), frozenset(), frozenset({"a/b"})), "does not lie there"),
    ],
)
def test_the_library_holds_what_is_listed_and_nothing_half_written(library: Library, words: str) -> None:
    found = library_faults(library)
    assert (words in found[0]) if words else found == []


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def call(began: float, ended: float, fault: FaultKind | None = None, digest: str = "q") -> Call:
    outcome = "answered" if fault is None else "faulted"
    given = {"number": 1, "digest": digest, "outcome": outcome, "status": 200, "fault": fault}
    return Call.model_validate({**given, "started_at": at(began), "ended_at": at(ended)})


def row(seconds: float, key: str = "k", digest: str = "q") -> Row:
    return Row("job-1", key, digest, at(seconds))


KILLED = Window(at(10), at(10))
LONG_AGO = Window(at(-1000), at(-990))


@pytest.mark.parametrize(
    ("calls", "rows", "windows", "in_flight", "words"),
    [
        ([call(0, 1)], [row(1)], [], 0, None),
        ([call(0, 1), call(0, 1)], [row(1, "k1"), row(1.1, "k2")], [], 0, None),
        ([call(0, 1), call(5, 6)], [row(1, "k1"), row(6, "k2")], [], 0, None),
        ([call(9, 9.9), call(12, 13)], [row(13)], [KILLED], 1, None),
        ([call(9, 9.9)], [], [KILLED], 1, None),
        ([call(0, 1), call(5, 6)], [row(1)], [LONG_AGO], 1, "was paid again"),
        ([call(0, 1), call(40, 41)], [row(1)], [KILLED], 1, "was paid again"),
        ([call(8, 9.4), call(13, 14)], [row(9.5)], [KILLED], 1, "was paid again"),
        ([call(0, 1, FaultKind.PROSE), call(5, 6)], [row(1)], [], 1, "was paid again"),
        ([call(9, 9.5), call(9.7, 9.9)], [row(9.6)], [Window(at(9.5), at(10))], 1, None),
        ([call(9, 9.9)], [], [Window(at(10), at(10), "job-1")], 1, None),
        ([call(9, 9.9), call(12, 13)], [row(13)], [Window(at(10), at(10), "job-1")], 1, None),
        ([call(9, 9.9), call(12, 13)], [row(13)], [Window(at(10), at(10), "job-2")], 1, "was paid and not stored"),
        ([call(14, 15), call(16, 17)], [row(17)], [Window(at(10), at(10), "job-1")], 1, "was paid and not stored"),
        ([call(0, 1)], [], [LONG_AGO], 1, "was paid and not stored"),
        ([], [row(1)], [], 0, "knows nothing of the call"),
    ],
)
def test_what_was_paid_is_stored_once_or_was_lost_by_something(
    calls: list[Call], rows: list[Row], windows: list[Window], in_flight: int, words: str | None
) -> None:
    found = balance(calls, rows, windows)
    assert len(found.in_flight) == in_flight
    assert (found.faults == []) if words is None else (len(found.faults) == 1 and words in found.faults[0])


def test_errors_and_calls_that_were_broken_off_were_not_paid() -> None:
    refused = call(0, 1, FaultKind.RATE_LIMIT).model_copy(update={"status": 429})
    gone = call(0, 1).model_copy(update={"outcome": "disconnected"})
    assert balance([refused, gone, call(1, 2, FaultKind.NOT_JSON), call(2, 3)], [row(3)], []).paid == 1


async def test_both_ledgers_name_a_question_by_the_same_digest() -> None:
    async with Provider.start() as provider:
        ledger = MemoryLedger()
        model = LanguageModel(ModelSpec("openai/stand-in", provider.url, provider.key), ledger, "s", Gate(1))
        await refine(model, Brief(task="Write release notes for orders"))
        assert [one.digest for one in provider.calls()] == [one.input_digest for one in ledger.calls.values()] != []


def struck(part: str, how: How, began: float, ended: float) -> Struck:
    return Struck(Blow(0, part, how), 1, at(began), at(ended))  # type: ignore[arg-type]  # pytest passes words


SEEN = Moments(
    events={
        "quick": [Event(1, "opened", "running", at(0)), Event(2, "phase:x:1", "running", at(13))],
        "slow": [Event(1, "opened", "running", at(0)), Event(2, "phase:x:1", "running", at(40))],
        "asked": [Event(1, "prompt", "pending_hitl", at(1)), Event(2, "answered", "running", at(50))],
    },
    moves={"quick": [at(11)]},
    requests=[(at(9), at(30)), (at(12), at(14))],
)


@pytest.mark.parametrize(
    ("blow", "waits"),
    [
        (struck("worker", How.KILL, 10, 10), {"quick": 3, "slow": 30, "asked": 40}),
        (struck("postgres", How.STOP, 2, 12), {"quick": 1, "slow": 28, "asked": 38}),
        (struck("temporal", How.KILL, 10, 10), {"quick": 1}),
        (struck("api", How.KILL, 10, 10), {"": 4}),
        (struck("worker", How.KILL, 60, 60), {}),
    ],
)
def test_recovery_lasts_until_the_first_progress_that_the_part_is_needed_for(
    blow: Struck, waits: dict[str, float]
) -> None:
    assert after(blow, SEEN) == waits


def test_the_first_progress_and_that_of_each_job_at_work_are_counted_apart() -> None:
    found = Recoveries()
    found.add([struck("worker", How.KILL, 10, 10)], SEEN)
    assert found.first == {"worker kill -9": [3.0]}
    assert found.each == {"worker kill -9": [3.0, 30.0]}


def test_healing_is_longer_than_a_silent_attempt_is_waited_for() -> None:
    assert timedelta(seconds=6) < HEALING
