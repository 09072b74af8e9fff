"""docs/evidence.md says what the code does."""

import re
from pathlib import Path

from domain.evaluation import Numbers
from domain.evidence.numbers import CLEARLY, RESAMPLES
from domain.evidence.policy import Policy
from domain.evidence.profile import PROFILES

TEXT = (Path(__file__).parents[3] / "docs/evidence.md").read_text()
NUMBERS, GATE = (TEXT.partition(f"## {title}\n")[2].partition("\n## ")[0] for title in ("The numbers", "The gate"))


def test_the_table_of_numbers_has_every_field() -> None:
    named = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.+?) \|", NUMBERS, re.MULTILINE)))
    fields = {field.alias or name for name, field in Numbers.model_fields.items()} - {"model", "by_case"}
    assert sorted(named) == sorted(fields)


def test_the_constants_are_those_of_the_code() -> None:
    assert f"falls by {CLEARLY} or more" in NUMBERS
    assert f"{RESAMPLES:,} resamples" in NUMBERS


def test_the_defaults_of_the_policy_are_those_of_the_code() -> None:
    rows = re.findall(r"^\| `SKILL_FLEET_EVIDENCE_(\w+)` \| .+ \| (.+) \|$", GATE, re.MULTILINE)
    asked = {name: str(value) for name, value in Policy() if name != "mode"}
    assert {name.lower(): value for name, value in rows} == asked
    assert f"- `{Policy().mode}` (default)" in GATE


def test_the_profiles_that_try_no_description_are_named() -> None:
    assert ", ".join(f"`{one.name}`" for one in PROFILES.values() if not one.triggers) in GATE
