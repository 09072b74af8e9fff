"""Kind, style and files by rule: what a model proposes counts only where it is needed and legal."""

import pytest

from activities.programs.kinds import HUB, FileItem, asked_style, files_of, kind_by_rule, kind_of, may_need_files
from domain.brief import Brief, Kind
from domain.job import Style
from tests.activities.programs.conftest import REQUEST

NOTES = Brief(task=REQUEST)
SCRIPT = Brief(task="Calculate the checksum of each release archive")
CODES = FileItem(path="references/error-codes.md", purpose="Lists the error codes.")
COUNT = FileItem(path="scripts/count.py", purpose="Counts the words with Python.")


@pytest.mark.parametrize(
    ("task", "kind"),
    [
        (REQUEST, "technique"),
        ("Write notes of never more than 300 words that must always have a title", "technique"),
        ("Run the tests before every commit, even when the deadline is near", "discipline"),
        ("Never delete a table without asking", "discipline"),
        ("Look up the parameters of our API", "reference"),
        ("Spot race conditions in a code review", "pattern"),
    ],
)
def test_the_words_of_a_request_speak_for_a_kind(task: str, kind: Kind) -> None:
    assert kind_by_rule(Brief(task=task)) == kind


def test_a_models_kind_stands_if_it_is_one() -> None:
    assert kind_of(" Reference ", NOTES) == "reference"
    assert kind_of("recipe", NOTES) == "technique"
    assert kind_of("", Brief(task="Spot race conditions in a code review")) == "pattern"


@pytest.mark.parametrize(
    ("style", "brief", "needed"),
    [
        ("comprehensive", NOTES, False),
        ("minimal", NOTES, False),
        ("navigation_hub", NOTES, True),
        ("minimal", SCRIPT, True),
        ("comprehensive", Brief(task="Look up the parameters of our API"), True),
        ("minimal", Brief(task="Look up the parameters of our API"), False),
    ],
)
def test_a_model_is_asked_for_files_only_where_they_may_be_needed(style: Style, brief: Brief, needed: bool) -> None:
    assert may_need_files(style, brief) is needed


def test_a_script_needs_a_request_that_names_a_computation() -> None:
    assert [file.path for file in files_of([CODES, COUNT], "navigation_hub", "technique", NOTES)] == [CODES.path]
    assert [file.path for file in files_of([CODES, COUNT], "comprehensive", "technique", SCRIPT)] == [COUNT.path]
    assert files_of([CODES, COUNT], "comprehensive", "technique", NOTES) == []
    assert [file.path for file in files_of([CODES], "comprehensive", "reference", NOTES)] == [CODES.path]


def test_a_hub_always_points_somewhere_and_never_outside() -> None:
    hostile = [FileItem(path="../../.ssh/authorized_keys", purpose="Holds the keys."), FileItem(path="references/x.md")]
    assert [file.path for file in files_of(hostile, "navigation_hub", "technique", NOTES)] == [HUB]
    full = [FileItem(path=f"references/part-{number}.md", purpose=f"Tells part {number} of it.") for number in range(9)]
    assert len(files_of(full, "navigation_hub", "technique", NOTES)) == 4
    scripts = [FileItem(path=f"scripts/part-{number}.sh", purpose=f"Does part {number} of it.") for number in range(9)]
    assert files_of(scripts, "navigation_hub", "technique", SCRIPT)[0].path == HUB


def test_a_purpose_that_cites_what_nobody_gave_is_no_purpose() -> None:
    cited = FileItem(path="references/law.md", purpose="Quotes https://example.org/law in full.")
    assert [file.path for file in files_of([cited], "navigation_hub", "technique", NOTES)] == [HUB]


@pytest.mark.parametrize(
    ("feedback", "style"),
    [
        ("Make it minimal", "minimal"),
        ("As a navigation hub, please", "navigation_hub"),
        ("navigation-hub", "navigation_hub"),
        ("Comprehensive!", "comprehensive"),
        ("Minimal or comprehensive?", None),
        ("Use minimalist words", None),
        ("Call it notes", None),
        ("", None),
    ],
)
def test_feedback_names_a_style(feedback: str, style: Style | None) -> None:
    assert asked_style(feedback) == style
