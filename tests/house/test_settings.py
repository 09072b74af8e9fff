"""The settings: a typing error is told at the start, and a key goes to the provider it was meant for."""

import os
from pathlib import Path
from typing import get_args

import pytest
from pydantic import SecretStr, ValidationError

from settings import PREFIX, ModelSettings, Role, Settings, UnknownSettingError, load

ROLES: tuple[Role, ...] = get_args(Role)
KEY = SecretStr("key-of-openai")


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith(PREFIX)]:
        monkeypatch.delenv(name)


def test_an_unknown_variable_is_refused_and_the_known_ones_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILL_FLEET_MODLE", "openai/gpt-5")
    with pytest.raises(UnknownSettingError) as caught:
        load()
    assert "SKILL_FLEET_MODLE" in str(caught.value)
    assert "SKILL_FLEET_MODEL," in str(caught.value)


def test_every_unknown_variable_is_named_at_once() -> None:
    with pytest.raises(UnknownSettingError, match="SKILL_FLEET_A, SKILL_FLEET_B"):
        load({"SKILL_FLEET_B": "1", "SKILL_FLEET_A": "1", "SKILL_FLEET_MODEL": "openai/x", "HOME": "/"})


def test_a_variable_in_small_letters_is_held_to_the_same_names() -> None:
    with pytest.raises(UnknownSettingError, match="skill_fleet_modle"):
        load({"skill_fleet_modle": "1"})


def test_each_field_is_read_from_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILL_FLEET_MODEL", "openai/gpt-5")
    monkeypatch.setenv("SKILL_FLEET_MODEL_CONCURRENCY", "3")
    monkeypatch.setenv("SKILL_FLEET_LIBRARY", "somewhere")
    read = load()
    assert (read.model, read.model_concurrency, read.library) == ("openai/gpt-5", 3, Path("somewhere"))


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields:
        monkeypatch.setenv(PREFIX + field.upper(), "")
    assert load() == Settings()
    assert load().model is None


@pytest.mark.parametrize(
    ("name", "value"), [("MODEL_CONCURRENCY", "0"), ("MODEL_CONCURRENCY", "many"), ("MODEL_TIMEOUT", "0")]
)
def test_a_value_out_of_range_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(ValidationError, match=name.lower()):
        load()


def test_settings_never_change_and_never_show_a_secret() -> None:
    read = Settings(model_api_key=KEY, database_url=SecretStr("postgresql://u:pass@h/d"))
    with pytest.raises(ValidationError):
        read.__setattr__("model", "other")
    assert "key-of-openai" not in repr(read)
    assert "pass" not in repr(read).replace("password", "")


@pytest.mark.parametrize("role", ROLES)
def test_a_role_without_its_own_model_takes_the_common_one_whole(role: Role) -> None:
    common = Settings(model="openai/gpt-5", model_api_base="https://a.example/v1", model_api_key=KEY)
    expected = ModelSettings(model="openai/gpt-5", api_base="https://a.example/v1", api_key=KEY)
    assert common.model_for(role) == expected


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_left_out_when_no_model_is_configured(role: Role) -> None:
    assert Settings(model_api_key=KEY).model_for(role) is None


def test_a_model_named_for_one_role_is_no_model_of_the_others() -> None:
    only_judge = Settings(judge_model="openai/gpt-5", judge_model_api_key=KEY)
    assert only_judge.model_for("judge") == ModelSettings(model="openai/gpt-5", api_key=KEY)
    assert only_judge.model_for("author") is None


@pytest.mark.parametrize("role", ROLES)
def test_another_model_of_the_same_provider_takes_the_common_address_and_key(role: Role) -> None:
    fields = {"model": "openai/gpt-5", "model_api_key": KEY, f"{role}_model": "openai/gpt-5-mini"}
    assert Settings.model_validate(fields).model_for(role) == ModelSettings(model="openai/gpt-5-mini", api_key=KEY)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "own",
    [
        {"model": "openai/local", "model_api_base": "http://127.0.0.1:1/v1"},
        {"model": "anthropic/claude-x"},
        {"model_api_base": "http://127.0.0.1:1/v1"},
    ],
    ids=["own model at another address", "own model of another provider", "only another address"],
)
def test_a_key_is_never_sent_to_a_provider_it_was_not_meant_for(role: Role, own: dict[str, str]) -> None:
    named = {f"{role}_{field}": value for field, value in own.items()}
    found = Settings.model_validate({"model": "openai/gpt-5", "model_api_key": KEY, **named}).model_for(role)
    assert found is not None
    assert found.api_key is None


