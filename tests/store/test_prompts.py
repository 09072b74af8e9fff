"""Prompts: of all who answer exactly one wins, half an answer is never lost, and a lost signal is found again."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from pydantic import JsonValue

from domain.answering.answers import form
from domain.job import JobStatus
from domain.prompt import Answer, AnswerDraft, HitlType, PromptStatus, QuestionsData
from store import groups, jobs, prompts
from store.prompts import Channel
from store.session import Database
from store.tables import HitlInteraction
from tests.support.rows import claim, claim_of, make_job, make_prompt

YES = Answer(action="proceed", answers={"who": "customers"})


async def row(database: Database, prompt: UUID) -> HitlInteraction:
    async with database.transaction() as session:
        found = await prompts.get(session, prompt)
        assert found is not None
        return found


async def merge(database: Database, prompt: UUID, part: AnswerDraft, user: str = "ada") -> AnswerDraft:
    async with database.transaction() as session:
        return await prompts.merge_draft(session, prompt, user, part)


async def kept(database: Database, prompt: UUID, user: str = "ada") -> AnswerDraft | None:
    async with database.transaction() as session:
        return await prompts.draft(session, prompt, user)


async def test_a_prompt_is_opened_once_and_stays_as_it_was(database: Database) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    async with database.transaction() as session:
        schema = form(HitlType.CLARIFY, QuestionsData(questions=[]))
        assert not await prompts.open_prompt(session, prompt, job, HitlType.CLARIFY, 1, {}, schema, None)
    assert (await row(database, prompt)).prompt_data["questions"]


async def test_a_job_never_has_two_prompts_of_one_kind_and_round(database: Database) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    async with database.transaction() as session:
        opened = await prompts.open_prompt(session, uuid4(), job, HitlType.CLARIFY, 1, {}, {}, None)
        assert not opened
        assert [view.interaction_id for view in await prompts.history(session, job)] == [prompt]


async def test_of_twenty_claims_at_once_exactly_one_wins(database: Database) -> None:
    prompt = await make_prompt(database, await make_job(database))
    answers = [Answer(action="proceed", feedback=f"from {n}") for n in range(20)]
    won = await asyncio.gather(*[claim(database, prompt, answer, f"person {n}") for n, answer in enumerate(answers)])
    assert won.count(True) == 1
    winner = won.index(True)
    standing = await row(database, prompt)
    assert (standing.status, standing.responded_by) == ("responded", f"person {winner}")
    assert standing.response_data == {"action": "proceed", "feedback": f"from {winner}"}


@pytest.mark.parametrize("status", [PromptStatus.CANCELLED, PromptStatus.TIMEOUT])
async def test_a_closed_prompt_takes_no_answer(database: Database, status: PromptStatus) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    async with database.transaction() as session:
        await prompts.close_open(session, job, status)
    assert not await claim(database, prompt, YES)
    assert (await row(database, prompt)).status == status


async def test_closing_what_is_open_leaves_answers_and_other_jobs_alone(database: Database) -> None:
    job, other = await make_job(database), await make_job(database)
    answered, waiting = await make_prompt(database, job), await make_prompt(database, job, number=2)
    elsewhere = await make_prompt(database, other)
    await claim(database, answered, YES)
    async with database.transaction() as session:
        await prompts.close_open(session, job, PromptStatus.CANCELLED)
    found = [(await row(database, prompt)).status for prompt in (answered, waiting, elsewhere)]
    assert found == ["responded", "cancelled", "pending"]


async def test_a_claim_keeps_the_answer_its_author_its_digest_and_its_way_in(database: Database) -> None:
    prompt = await make_prompt(database, await make_job(database))
    async with database.transaction() as session:
        await prompts.claim(session, prompt, claim_of(YES, "bob", Channel.SIGNAL))
    standing = await row(database, prompt)
    assert standing.response_data == {"action": "proceed", "answers": {"who": "customers"}}
    assert (standing.responded_by, standing.channel) == ("bob", "temporal")
    assert standing.answer_digest == claim_of(YES, "bob").digest
    assert standing.responded_at is not None
    assert standing.delivered_at is standing.applied_at is None


async def test_the_open_prompt_is_the_newest_that_waits(database: Database) -> None:
    job = await make_job(database)
    first = await make_prompt(database, job)
    second = await make_prompt(database, job, HitlType.CONFIRM)
    async with database.transaction() as session:
        assert (await prompts.open_of(session, job) or HitlInteraction()).interaction_id == second
    await claim(database, second, YES)
    async with database.transaction() as session:
        assert (await prompts.open_of(session, job) or HitlInteraction()).interaction_id == first
    await claim(database, first, YES)
    async with database.transaction() as session:
        assert await prompts.open_of(session, job) is None


async def test_the_inbox_shows_open_prompts_with_the_oldest_due_first(database: Database) -> None:
    ada, bob = await make_job(database), await make_job(database, user="bob")
    never = await make_prompt(database, ada, number=1, due=None)
    late = await make_prompt(database, ada, number=2, due=timedelta(days=9))
    soon = await make_prompt(database, bob, number=3, due=timedelta(hours=1))
    answered = await make_prompt(database, bob, number=4)
    await claim(database, answered, YES)
    async with database.transaction() as session:
        everyone = [(prompt.interaction_id, job.user_id) for prompt, job in await prompts.pending(session)]
        hers = [prompt.interaction_id for prompt, _ in await prompts.pending(session, user_id="ada")]
        first = await prompts.pending(session, limit=1)
    assert everyone == [(soon, "bob"), (late, "ada"), (never, "ada")]
    assert hers == [late, never]
    assert [prompt.interaction_id for prompt, _ in first] == [soon]


async def test_a_draft_grows_question_by_question(database: Database) -> None:
    prompt = await make_prompt(database, await make_job(database))
    await merge(database, prompt, AnswerDraft(answers={"who": "customers"}))
    await merge(database, prompt, AnswerDraft(answers={"tone": "dry"}))
    whole = await merge(database, prompt, AnswerDraft(feedback="short"))
    assert whole == AnswerDraft(answers={"who": "customers", "tone": "dry"}, feedback="short")
    assert await kept(database, prompt) == whole


async def test_null_clears_a_question_the_feedback_or_all_answers_and_nothing_else(database: Database) -> None:
    prompt = await make_prompt(database, await make_job(database))
    await merge(database, prompt, AnswerDraft(answers={"who": "customers", "tone": "dry"}, feedback="short"))
    one = await merge(database, prompt, AnswerDraft(answers={"who": None}))
    assert one == AnswerDraft(answers={"tone": "dry"}, feedback="short")
    none = await merge(database, prompt, AnswerDraft(answers=None))
    assert none == AnswerDraft(feedback="short")
    assert await merge(database, prompt, AnswerDraft(feedback=None)) == AnswerDraft()
    assert await kept(database, prompt) == AnswerDraft()


async def test_a_false_or_an_empty_list_is_an_answer_and_not_cleared(database: Database) -> None:
    prompt = await make_prompt(database, await make_job(database))
    whole = await merge(database, prompt, AnswerDraft(answers={"flag": False, "many": [], "text": ""}))
    assert whole.answers == {"flag": False, "many": [], "text": ""}


async def test_a_part_that_says_nothing_changes_nothing(database: Database) -> None:
    prompt = await make_prompt(database, await make_job(database))
    before = await merge(database, prompt, AnswerDraft(answers={"who": "customers"}, feedback="short"))
    assert await merge(database, prompt, AnswerDraft()) == before


async def test_parts_that_arrive_together_are_all_kept(database: Database) -> None:
    prompt = await make_prompt(database, await make_job(database))
    parts = [AnswerDraft(answers={f"q{n}": n}) for n in range(10)]
    await asyncio.gather(*[merge(database, prompt, part) for part in parts])
    assert (await kept(database, prompt) or AnswerDraft()).answers == {f"q{n}": n for n in range(10)}


async def test_each_person_has_a_draft_of_their_own(database: Database) -> None:
    prompt = await make_prompt(database, await make_job(database))
    await merge(database, prompt, AnswerDraft(feedback="hers"), "ada")
    await merge(database, prompt, AnswerDraft(feedback="his"), "bob")
    assert await kept(database, prompt, "ada") == AnswerDraft(feedback="hers")
    assert await kept(database, prompt, "eve") is None


async def undelivered(database: Database, before: datetime | None = None) -> list[UUID]:
    async with database.transaction() as session:
        found = await prompts.undelivered(session, before or datetime.now(UTC) + timedelta(seconds=1))
        return [prompt.interaction_id for prompt in found]


async def test_an_answer_stays_to_be_delivered_until_temporal_has_it_or_can_never_have_it(database: Database) -> None:
    job = await make_job(database)
    delivered, dead, waiting, unanswered = [await make_prompt(database, job, number=n) for n in range(4)]
    for prompt in (delivered, dead, waiting):
        await claim(database, prompt, YES)
    assert await undelivered(database) == [delivered, dead, waiting]
    async with database.transaction() as session:
        await prompts.mark_delivered(session, delivered)
        await prompts.mark_undeliverable(session, dead, "the workflow is gone")
    assert await undelivered(database) == [waiting]
    assert (await row(database, dead)).undeliverable == "the workflow is gone"
    assert (await row(database, unanswered)).status == "pending"


async def test_only_answers_of_the_api_that_are_not_fresh_are_delivered_again(database: Database) -> None:
    job = await make_job(database)
    by_api, by_signal = await make_prompt(database, job), await make_prompt(database, job, number=2)
    async with database.transaction() as session:
        await prompts.claim(session, by_api, claim_of(YES, channel=Channel.API))
        await prompts.claim(session, by_signal, claim_of(YES, channel=Channel.SIGNAL))
    assert await undelivered(database) == [by_api]
    assert await undelivered(database, datetime.now(UTC) - timedelta(seconds=30)) == []


async def test_the_record_of_a_job_has_every_prompt_oldest_first(database: Database) -> None:
    job = await make_job(database, status=JobStatus.RUNNING)
    asked = [await make_prompt(database, job, number=n) for n in (1, 2, 3)]
    await claim(database, asked[1], YES)
    async with database.transaction() as session:
        record = await prompts.history(session, job)
        assert await prompts.history(session, uuid4()) == []
    assert [view.interaction_id for view in record] == asked
    assert [view.status for view in record] == ["pending", "responded", "pending"]
    assert (record[1].responded_by, record[1].channel) == ("ada", "api")


async def test_evidence_that_ends_late_appears_in_the_preview_of_that_very_text_only(database: Database) -> None:
    job = await make_job(database)
    data: dict[str, JsonValue] = {"digest": "d1", "evidence": {"status": "pending"}, "content": "# A"}
    prompt = await make_prompt(database, job, HitlType.PREVIEW, data=data)
    for digest, status in (("d0", "measured"), ("d1", "measured")):
        async with database.transaction() as session:
            await prompts.update_preview(session, job, digest, {"status": status, "n": 2})
        shown = (await row(database, prompt)).prompt_data["evidence"]
        assert shown == ({"status": "pending"} if digest == "d0" else {"status": "measured", "n": 2})


async def test_evidence_for_a_job_that_shows_no_preview_goes_nowhere(database: Database) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    async with database.transaction() as session:
        await prompts.update_preview(session, job, "d", {"status": "measured"})
    assert "evidence" not in (await row(database, prompt)).prompt_data


async def inbox(database: Database, person: str | None = None, **how: object) -> list[UUID]:
    async with database.transaction() as session:
        found = await prompts.pending(session, person, **how)  # type: ignore[arg-type]
        return [prompt.interaction_id for prompt, _ in found]


async def test_mine_is_what_was_given_to_me_or_my_groups_and_my_own_that_was_given_to_nobody(
    database: Database,
) -> None:
    asked = {}
    for number, (owner, assignee) in enumerate(
        [("ada", None), ("ada", "bob"), ("bob", "ada"), ("bob", "group:reviewers"), ("bob", "group:others")], 1
    ):
        job = await make_job(database, user=owner)
        asked[owner, assignee] = await make_prompt(database, job, due=timedelta(days=number))
        async with database.transaction() as session:
            await jobs.assign(session, job, assignee, owner)
    async with database.transaction() as session:
        await groups.set_members(session, "reviewers", ["ada"])
        await groups.set_members(session, "others", ["eve"])
    mine = [("ada", None), ("bob", "ada"), ("bob", "group:reviewers")]
    assert await inbox(database, "ada") == [asked[one] for one in mine]
    assert await inbox(database, "bob") == [asked["ada", "bob"]]
    assert await inbox(database, "eve") == [asked["bob", "group:others"]]
    assert await inbox(database, "nobody") == []
    assert await inbox(database, user_id="ada") == [asked["ada", None], asked["ada", "bob"]]
    assert await inbox(database, assignee="group:reviewers") == [asked["bob", "group:reviewers"]]
    assert await inbox(database, "ada", user_id="bob", assignee="ada") == [asked["bob", "ada"]]


async def test_the_inbox_can_be_narrowed_to_one_kind(database: Database) -> None:
    job = await make_job(database)
    await make_prompt(database, job)
    preview = await make_prompt(database, job, HitlType.PREVIEW, data={"content": "x"})
    assert await inbox(database, kind=HitlType.PREVIEW) == [preview]
    assert await inbox(database, kind=HitlType.BUDGET) == []


async def test_a_draft_keeps_an_edited_text_and_a_reason_too(database: Database) -> None:
    prompt = await make_prompt(database, await make_job(database))
    await merge(database, prompt, AnswerDraft(content="# A", reason="known"))
    whole = await merge(database, prompt, AnswerDraft(reason=None, feedback="short"))
    assert whole == AnswerDraft(content="# A", feedback="short")
    assert await kept(database, prompt) == whole


async def test_the_record_says_which_revision_was_shown_and_how_people_were_reminded(database: Database) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job, HitlType.PREVIEW, data={"content": "x"}, revision=2, digest="d2")
    due = datetime.now(UTC) + timedelta(days=30)
    async with database.transaction() as session:
        await prompts.remind(session, prompt)
        await prompts.remind(session, prompt)
        await prompts.remind(session, prompt, escalate=True)
        await prompts.reopen(session, prompt, due)
    async with database.transaction() as session:
        [view] = await prompts.history(session, job)
        assert await prompts.last_shown(session, job, HitlType.PREVIEW, 2) == 2
        assert await prompts.last_shown(session, job, HitlType.PREVIEW, 1) is None
    assert (view.revision, view.digest, view.reminders, view.timeout_at) == (2, "d2", 2, due)
    assert view.escalated_at is not None
    assert view.reopened_at is not None


async def test_why_an_answer_reached_nobody_is_said_once_and_the_first_application_counts(database: Database) -> None:
    job = await make_job(database)
    lost, applied = await make_prompt(database, job), await make_prompt(database, job, number=2)
    for prompt in (lost, applied):
        await claim(database, prompt, YES)
    async with database.transaction() as session:
        await prompts.mark_applied(session, applied)
    first = (await row(database, applied)).applied_at
    async with database.transaction() as session:
        await prompts.mark_applied(session, applied)
        assert [one.interaction_id for one in await prompts.give_up(session, job, "the job has ended")] == [lost]
        assert await prompts.give_up(session, job, "again") == []
        await prompts.mark_undeliverable(session, lost, "the workflow is gone")
    assert (await row(database, lost)).undeliverable == "the job has ended"
    assert (await row(database, applied)).applied_at == first


async def test_the_open_prompt_and_the_one_closed_last_are_found_together(database: Database) -> None:
    job, other = await make_job(database), await make_job(database)
    await make_prompt(database, other)
    async with database.transaction() as session:
        assert await prompts.latest(session, job) == (None, None)
    first, second = [await make_prompt(database, job, number=n) for n in (1, 2)]
    await claim(database, second, YES)
    await claim(database, first, YES)  # opened first, and closed last
    async with database.transaction() as session:
        waiting, closed = await prompts.latest(session, job)
        assert (waiting, closed and closed.interaction_id) == (None, first)
    third = await make_prompt(database, job, number=3)
    async with database.transaction() as session:
        waiting, closed = await prompts.latest(session, job)
        assert waiting is not None and closed is not None
        assert (waiting.interaction_id, closed.interaction_id) == (third, first)


async def test_drafts_of_several_prompts_are_told_by_person(database: Database) -> None:
    job = await make_job(database)
    first, second = [await make_prompt(database, job, number=n) for n in (1, 2)]
    await merge(database, first, AnswerDraft(feedback="mine"))
    await merge(database, second, AnswerDraft(feedback="another's"), user="bob")
    async with database.transaction() as session:
        found = await prompts.drafts(session, [first, second])
        assert await prompts.drafts(session, [uuid4()]) == {}
    told = {person: {key: draft.feedback for key, draft in begun.items()} for person, begun in found.items()}
    assert told == {"ada": {first: "mine"}, "bob": {second: "another's"}}
