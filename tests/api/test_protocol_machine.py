"""The answer protocol against a small model of it: random interleavings, and after every step the two must agree.

Real application, real database, real steps of the record. Temporal is a wire here: it takes signals, or is away, and
hands them over when the machine says so.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from pydantic import SecretStr

from activities.people import prompt_key
from activities.records import DatabaseRecords
from api.app import build
from api.dependencies import Services
from api.errors import TemporalUnavailable, WorkflowGone
from api.hub import Hub
from api.library import LibraryFolder
from api.redelivery import redeliver
from api.temporal import Temporal
from domain.answering.answers import form
from domain.job import JobStatus
from domain.prompt import AnswerSignal, HitlType, Question, QuestionsData
from settings import Settings
from store import audit, prompts
from store.session import Database
from tests.api.protocol_model import Model
from tests.support.rows import kinds, make_job
from workflows import messages as m

T = TypeVar("T")

people = st.sampled_from(["ada", "bob", "eve"])
words = st.sampled_from(["yes", "no", "later"])
targets = st.sampled_from(["open", "open", "open", "first", "next", "another job's"])
ASKED = QuestionsData(questions=[Question(id="q1", text="Which data?")])


class Wire(Temporal):
    """Signals on their way. `away`: it takes none; `gone`: the workflow has ended."""

    def __init__(self) -> None:
        self.away = False
        self.gone = False
        self.signals: list[UUID] = []

    async def answer(self, job_id: UUID, interaction_id: UUID) -> None:
        """Take a signal, or say why not."""
        if self.away:
            raise TemporalUnavailable("away")
        if self.gone:
            raise WorkflowGone("gone")
        self.signals.append(interaction_id)


class Protocol(RuleBasedStateMachine):
    """One job, and everything that can happen to its prompts."""

    def __init__(self, url: str, library: Path) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.wire = Wire()
        self.database = self.run(self._connected(url))
        self.records = DatabaseRecords(self.database)
        self.services = Services(self.database, self.wire, LibraryFolder(library), Hub())
        app = build(Settings(database_url=SecretStr(url), library=library), {"target_host": "127.0.0.1:1"})
        app.state.services = self.services
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1")
        self.job = self.run(make_job(self.database, user="ada"))
        self.foreign = self.run(self._foreign())
        self.model = Model()
        self.number = 0

    def teardown(self) -> None:
        """What was acknowledged is applied once, or its author can see that it was not."""
        try:
            self.wire.away = False
            self.redelivers()
            while self.wire.signals:
                self.hand_over(0, again=False)
            self.agrees()
            assert self.model.unfinished() == []
        finally:
            self.run(self.client.aclose())
            self.run(self.database.dispose())
            self.runner.close()

    # What workflows do.

    @precondition(lambda self: self.model.may_open)
    @rule()
    def opens_a_prompt(self) -> None:
        """The next round."""
        number = len(self.model.rounds) + 1
        made = self.run(self._open(self.job, number))
        self.model.opened(made)

    @precondition(lambda self: self.wire.signals)
    @rule(which=st.integers(0, 5), again=st.booleans())
    def hand_over(self, which: int, again: bool) -> None:
        """A signal comes to the workflow, in any order; `again`: and once more later."""
        signal = self.wire.signals[which % len(self.wire.signals)]
        if not again:
            self.wire.signals.remove(signal)
        if self.model.waits_for(signal):
            self.run(self.records.take_answer(self._offered(AnswerSignal(interaction_id=signal), signal)))
            self.model.taken()

    @precondition(lambda self: self.model.waiting is not None)
    @rule(step=st.sampled_from(["park", "remind", "reopen"]))
    def time_passes(self, step: str) -> None:
        """Nobody's signal came for long; an answer that was claimed is taken all the same."""
        self.number += 1
        asked = self.model.waiting
        assert asked is not None
        known = {"job_id": self.job, "interaction_id": asked.id}
        later = datetime.now(UTC) + timedelta(days=1)
        if step == "park":
            self.run(self.records.park_prompt(m.ForPrompt(**known)))
        elif step == "remind":
            self.run(self.records.remind(m.Reminder(**known, number=self.number)))
        else:
            self.run(self.records.reopen_prompt(m.Reopening(**known, number=self.number, due=later)))
        self.model.taken()

    @precondition(lambda self: self.model.waiting is not None)
    @rule(who=people, said=words)
    def answers_in_temporal(self, who: str, said: str) -> None:
        """A whole answer in a signal."""
        asked = self.model.waiting
        assert asked is not None
        signal = AnswerSignal(interaction_id=asked.id, action="proceed", answers={"q1": said}, responded_by=who)
        self.run(self.records.take_answer(self._offered(signal, asked.id)))
        self.model.signalled(who, said)

    @rule()
    def ends(self) -> None:
        """The job is cancelled; also twice."""
        self.run(self.records.finish(m.Ending(job_id=self.job, status=JobStatus.CANCELLED, by="ada")))
        self.wire.gone = True
        self.model.ended()

    # What people do.

    @rule(who=people, said=words, where=targets)
    def answers(self, who: str, said: str, where: str) -> None:
        """An answer, early, late, twice, to the wrong round or the wrong job."""
        target = self._target(where)
        assert self._send(who, said, target) == self.model.answered(target, who, said, away=self.wire.away)

    @precondition(lambda self: self.model.open is not None)
    @rule(said=words)
    def all_answer_at_once(self, said: str) -> None:
        """Three people in the same moment: one wins."""
        asked = self.model.open
        assert asked is not None
        everyone = ["ada", "bob", "eve"]
        statuses = self.run(self._at_once(everyone, said, asked.id))
        assert sorted(statuses) == [202, 409, 409]
        winner = everyone[statuses.index(202)]
        self.model.answered(asked.id, winner, said, away=self.wire.away)
        for who in everyone:
            if who != winner:
                self.model.answered(asked.id, who, said, away=self.wire.away)

    @rule(who=people, said=words, where=targets)
    def answers_nonsense(self, who: str, said: str, where: str) -> None:
        """No answer to the question, only a remark."""
        target = self._target(where)
        body = {"interaction_id": str(target), "action": "proceed", "feedback": said}
        assert self.run(self._post(who, body)) == self.model.nonsense(target, who, said)

    @rule(who=people, said=words, named=st.booleans())
    def keeps_a_draft(self, who: str, said: str, named: bool) -> None:
        """A draft for the prompt that was last seen, named or not."""
        last = self.model.rounds[-1].id if self.model.rounds else uuid4()
        status = self.run(self._draft(who, said, last if named else None))
        assert status == self.model.drafted(who, said)

    # What machines do.

    @rule(away=st.booleans())
    def temporal_comes_and_goes(self, away: bool) -> None:
        """Signals wait while it is away."""
        self.wire.away = away

    @rule()
    def redelivers(self) -> None:
        """Any api process looks for what was not delivered."""
        self.run(redeliver(self.services, age=timedelta(0)))
        self.model.redelivered(away=self.wire.away)

    @invariant()
    def agrees(self) -> None:
        """Prompts, drafts, events and audit are what the model says."""
        assert self.run(self._seen()) == self.model.seen()

    def run(self, work: Coroutine[None, None, T]) -> T:
        """Do it in this machine's own loop."""
        return self.runner.run(work)

    def _target(self, where: str) -> UUID:
        if where == "open" and self.model.rounds:
            return self.model.rounds[-1].id
        if where == "first" and self.model.rounds:
            return self.model.rounds[0].id
        if where == "another job's":
            return self.foreign
        return prompt_key(self.job, HitlType.CLARIFY, len(self.model.rounds) + 1)

    def _offered(self, signal: AnswerSignal, prompt: UUID) -> m.Offered:
        self.number += 1
        return m.Offered(job_id=self.job, interaction_id=prompt, signal=signal, number=self.number)

    def _send(self, who: str, said: str, target: UUID) -> int:
        return self.run(self._post(who, _body(said, target)))

    async def _post(self, who: str, body: Mapping[str, object]) -> int:
        url = f"/api/v1/hitl/{self.job}/response"
        return (await self.client.post(url, json=body, headers={"X-User-Id": who})).status_code

    async def _at_once(self, who: list[str], said: str, target: UUID) -> list[int]:
        return await asyncio.gather(*(self._post(one, _body(said, target)) for one in who))

    async def _draft(self, who: str, said: str, meant: UUID | None) -> int:
        url = f"/api/v1/hitl/{self.job}/draft" + (f"?interaction_id={meant}" if meant else "")
        part = {"answers": {"q1": said}}
        return (await self.client.patch(url, json=part, headers={"X-User-Id": who})).status_code

    async def _connected(self, url: str) -> Database:
        return Database.connect(url, pool_size=5, max_overflow=5)

    async def _foreign(self) -> UUID:
        return await self._open(await make_job(self.database), 1)

    async def _open(self, job: UUID, number: int) -> UUID:
        key = prompt_key(job, HitlType.CLARIFY, number)
        data, schema = ASKED.model_dump(mode="json"), form(HitlType.CLARIFY, ASKED)
        async with self.database.transaction() as session:
            await prompts.open_prompt(session, key, job, HitlType.CLARIFY, number, data, schema, None)
        return key

    async def _seen(self) -> dict[str, object]:
        async with self.database.transaction() as session:
            shown = await prompts.history(session, self.job)
            noted = await audit.of_job(session, self.job)
            drafts = {
                (row.interaction_id, who): kept.model_dump(exclude_none=True)
                for row in shown
                for who in ("ada", "bob", "eve")
                if (kept := await prompts.draft(session, row.interaction_id, who)) is not None
            }
            standing = {
                row.interaction_id: (
                    str(row.status),
                    row.responded_by,
                    ((row.response_data or {}).get("answers") or {}).get("q1"),  # type: ignore[union-attr]
                    row.undeliverable is not None,
                )
                for row in shown
            }
        told = Counter((entry.person, entry.outcome, _said(entry.body)) for entry in noted)
        applied = (await kinds(self.database, self.job)).count("answered")
        return {"prompts": standing, "drafts": drafts, "audit": told, "applied": applied}


def _body(said: str, target: UUID) -> dict[str, object]:
    return {"interaction_id": str(target), "action": "proceed", "answers": {"q1": said}}


def _said(body: Mapping[str, object]) -> object:
    answers = body.get("answers")
    return answers["q1"] if isinstance(answers, dict) else body.get("feedback")


@pytest.mark.slow
def test_the_protocol_is_what_its_model_says(database: Database, database_url: str, tmp_path: Path) -> None:
    class Here(Protocol):
        def __init__(self) -> None:
            super().__init__(database_url, tmp_path)

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=30, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
