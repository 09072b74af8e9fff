"""What the parts find in their environment."""

from pathlib import Path

import pytest

from deploy import environment
from deploy.environment import Addresses, Surroundings
from settings import load

WHERE = Addresses(
    "postgresql://u:p@127.0.0.1:5/d", "127.0.0.1:7", "http://127.0.0.1:8", Path("/library"), Path("/data")
)


def test_a_person_s_own_temporal_does_not_reach_the_parts() -> None:
    around = Surroundings.of({"TEMPORAL_API_KEY": "cloud", "TEMPORAL_PROFILE": "prod", "OPENAI_API_KEY": "kept"})
    found = environment.application(around, WHERE)
    assert "TEMPORAL_API_KEY" not in found
    assert "TEMPORAL_PROFILE" not in found
    assert found["TEMPORAL_CONFIG_FILE"] == "/dev/null"
    assert found["TEMPORAL_ADDRESS"] == "127.0.0.1:7"
    assert found["OPENAI_API_KEY"] == "kept"


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_loopback_never_goes_through_a_proxy(name: str) -> None:
    base = Surroundings.of({name: "intranet", "HTTPS_PROXY": "http://proxy"}).base
    assert base["NO_PROXY"] == base["no_proxy"] == "intranet,127.0.0.1,localhost"


def test_the_application_finds_database_library_and_folder() -> None:
    found = environment.application(Surroundings.of({}), WHERE)
    assert found["SKILL_FLEET_DATABASE_URL"] == WHERE.database_url
    assert found["SKILL_FLEET_LIBRARY"] == "/library"
    assert found["SKILL_FLEET_DATA_DIR"] == "/data"


def test_the_page_links_to_the_web_ui_of_this_stack_and_no_other() -> None:
    around = Surroundings.of({"SKILL_FLEET_TEMPORAL_UI_URL": "https://cloud.example"})
    assert environment.application(around, WHERE)["SKILL_FLEET_TEMPORAL_UI_URL"] == "http://127.0.0.1:8"


@pytest.mark.parametrize(
    ("given", "policy"),
    [
        ({}, "warn"),
        ({"SKILL_FLEET_EVIDENCE_POLICY": ""}, "warn"),
        ({"SKILL_FLEET_EVIDENCE_POLICY": "refuse"}, "refuse"),
        ({"SKILL_FLEET_EVIDENCE_POLICY": "warn"}, "warn"),
    ],
)
def test_the_demo_s_stack_warns_unless_the_person_wants_more(given: dict[str, str], policy: str) -> None:
    found = environment.demonstration({"PATH": "/bin", **given})
    assert found == {"PATH": "/bin", "SKILL_FLEET_EVIDENCE_POLICY": policy}
    assert environment.application(Surroundings.of(found), WHERE)["SKILL_FLEET_EVIDENCE_POLICY"] == policy


def test_a_person_s_own_policy_counts_however_it_is_spelled() -> None:
    """Settings are read whatever their case."""
    assert environment.demonstration({"skill_fleet_evidence_policy": "refuse"}) == {
        "skill_fleet_evidence_policy": "refuse"
    }


def test_the_worker_has_a_version_and_no_model_unless_there_is_one() -> None:
    application = environment.application(Surroundings.of({}), WHERE)
    found = environment.worker(application, "abc", {})
    assert (found["TEMPORAL_DEPLOYMENT_NAME"], found["TEMPORAL_WORKER_BUILD_ID"]) == ("skill-fleet", "abc")
    assert not any(name.startswith("SKILL_FLEET_MODEL") for name in found)


def test_the_local_model_is_reached_with_its_key_one_call_at_a_time() -> None:
    found = environment.worker({}, "abc", environment.local_model(8, "key"))
    assert found["SKILL_FLEET_MODEL_API_BASE"] == "http://127.0.0.1:8/v1"
    assert found["SKILL_FLEET_MODEL_CONCURRENCY"] == "1"
    assert (
        environment.model_server(Surroundings.of({}), "key")["MODEL_SERVER_KEY"] == found["SKILL_FLEET_MODEL_API_KEY"]
    )


def test_every_variable_of_ours_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    application = environment.application(Surroundings.of({}), WHERE)
    given = dict(environment.worker(application, "abc", environment.local_model(8, "key")))
    assert load(given) is not None
