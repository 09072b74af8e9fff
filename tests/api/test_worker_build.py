"""Which build gets new work, asked of a Temporal of its own: what is current there would be current for every test."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker, WorkerDeploymentConfig

from api.temporal import Temporal
from api.worker_build import WorkerBuild, current_build
from deploy.temporal_server import find_binary
from deploy.worker_version import DEPLOYMENT, CurrentVersion
from tests.deploy.test_worker_version import Greet
from workflows.steps import WORKFLOWS


@pytest.fixture
async def own() -> AsyncIterator[Client]:
    async with await WorkflowEnvironment.start_local(dev_server_existing_path=str(find_binary())) as environment:
        yield environment.client


async def test_the_build_that_was_made_current_is_told(own: Client) -> None:
    temporal = Temporal(own)
    assert await current_build(temporal) is None
    began, version = time.time(), CurrentVersion("build-1")
    config = WorkerDeploymentConfig(WorkerDeploymentVersion(DEPLOYMENT, "build-1"), True, VersioningBehavior.PINNED)
    async with Worker(own, task_queue=WORKFLOWS, workflows=[Greet], deployment_config=config), asyncio.timeout(20):
        while not await version.ensure(own, began):  # noqa: ASYNC110 - Temporal tells no other way
            await asyncio.sleep(0.1)
        while (told := await current_build(temporal)) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert told == WorkerBuild(deployment=DEPLOYMENT, build="build-1")
