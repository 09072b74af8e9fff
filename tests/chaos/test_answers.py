"""A short chaos in every test run, and the proof that its books show a loss. The long one: `make chaos-answers`."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.testing import WorkflowEnvironment

from domain.job import AuditEntry
from domain.prompt import HitlType, InteractionView, PromptStatus
from store.session import Database
from tests.chaos.answers import unleash
from tests.chaos.ledger import Aftermath, Ledger, Sent

JOB, PROMPT = uuid4(), uuid4()
NOW = datetime.now(UTC)


@pytest.mark.slow
async def test_no_answer_is_lost_or_doubled_whatever_goes_wrong(
    database: Database, database_url: str, temporal: WorkflowEnvironment, tmp_path: Path
) -> None:
    ledger, faults = await unleash(database_url, temporal.client, tmp_path, rounds=50, seed=20261121)
    assert faults == []
    counts = ledger.counts()
    assert counts["interleavings"] >= 50
    assert min(counts[what] for what in ("accepted", "refused 409", "connections broken", "sent by signal")) > 0


def sent(*codes: int) -> Sent:
    return Sent("marker-1", JOB, PROMPT, "ada", "http", list(codes))


def shown(words: str = "marker-1", undeliverable: str | None = None) -> InteractionView:
    return InteractionView(
        interaction_id=PROMPT,
        interaction_type=HitlType.CONFIRM,
        round_number=1,
        status=PromptStatus.RESPONDED,
        prompt_data={},
        response_data={"feedback": words},
        created_at=NOW,
        undeliverable=undeliverable,
    )


def entry(outcome: str = "accepted") -> AuditEntry:
    return AuditEntry(
        number=1,
        received_at=NOW,
        job_id=JOB,
        interaction_id=PROMPT,
        hitl_type=HitlType.CONFIRM,
        person="ada",
        channel="api",
        outcome=outcome,
        action="revise",
        body={"feedback": "marker-1"},
        digest="d",
    )


GOOD = Aftermath("completed", [shown()], [entry()], [PROMPT])


@pytest.mark.parametrize(
    ("answer", "after", "fault"),
    [
        (sent(202), GOOD, None),
        (sent(503), Aftermath("completed", [shown("other")], [], [PROMPT]), None),
        (sent(202), Aftermath("cancelled", [shown(undeliverable="ended")], [entry()], []), None),
        (sent(202), Aftermath("completed", [shown("other")], [entry()], [PROMPT]), "another answer stands"),
        (sent(202), Aftermath("completed", [shown()], [entry()], []), "never applied"),
        (sent(202), Aftermath("completed", [shown()], [entry()], [PROMPT, PROMPT]), "applied 2 times"),
        (sent(409), Aftermath("completed", [shown("other")], [], [PROMPT]), "not on record"),
        (sent(202), Aftermath("completed", [shown()], [entry(), entry()], [PROMPT]), "accepted 2 times"),
        (sent(202), Aftermath("running", [shown()], [entry()], [PROMPT]), "is running"),
    ],
)
def test_the_books_show_what_was_lost_or_doubled(answer: Sent, after: Aftermath, fault: str | None) -> None:
    found = Ledger(sent=[answer]).faults({JOB: after})
    assert (found == []) if fault is None else any(fault in one for one in found)


def test_an_answer_that_was_worked_on_twice_is_doubled() -> None:
    ledger = Ledger(sent=[sent(202)])
    ledger.work(PROMPT, "write 2")
    ledger.work(PROMPT, "write 2")
    assert ledger.faults({JOB: GOOD}) == []
    ledger.work(PROMPT, "write 3")
    assert len(ledger.faults({JOB: GOOD})) == 1
