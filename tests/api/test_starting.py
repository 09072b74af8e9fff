"""What a start may say: options, budgets, the ended job it goes on from; and which requests are the same."""

from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from temporalio.testing import WorkflowEnvironment

from activities.records import DatabaseRecords
from api.starting import StartOptions, digest
from domain.budget import Budget
from domain.job import MAX_SOURCES, JobOptions, JobStatus, Origin, Source, StartJob
from domain.prompt import Answer, HitlType
from store import jobs, revisions
from store.session import Database
from tests.api.conftest import Opened
from tests.support.history import started_with
from tests.support.rows import claim, make_job, make_prompt, new_revision
from workflows import messages as m

TASK = "Create a skill for handling user data"
FIRST_RELEASE = "0fb28878b9843bb6dfb2a7fc4941fee6bd37e10cbfdb1565af43f390f1b899ee"
"""What `digest` of 0.1.0 gave for the request below."""


async def start(client: httpx.AsyncClient, user: str = "local", **body: object) -> httpx.Response:
    return await client.post("/api/v1/skills", json=body, headers={"X-User-Id": user})


async def test_a_request_that_would_not_fit_into_a_history_is_refused_before_temporal_is_asked(
    client: httpx.AsyncClient, cut_off: httpx.AsyncClient
) -> None:
    quotes = [{"name": "notes.md", "content": '"' * (MAX_SOURCES // 2)}] * 2
    for one in (client, cut_off):
        refused = await start(one, task_description=TASK, sources=quotes)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
        assert "at most 100,000 can start a job" in refused.json()["errors"]["sources"]
    plain = [{"name": "notes.md", "content": "words " * (MAX_SOURCES // 6)}]
    assert (await start(client, task_description=TASK, sources=plain)).status_code == 202


@pytest.fixture
async def ended(database: Database) -> UUID:
    """A cancelled job of ada's with two revisions."""
    job = await make_job(database, status=JobStatus.CANCELLED, confirm=True, max_rounds=5, budget={"calls": 9})
    async with database.transaction() as session:
        for n in (1, 2):
            await revisions.keep(session, job, new_revision(n))
    return job


async def test_every_option_reaches_the_workflow(client: httpx.AsyncClient, temporal: WorkflowEnvironment) -> None:
    options = {
        "tdd_checkpoints": True,
        "max_rounds": 2,
        "budget": {"calls": 40, "usd": 1.5},
        "remind_after": ["PT24H", 3600, "PT24H"],
        "escalate_after": None,
        "hitl_timeout": "P2D",
        "style": "minimal",
        "one_at_a_time": True,
    }
    job = (await start(client, task_description=TASK, options=options)).json()["job_id"]
    taken = (await started_with(temporal.client, job)).options
    assert (taken.tdd_checkpoints, taken.max_rounds, taken.budget) == (True, 2, Budget(calls=40, usd=1.5))
    assert (taken.style, taken.one_at_a_time) == ("minimal", True)
    assert taken.remind_after == [timedelta(hours=1), timedelta(hours=24)]
    assert (taken.escalate_after, taken.hitl_timeout) == (None, timedelta(days=2))


@pytest.mark.parametrize(
    ("options", "field", "said"),
    [
        ({"budget": {}}, "options.budget", "at least one limit"),
        ({"budget": {"euro": 3}}, "options.budget.euro", "no such field"),
        ({"budget": {"calls": 0}}, "options.budget.calls", "1"),
        ({"budget": {"tokens": -1}}, "options.budget.tokens", "1"),
        ({"budget": {"usd": 0}}, "options.budget.usd", "0"),
        ({"max_rounds": 0}, "options.max_rounds", "1"),
        ({"remind_after": [0]}, "options.remind_after.0", "ISO 8601"),
        ({"remind_after": ["P366D"]}, "options.remind_after.0", "P365D"),
        ({"remind_after": [60] * 11}, "options.remind_after", "10"),
        ({"escalate_after": "PT0S"}, "options.escalate_after", "ISO 8601"),
        ({"style": "short"}, "options.style", "navigation_hub"),
        ({"one_at_a_time": "often"}, "options.one_at_a_time", "boolean"),
    ],
)
async def test_an_option_that_cannot_be_kept_is_refused_by_field(
    client: httpx.AsyncClient, options: dict[str, object], field: str, said: str
) -> None:
    response = await start(client, task_description=TASK, options=options)
    assert response.status_code == 422
    assert said in response.json()["errors"][field]


def asked(**options: object) -> StartJob:
    return StartJob(job_id=uuid4(), user_id="ada", task_description=TASK, options=JobOptions.model_validate(options))


def test_the_same_request_has_the_digest_it_had_in_the_first_release() -> None:
    plain = StartJob(
        job_id=uuid4(),
        user_id="ada",
        task_description=TASK,
        options=JobOptions(confirm=True),
        sources=[Source(name="a.md", content="x")],
    )
    assert digest(plain) == FIRST_RELEASE


def test_options_that_came_later_count_only_when_they_say_something() -> None:
    plain = digest(asked())
    assert digest(asked(max_rounds=3, tdd_checkpoints=False, budget=None, style="comprehensive")) == plain
    assert digest(asked(style="minimal")) != plain
    others = {digest(asked(**one)) for one in ({"max_rounds": 4}, {"budget": {"calls": 1}}, {"confirm": True})}
    assert len(others | {plain}) == 4
    from_a_job = asked().model_copy(update={"origin": Origin(job_id=uuid4(), revision=1)})
    assert digest(from_a_job) != plain


def test_what_is_not_given_is_as_in_the_base_and_what_is_given_is_not() -> None:
    base = JobOptions(confirm=True, max_questions=7)
    given = StartOptions.model_validate({"max_questions": 3})
    assert given.plain(base) == JobOptions(confirm=True, max_questions=3)
    assert given.plain() == JobOptions()


async def test_a_job_goes_on_from_the_last_revision_of_an_ended_one_as_that_was_asked(
    client: httpx.AsyncClient, temporal: WorkflowEnvironment, ended: UUID
) -> None:
    response = await start(client, "bob", from_job=str(ended), options={"max_questions": 0})
    assert response.status_code == 202
    begun = await started_with(temporal.client, response.json()["job_id"])
    assert begun.origin == Origin(job_id=ended, revision=2)
    assert (begun.user_id, begun.task_description) == ("bob", "Write release notes from merged pull requests")
    assert begun.options == JobOptions(confirm=True, max_rounds=5, budget=Budget(calls=9), max_questions=0)


async def test_a_job_goes_on_from_an_earlier_revision_with_another_task_and_other_sources(
    client: httpx.AsyncClient, temporal: WorkflowEnvironment, ended: UUID
) -> None:
    sources = [{"name": "a.md", "content": "x"}]
    response = await start(client, from_job=str(ended), from_revision=1, task_description=TASK, sources=sources)
    begun = await started_with(temporal.client, response.json()["job_id"])
    assert begun.origin == Origin(job_id=ended, revision=1)
    assert (begun.task_description, begun.sources) == (TASK, [Source(name="a.md", content="x")])


async def test_another_task_is_never_taken_over_unseen(
    client: httpx.AsyncClient, temporal: WorkflowEnvironment, database: Database
) -> None:
    old = await make_job(database, status=JobStatus.CANCELLED, auto_approve=True)
    async with database.transaction() as session:
        await revisions.keep(session, old, new_revision(1))
    refused = await start(client, from_job=str(old), task_description=TASK, options={"auto_approve": True})
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["task_description"])
    asked = await start(client, from_job=str(old), task_description=TASK)
    as_before = await start(client, from_job=str(old))
    said = [await started_with(temporal.client, one.json()["job_id"]) for one in (asked, as_before)]
    assert [(one.task_description == TASK, one.options.auto_approve) for one in said] == [(True, False), (False, True)]


async def test_only_an_ended_job_can_be_gone_on_from(client: httpx.AsyncClient, opened: Opened) -> None:
    response = await start(client, from_job=str(await opened()))
    assert (response.status_code, response.json()["code"]) == (409, "job_not_ended")
    assert "cancel it first" in response.json()["detail"]
    waiting = (await start(client, task_description=TASK)).json()["job_id"]
    assert (await start(client, from_job=waiting)).json()["code"] == "job_not_ended"


@pytest.mark.parametrize(
    ("number", "said"), [(3, "there are 1–2"), (0, "greater than or equal to 1"), (10**7, "less than")]
)
async def test_a_revision_that_is_not_there_is_refused_by_field(
    client: httpx.AsyncClient, ended: UUID, number: int, said: str
) -> None:
    response = await start(client, from_job=str(ended), from_revision=number)
    assert response.status_code == 422
    assert said in response.json()["errors"]["from_revision"]


async def test_a_job_that_wrote_nothing_cannot_be_gone_on_from(client: httpx.AsyncClient, opened: Opened) -> None:
    job = await opened(status=JobStatus.FAILED)
    response = await start(client, from_job=str(job))
    assert (response.status_code, list(response.json()["errors"])) == (422, ["from_job"])
    assert list((await start(client, from_job=str(job), from_revision=1)).json()["errors"]) == ["from_revision"]


async def test_an_unknown_job_is_not_found_and_a_revision_needs_its_job(client: httpx.AsyncClient) -> None:
    assert (await start(client, from_job=str(uuid4()))).status_code == 404
    alone = await start(client, task_description=TASK, from_revision=1)
    assert list(alone.json()["errors"]) == ["from_revision"]
    nonsense = await start(client, from_job="nonsense")
    assert list(nonsense.json()["errors"]) == ["from_job"]


async def test_the_origin_is_part_of_what_a_key_stands_for(
    client: httpx.AsyncClient, database: Database, ended: UUID
) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    post = "/api/v1/skills"
    first = await client.post(post, json={"from_job": str(ended)}, headers=key)
    again = await client.post(post, json={"from_job": str(ended), "from_revision": 2}, headers=key)
    other = await client.post(post, json={"from_job": str(ended), "from_revision": 1}, headers=key)
    assert first.json()["job_id"] == again.json()["job_id"]
    assert (again.headers["Idempotent-Replayed"], other.json()["code"]) == ("true", "idempotency_key_reused")


async def test_a_key_is_known_by_the_row_too_when_temporal_has_forgotten(
    client: httpx.AsyncClient, database: Database, temporal: WorkflowEnvironment, ended: UUID
) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    body = {"from_job": str(ended), "options": {"budget": {"usd": 2}}}
    job = (await client.post("/api/v1/skills", json=body, headers=key)).json()["job_id"]
    async with database.transaction() as session:
        await jobs.open_job(session, await started_with(temporal.client, job))
    again = await client.post("/api/v1/skills", json=body, headers=key)
    other = await client.post("/api/v1/skills", json={**body, "options": {}}, headers=key)
    assert (again.json()["job_id"], again.headers["Idempotent-Replayed"]) == (job, "true")
    assert other.json()["code"] == "idempotency_key_reused"


async def test_a_raised_budget_does_not_make_another_request_of_the_same_one(
    client: httpx.AsyncClient, database: Database, temporal: WorkflowEnvironment
) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    body = {"task_description": TASK, "options": {"budget": {"calls": 3}}}
    job = (await client.post("/api/v1/skills", json=body, headers=key)).json()["job_id"]
    async with database.transaction() as session:
        await jobs.open_job(session, await started_with(temporal.client, job))
    prompt = await make_prompt(database, UUID(job), HitlType.BUDGET, data={"reason": "spent"})
    await claim(database, prompt, Answer(action="raise", answers={"calls": 40}))
    await DatabaseRecords(database).raise_budget(m.ForPrompt(job_id=UUID(job), interaction_id=prompt))
    again = await client.post("/api/v1/skills", json=body, headers=key)
    assert (again.json().get("job_id"), again.headers.get("Idempotent-Replayed")) == (job, "true")
    assert (await client.get(f"/api/v1/jobs/{job}")).json()["options"]["budget"]["calls"] == 40
