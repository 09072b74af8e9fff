"""Links to Temporal's Web UI: made of the right parts, quoted, and not there when nobody said where it is."""

from uuid import UUID, uuid4

import httpx
import pytest
from pydantic import SecretStr, ValidationError
from temporalio.testing import WorkflowEnvironment

from api.app import build
from api.workflow_pages import NOWHERE, WorkflowPages
from settings import Settings
from store.session import Database
from tests.api.conftest import Opened, served

JOB = UUID("11111111-1111-4111-8111-111111111111")
UI = "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("kind", "workflow"), [("create_skill", f"create-skill%3A{JOB}"), ("evaluate_skill", f"evaluate-skill%3A{JOB}")]
)
def test_a_link_names_namespace_and_workflow(kind: str, workflow: str) -> None:
    assert WorkflowPages(UI, "a/b c").of(JOB, kind) == f"{UI}/namespaces/a%2Fb%20c/workflows/{workflow}"


def test_without_an_address_there_is_no_link() -> None:
    assert NOWHERE.of(JOB, "create_skill") is None


@pytest.mark.parametrize("given", ["javascript:alert(1)", "http://ada:secret@x.example", "x.example"])
def test_a_setting_that_no_link_may_begin_with_is_refused_at_the_start(given: str) -> None:
    with pytest.raises(ValidationError, match="temporal_ui_url"):
        Settings(temporal_ui_url=given)


async def test_a_job_says_where_its_workflow_is_shown(
    database: Database, database_url: str, temporal: WorkflowEnvironment, opened: Opened, client: httpx.AsyncClient
) -> None:
    job = await opened(user="ada")
    assert (await client.get(f"/api/v1/jobs/{job}")).json()["workflow_url"] is None
    settings = Settings(database_url=SecretStr(database_url), temporal_ui_url=f"{UI}/")
    target = temporal.client.service_client.config.target_host
    app = build(settings, {"target_host": target, "namespace": "default"})
    async with served(app) as linked:
        expected = f"{UI}/namespaces/default/workflows/create-skill%3A{job}"
        assert (await linked.get(f"/api/v1/jobs/{job}")).json()["workflow_url"] == expected
        assigned = await linked.put(f"/api/v1/jobs/{job}/assignee", json={"assignee": "bob"})
        assert assigned.json()["workflow_url"] == expected
        assert (await linked.get(f"/api/v1/jobs/{uuid4()}")).status_code == 404
