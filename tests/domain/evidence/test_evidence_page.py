"""docs/evidence.md says what the code does."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import pytest

from domain.evaluation import CaseFlag, CaseKind, Expectation, Numbers
from domain.evidence.case_checks import problems
from domain.evidence.case_file import FIELDS, MAX_CASE_BYTES, MAX_CASES, read_cases, write_cases
from domain.evidence.checklist import ITEMS
from domain.evidence.expectations import MAX_COMMAND
from domain.evidence.numbers import CLEARLY, RESAMPLES
from domain.evidence.patterns import MAX_PATTERN, MAX_SEARCHED
from domain.evidence.policy import LEAST_QUERIES, Policy
from domain.evidence.profile import PROFILES
from domain.evidence.schemas import MAX_SCHEMA
from domain.evidence.triggers import FIRES, NEIGHBOURS, OF_A_KIND, RUNS

TEXT = (Path(__file__).parents[3] / "docs/evidence.md").read_text()


def section(title: str) -> str:
    found = TEXT.partition(f"## {title}\n")[2].partition("\n## ")[0]
    assert found, title
    return found


def first_cells(text: str) -> list[str]:
    """What stands in backticks in the first cells of the tables."""
    return re.findall(r"`([\w.]+)`", "".join(re.findall(r"^\| (`.+?) \|", text, re.MULTILINE)))


NUMBERS, GATE = section("The numbers"), section("The gate")


def test_the_table_of_numbers_has_every_field() -> None:
    named = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.+?) \|", NUMBERS, re.MULTILINE)))
    fields = {field.alias or name for name, field in Numbers.model_fields.items()} - {"model", "by_case"}
    assert sorted(named) == sorted(fields)


def test_the_constants_are_those_of_the_code() -> None:
    assert f"falls by {CLEARLY} or more" in NUMBERS
    assert f"{RESAMPLES:,} resamples" in NUMBERS


def test_the_defaults_of_the_policy_are_those_of_the_code() -> None:
    rows = re.findall(r"^\| `SKILL_FLEET_EVIDENCE_(\w+)` \| .+ \| (.+) \|$", GATE, re.MULTILINE)
    asked = {name: "off" if value is False else str(value) for name, value in Policy() if name != "mode"}
    assert {name.lower(): value for name, value in rows} == asked
    assert f"- `{Policy().mode}` (default)" in GATE


def test_the_profiles_that_try_no_description_are_named() -> None:
    assert ", ".join(f"`{one.name}`" for one in PROFILES.values() if not one.triggers) in GATE


def test_the_table_of_profiles_is_that_of_the_code() -> None:
    rows = [
        [cell.strip().strip("`") for cell in row.strip("|").split("|")]
        for row in re.findall(r"^\| `.+$", section("Profiles"), re.MULTILINE)
    ]
    told = {True: "yes", False: "no"}
    assert rows == [
        [
            *(one.name, str(one.cases), str(one.runs), told[one.judge], told[one.triggers]),
            *(told[one.sharpen], str(one.rounds), told[one.compare]),
        ]
        for one in PROFILES.values()
    ]


def test_a_profile_is_said_to_be_too_short_for_the_policy_where_it_is() -> None:
    enough = [one.cases >= Policy().cases and one.triggers for one in PROFILES.values()]
    assert enough == [True, False, False]
    assert "The last\ntwo can never meet the default policy" in section("Profiles")


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("Flags", get_args(CaseFlag.model_fields["kind"].annotation)),
        ("The checklist", ITEMS),
        ("Cases", [*CaseKind, *get_args(Expectation.model_fields["check"].annotation)]),
    ],
    ids=["flags", "checklist", "kinds and checks"],
)
def test_a_table_names_all_that_there_is_in_its_order(title: str, names: Sequence[str]) -> None:
    assert first_cells(section(title)) == [str(name) for name in names]


def test_the_example_is_a_text_of_cases_that_can_show_something() -> None:
    [example] = re.findall(r"```yaml\n(.+?)```", section("Cases"), re.DOTALL)
    cases = read_cases(example)
    assert [found for case in cases for found in problems(case)] == []
    assert read_cases(write_cases(cases)) == cases
    shown = {item.check for case in cases for item in case.expectations}
    assert shown == set(get_args(Expectation.model_fields["check"].annotation))
    assert set(FIELDS) == {"id", "kind", "prompt", "expectations"}


def test_the_bounds_of_cases_are_those_of_the_code() -> None:
    text = section("Cases")
    assert f"up to {MAX_CASES} cases and {MAX_CASE_BYTES // 1024} KB" in text
    assert f"first {MAX_SEARCHED:,} characters" in text and f"at most {MAX_PATTERN} characters" in text
    assert f"at most {MAX_SCHEMA:,} characters" in text and f"at most {MAX_COMMAND} characters" in text


def test_the_numbers_of_the_trial_of_descriptions_are_those_of_the_code() -> None:
    text = section("Descriptions")
    assert f"{2 * OF_A_KIND} messages of users: {OF_A_KIND} that" in text
    assert f"up to {NEIGHBOURS} neighbours" in text and f"asked in {RUNS} runs" in text
    assert f"at least {LEAST_QUERIES} messages of each" in GATE
    assert f"chosen in {FIRES} of the {RUNS} runs" in text


def test_the_contents_list_names_every_section() -> None:
    titles = re.findall(r"^## (.+)$", TEXT, re.MULTILINE)
    listed = re.findall(r"\[([^\]]+)\]\(#", TEXT.partition("\n## ")[0])
    assert sorted(listed) == sorted(title[0].lower() + title[1:] for title in titles)
