"""Where the api is: the flag before the setting before the running stack's note."""

from pathlib import Path

import pytest

from cli import address
from cli.problems import CliError, UsageProblem
from settings import Settings


def settings(folder: Path, url: str | None = None) -> Settings:
    return Settings(data_dir=folder, api_url=url)


def test_the_flag_wins_then_the_setting_then_the_stack(tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_text('{"api_url": "http://stack", "temporal_address": "later", "pids": {"api": 1}}')
    assert address.find("http://flag/", settings(tmp_path, "http://setting")) == "http://flag"
    assert address.find(None, settings(tmp_path, "http://setting")) == "http://setting"
    assert address.find(None, settings(tmp_path)) == "http://stack"


@pytest.mark.parametrize("content", [None, "", "{}", "not json"])
def test_without_any_it_says_how_to_start(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "stack.json").write_text(content)
    with pytest.raises(CliError) as caught:
        address.find(None, settings(tmp_path))
    assert "skill-fleet up" in caught.value.next_step
    assert str(tmp_path) in caught.value.why


def test_an_address_that_is_none_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem):
        address.find("localhost:8000", settings(tmp_path))
