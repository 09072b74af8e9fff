"""Every history recorded by a release goes through today's code: a deploy must not break a job that runs."""

from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from domain.job import StartJob
from workflows import messages as m
from workflows.create_skill import CreateSkill
from workflows.promote_skill import PromoteSkill

RECORDED = sorted(Path(__file__).parent.glob("*.json"))

WHAT_TO_DO = (
    "This change breaks jobs that run: put it behind `workflow.patched('a-name')` so that old histories take the old "
    "path. Never record the history anew."
)


async def replayed(history: WorkflowHistory, workflows: list[type]) -> Exception | None:
    replayer = Replayer(workflows=workflows, data_converter=pydantic_data_converter)
    return (await replayer.replay_workflow(history, raise_on_replay_failure=False)).replay_failure


def recorded(path: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(path.stem, path.read_text())


def test_there_are_histories_of_every_shape() -> None:
    assert len(RECORDED) >= 9


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
async def test_a_recorded_job_goes_through_todays_code(path: Path) -> None:
    failure = await replayed(recorded(path), [CreateSkill, PromoteSkill])
    assert failure is None, f"{WHAT_TO_DO}\n{failure}"


@workflow.defn(name="CreateSkill", sandboxed=False)
class OneStepLess:
    """A careless deploy: it forgets to open the record."""

    @workflow.run
    async def run(self, start: StartJob) -> m.Outcome:
        await workflow.sleep(1)
        return m.Outcome(job_id=start.job_id, status="completed")


async def test_a_careless_change_is_caught() -> None:
    path = next(path for path in RECORDED if "questions_and_approval" in path.stem)
    assert await replayed(recorded(path), [OneStepLess]) is not None