@pytest.mark.parametrize("role", ROLES)
def test_a_roles_own_key_never_goes_to_the_common_address_with_its_own_model(role: Role) -> None:
    own = {f"{role}_model": "anthropic/claude-x", f"{role}_model_api_key": SecretStr("key-of-anthropic")}
    common = {"model": "openai/gpt-5", "model_api_base": "http://127.0.0.1:1/v1", "model_api_key": KEY}
    found = Settings.model_validate({**common, **own}).model_for(role)
    assert found is not None
    assert (found.api_base, found.api_key) == (None, SecretStr("key-of-anthropic"))


def test_stray_variables_of_other_programs_never_become_a_models_address_or_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("API_KEY", "of-something-else")
    monkeypatch.setenv("API_BASE", "http://elsewhere.example")
    monkeypatch.setenv("MODEL", "other/model")
    assert Settings(model="openai/gpt-5").model_for("author") == ModelSettings.model_construct(
        model="openai/gpt-5", api_base=None, api_key=None
    )


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({}, ("not set", "SKILL_FLEET_MODEL_API_KEY", "")),
        ({"model": "openai/gpt-5", "model_api_key": KEY}, ("set", "SKILL_FLEET_MODEL_API_KEY", "")),
        ({"model": "openai/gpt-5"}, ("not set", "SKILL_FLEET_MODEL_API_KEY", "")),
        (
            {"model": "openai/gpt-5", "model_api_key": KEY, "judge_model": "anthropic/claude-x"},
            ("not set", "SKILL_FLEET_JUDGE_MODEL_API_KEY", ""),
        ),
        ({"judge_model": "openai/x", "judge_model_api_key": KEY}, ("set", "SKILL_FLEET_JUDGE_MODEL_API_KEY", "")),
        (
            {"judge_model": "openai/x", "judge_model_api_base": "http://127.0.0.1:1/v1"},
            ("not needed", "SKILL_FLEET_JUDGE_MODEL_API_KEY", "127.0.0.1:1"),
        ),
        ({"model": "ollama/qwen3"}, ("not needed", "SKILL_FLEET_MODEL_API_KEY", "")),
    ],
)
def test_what_is_shown_of_a_key_is_whether_it_is_set_and_where(
    given: dict[str, object], shown: tuple[str, str, str]
) -> None:
    judge = Settings.model_validate(given).configured.models[1]
    assert (judge.role, judge.key.state, judge.key.variable, judge.host) == ("judge", *shown)


def test_what_is_shown_of_settings_holds_no_secret_and_no_path() -> None:
    secrets = {
        name: SecretStr(f"secret-of-{name}") for name in Settings.model_fields if name.endswith(("key", "secret"))
    }
    bases = {f"{role}_model_api_base": f"https://u:secret-{role}@{role}.example/secret-path" for role in ROLES}
    given = {
        **secrets,
        **bases,
        "model": "openai/gpt-5",
        "database_url": SecretStr("postgresql://u:secret@h/d"),
        "library": Path("/secret-folder/skills"),
        "webhook_url": "https://hooks.example/secret-hook",
        "scanner": "/secret-scanner/bin/scan",
        "mlflow_uri": "https://u:secret@mlflow.example",
    }
    shown = Settings.model_validate(given).configured
    assert "secret" not in shown.model_dump_json()
    assert (shown.library, shown.webhook.host, shown.second_scanner) == ("skills", "hooks.example", True)
    assert [one.host for one in shown.models] == [f"{role}.example" for role in ROLES]


@pytest.mark.parametrize(("given", "kept"), [("http://127.0.0.1:8080/", "http://127.0.0.1:8080"), ("", None)])
def test_the_web_ui_of_temporal_is_a_web_address(monkeypatch: pytest.MonkeyPatch, given: str, kept: str | None) -> None:
    monkeypatch.setenv("SKILL_FLEET_TEMPORAL_UI_URL", given)
    assert load().temporal_ui_url == kept
    monkeypatch.setenv("SKILL_FLEET_TEMPORAL_UI_URL", "javascript:alert(1)")
    with pytest.raises(ValidationError, match="begins with http"):
        load()
