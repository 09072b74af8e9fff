"""Answers that came whole in a signal: the first legal one is taken, and all the others are refused on record."""

import asyncio
from uuid import UUID, uuid4

import pytest
from pydantic import JsonValue

from activities.records import DatabaseRecords
from activities.signalled import MOST_SAID
from domain.prompt import Answer, AnswerSignal, HitlType, PromptAction, PromptStatus
from store import prompts
from store.session import Database
from tests.activities.conftest import Run
from tests.support.rows import (
    audited,
    claim,
    interaction,
    kinds,
    make_job,
    make_prompt,
    offer,
    offered,
    row_of,
    told,
)
from workflows import messages as m

GIVEN = {"who": "customers", "tone": "dry"}


@pytest.fixture
def records(database: Database) -> DatabaseRecords:
    return DatabaseRecords(database)


async def test_an_answer_that_came_whole_in_the_signal_is_claimed_and_applied(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    taken = await run(records.take_answer, offer(job, prompt, action="proceed", answers=GIVEN, responded_by="bob"))
    assert taken == m.Taken(interaction_id=prompt, action=PromptAction.PROCEED, by="bob")
    row = await interaction(database, prompt)
    assert (row.status, row.responded_by, row.channel) == ("responded", "bob", "temporal")
    assert row.applied_at is not None
    assert (await told(database, job))[-1].message == "bob answered clarify: proceed"
    standing = await row_of(database, job)
    assert (standing.status, standing.hitl_type, standing.parked_at) == ("running", None, None)


async def test_a_signal_from_nobody_in_particular_is_put_down_to_temporal(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    assert (await run(records.take_answer, offer(job, prompt, action="cancel"))).by == "temporal"


async def test_a_name_too_long_for_the_record_is_shortened(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    taken = await run(records.take_answer, offer(job, prompt, action="cancel", responded_by="x" * 300))
    assert taken.by == "x" * 255


async def test_an_answer_claimed_over_http_wins_over_what_a_later_signal_says(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    await claim(database, prompt, Answer(action="cancel", interaction_id=prompt), by="ada")
    late = offer(job, prompt, action="proceed", answers=GIVEN, responded_by="bob")
    taken = await run(records.take_answer, late)
    assert (taken.action, taken.by) == (PromptAction.CANCEL, "ada")


async def test_a_signal_that_only_names_the_prompt_applies_what_was_claimed_once(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    await claim(database, prompt, Answer(action="proceed", answers={"who": "customers"}), by="ada")
    first, again = [await run(records.take_answer, offer(job, prompt)) for _ in range(2)]
    assert first == again == m.Taken(interaction_id=prompt, action=PromptAction.PROCEED, by="ada")
    assert await kinds(database, job) == ["started", "prompt", "answered"]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"action": "explode"}, "not an action"),
        ({}, "not an action"),
        ({"action": "proceed"}, "Not answered yet"),
        ({"action": "proceed", "answers": {**GIVEN, "odd": 1}}, "no question 'odd'"),
    ],
)
async def test_an_answer_that_does_not_fit_is_refused_and_the_prompt_still_waits(
    records: DatabaseRecords, database: Database, run: Run, answer: dict[str, object], says: str
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    taken = await run(records.take_answer, offered(job, prompt, answer))
    assert taken.action is None
    assert says in (taken.refusal or "")
    assert (await interaction(database, prompt)).status == "pending"
    assert await kinds(database, job) == ["started", "prompt", "answer_refused"]
    good = await run(records.take_answer, offer(job, prompt, 2, action="proceed", answers=GIVEN))
    assert good.action is PromptAction.PROCEED


async def test_an_answer_that_is_wrong_in_a_thousand_places_is_refused_in_few_words(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    odd: dict[str, JsonValue] = {f"question {n}": "x" for n in range(1_000)}
    taken = await run(records.take_answer, offered(job, prompt, {"action": "proceed", "answers": GIVEN | odd}))
    assert "no question" in (taken.refusal or "") and len(taken.refusal or "") <= MOST_SAID
    [entry] = await audited(database, job)
    assert entry.outcome == "invalid" and len(entry.body["answers"]) == 1_002  # type: ignore[arg-type] # an object


async def test_a_refusal_that_is_retried_is_told_once(records: DatabaseRecords, database: Database, run: Run) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    for number in (1, 1, 2):
        await run(records.take_answer, offer(job, prompt, number, action="explode"))
    assert (await kinds(database, job)).count("answer_refused") == 2


async def test_characters_the_database_cannot_hold_never_break_a_job(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    answer = {"who": "cust\0omers", "tone": "dry"}
    taken = await run(
        records.take_answer, offer(job, prompt, action="proceed", answers=answer, responded_by="b\0ob", feedback="\0")
    )
    assert (taken.action, taken.by) == (PromptAction.PROCEED, "bob")
    assert (await interaction(database, prompt)).response_data == {
        "interaction_id": str(prompt),
        "action": "proceed",
        "answers": {"who": "customers", "tone": "dry"},
        "feedback": "",
    }


async def test_a_closed_prompt_takes_no_answer(records: DatabaseRecords, database: Database, run: Run) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    async with database.transaction() as session:
        await prompts.close_open(session, job, PromptStatus.CANCELLED)
    taken = await run(records.take_answer, offer(job, prompt, action="proceed", answers=GIVEN))
    assert (taken.action, taken.refusal) == (None, "this prompt is closed")


async def test_an_answer_to_a_prompt_that_never_was_is_refused(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    assert (await run(records.take_answer, offer(job, uuid4(), action="proceed"))).refusal


@pytest.mark.parametrize(
    ("named", "says"),
    [
        (["spelling"], "Not among the errors: spelling"),
        (["a"], "would still stand: “b is wrong” (b)."),
        ([], "would still stand: a; “b is wrong” (b)."),
    ],
)
async def test_a_waiver_that_names_other_findings_than_the_open_errors_is_refused(
    records: DatabaseRecords, database: Database, run: Run, named: list[str], says: str
) -> None:
    job = await make_job(database)
    findings: list[JsonValue] = [
        {"code": "a", "severity": "error"},
        {"code": "b", "severity": "error", "message": "b is wrong"},
        {"code": "c", "severity": "warning"},
    ]
    prompt = await make_prompt(database, job, HitlType.VALIDATE, data={"findings": findings})
    taken = await run(records.take_answer, offer(job, prompt, action="waive", reason="known", findings=named))
    assert says in (taken.refusal or "")
    for whole in (["b", "a"], None):
        again = await run(records.take_answer, offer(job, prompt, 2, action="waive", reason="known", findings=whole))
        assert again.action is PromptAction.WAIVE


async def outcomes(database: Database, job: UUID) -> list[tuple[str, str, str]]:
    return [(entry.outcome, entry.person, entry.action) for entry in await audited(database, job)]


async def test_an_answer_is_in_the_audit_as_it_came_and_as_it_was_applied_once_each_whatever_is_retried(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    given = offer(job, prompt, action="proceed", answers=GIVEN, responded_by="bob")
    for _ in range(2):
        await run(records.take_answer, given)
    accepted, applied = await audited(database, job)
    assert [accepted.outcome, applied.outcome] == ["accepted", "applied"]
    assert {entry.person for entry in (accepted, applied)} == {"bob"}
    assert {entry.channel for entry in (accepted, applied)} == {"temporal"}
    assert accepted.body == {"interaction_id": str(prompt), "action": "proceed", "answers": GIVEN}
    assert accepted.digest == applied.digest == (await interaction(database, prompt)).answer_digest


async def test_what_cannot_be_read_is_refused_in_words_and_the_prompt_still_waits(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    signal = AnswerSignal.model_validate({"interaction_id": "no id", "action": "proceed", "responded_by": "bob"})
    taken = await run(records.take_answer, m.Offered(job_id=job, interaction_id=prompt, signal=signal, number=1))
    assert "could not be read: interaction_id" in (taken.refusal or "")
    assert (await interaction(database, prompt)).status == "pending"
    last = (await told(database, job))[-1]
    assert (last.type, last.message) == ("answer_refused", f"an answer was refused: {taken.refusal}")
    [entry] = await audited(database, job)
    assert (entry.outcome, entry.person, entry.note) == ("invalid", "temporal", taken.refusal)


async def test_an_answer_to_a_closed_prompt_is_refused_and_never_applied_to_the_open_one(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    closed = await make_prompt(database, job)
    await run(records.take_answer, offer(job, closed, 1, action="proceed", answers=GIVEN, responded_by="ada"))
    asked = await make_prompt(database, job, number=2)
    late = {"interaction_id": closed, "action": "cancel", "responded_by": "bob"}
    taken = await run(records.take_answer, offered(job, asked, late, 2))
    assert (taken.action, taken.refusal) == (None, "this prompt is closed: ada answered proceed")
    assert (await interaction(database, asked)).status == "pending"
    assert (await interaction(database, closed)).responded_by == "ada"
    entry = (await audited(database, job))[-1]
    assert (entry.outcome, entry.person, entry.interaction_id) == ("conflict", "bob", closed)


@pytest.mark.parametrize("whose", ["nobody's", "another job's", "another open one"])
async def test_an_answer_that_names_another_prompt_is_refused_on_record(
    records: DatabaseRecords, database: Database, run: Run, whose: str
) -> None:
    job = await make_job(database)
    other = {
        "nobody's": uuid4(),
        "another job's": await make_prompt(database, await make_job(database)),
        "another open one": await make_prompt(database, job, number=2),
    }[whose]
    asked = await make_prompt(database, job)
    answer = {"interaction_id": other, "action": "proceed", "answers": GIVEN}
    taken = await run(records.take_answer, offered(job, asked, answer))
    assert (taken.action, taken.refusal is None) == (None, False)
    assert (await interaction(database, asked)).status == "pending"
    assert [(entry.outcome, entry.interaction_id) for entry in await audited(database, job)] == [("conflict", other)]
    assert (await kinds(database, job))[-1] == "answer_refused"


async def test_a_late_reminder_that_a_prompt_was_answered_over_http_is_no_answer_and_no_refusal(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    closed = await make_prompt(database, job)
    await claim(database, closed, Answer(action="proceed", answers=dict(GIVEN)))
    asked = await make_prompt(database, job, number=2)
    taken = await run(records.take_answer, offered(job, asked, {"interaction_id": closed}))
    assert (taken.action, taken.refusal) == (None, None)
    assert await audited(database, job) == []
    assert "answer_refused" not in await kinds(database, job)


async def test_who_answers_in_temporal_what_was_claimed_over_http_loses_on_record(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    await claim(database, prompt, Answer(action="cancel", interaction_id=prompt), by="ada")
    late = offer(job, prompt, action="proceed", answers=GIVEN, responded_by="bob")
    taken = await run(records.take_answer, late)
    assert (taken.action, taken.by) == (PromptAction.CANCEL, "ada")
    assert await outcomes(database, job) == [("conflict", "bob", "proceed"), ("applied", "ada", "cancel")]


async def test_the_same_answer_again_is_a_repetition_and_no_conflict(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    for number in (1, 2):
        given = offer(job, prompt, number, action="proceed", answers=GIVEN, responded_by="bob")
        assert (await run(records.take_answer, given)).action is PromptAction.PROCEED
    said = [outcome for outcome, _, _ in await outcomes(database, job)]
    assert said == ["accepted", "applied", "repeated"]
    assert "answer_refused" not in await kinds(database, job)


async def test_an_answer_that_does_not_fit_is_in_the_audit_with_what_was_wrong(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    for _ in range(2):
        taken = await run(records.take_answer, offer(job, prompt, action="explode", feedback="boom"))
    [entry] = await audited(database, job)
    assert (entry.outcome, entry.action, entry.note) == ("invalid", "explode", taken.refusal)
    assert entry.body["feedback"] == "boom"


async def test_of_twenty_people_who_signal_and_claim_at_once_one_is_applied_and_all_are_on_record(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    signals = [
        run(
            records.take_answer,
            offer(job, prompt, number, action="proceed", answers=GIVEN, responded_by=f"person {number}"),
        )
        for number in range(20)
    ]
    taken, won = await asyncio.gather(asyncio.gather(*signals), claim(database, prompt, Answer(action="cancel"), "ada"))
    standing = await interaction(database, prompt)
    assert {one.by for one in taken if one.action} == {standing.responded_by}
    said = await outcomes(database, job)
    assert [person for outcome, person, _ in said if outcome == "applied"] == [standing.responded_by]
    came = [(outcome, person) for outcome, person, _ in said if outcome != "applied"]
    assert len(came) == 20
    assert [outcome for outcome, _ in came].count("accepted") == (0 if won else 1)
