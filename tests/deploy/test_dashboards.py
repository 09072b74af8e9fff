"""The alarms: in the form and the language of Prometheus, over numbers that a scrape really has, and in the docs."""

import re
from pathlib import Path
from typing import Literal

import httpx
import promql_parser
import pytest
import yaml
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from promql_parser import Expr, MatchOp, VectorSelector
from pydantic import BaseModel, ConfigDict, Field

from store.session import Database
from tests.api.conftest import app, client, library

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "deploy" / "dashboards" / "skill-fleet.rules.yml"
PAGE = ROOT / "docs" / "operating.md"

__all__ = ["app", "client", "library"]  # fixtures


class Strict(BaseModel):
    """Prometheus refuses a rule file with a key it does not know."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Labels(Strict):
    """What Alertmanager routes by."""

    severity: Literal["critical", "warning"]


class Annotations(Strict):
    """What the person who is woken reads."""

    summary: str = Field(min_length=20, max_length=120)
    description: str = Field(min_length=80)


class Rule(Strict):
    """An alerting rule (prometheus.io: configuration/alerting_rules)."""

    alert: str = Field(pattern=r"^SkillFleet[A-Za-z]+$")
    expr: str
    for_: str = Field(alias="for", pattern=r"^\d+[sm]$")
    labels: Labels
    annotations: Annotations


class Group(Strict):
    """A group of rules."""

    name: str
    rules: list[Rule]


class RuleFile(Strict):
    """The whole file."""

    groups: list[Group]


RULES = [rule for group in RuleFile.model_validate(yaml.safe_load(FILE.read_text())).groups for rule in group.rules]


def selectors(expression: str) -> list[VectorSelector]:
    """What an expression reads. Raises ValueError when it is no PromQL."""
    found: list[VectorSelector] = []

    def visit(node: Expr) -> None:
        if isinstance(node, VectorSelector):
            found.append(node)

    promql_parser.walk(promql_parser.parse(expression), visit)
    return found


def test_no_alarm_has_the_name_of_another() -> None:
    names = [rule.alert for rule in RULES]
    assert len(names) == len(set(names)) >= 10


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.alert)
def test_an_expression_is_promql_and_reads_something(rule: Rule) -> None:
    assert selectors(rule.expr)
    assert promql_parser.parse_duration(rule.for_).total_seconds() >= 30, "shorter than two scrapes"


def test_what_is_no_promql_is_noticed() -> None:
    with pytest.raises(ValueError, match=r"(?s).+"):
        selectors("rate(skill_fleet_up[5m) > 0")


async def test_every_number_and_label_that_an_alarm_reads_is_in_a_scrape(
    client: httpx.AsyncClient, database: Database
) -> None:
    of_api = (await client.get("/metrics")).text
    of_worker = generate_latest(database.meter.registry).decode()
    scrapes = [samples(of_api), samples(of_worker)]
    read = {str(selector): selector for rule in RULES for selector in selectors(rule.expr)}
    assert [text for text, selector in read.items() if not any(matched(selector, scrape) for scrape in scrapes)] == []
    assert not matched(selectors('skill_fleet_up{part="moon"}')[0], scrapes[0])


def samples(scrape: str) -> list[Sample]:
    """All that Prometheus would store of a scrape."""
    return [sample for family in text_string_to_metric_families(scrape) for sample in family.samples]


def matched(selector: VectorSelector, scrape: list[Sample]) -> bool:
    """Whether a scrape has what is read; rules here ask for nothing but equality."""
    assert all(matcher.op == MatchOp.Equal for matcher in selector.matchers.matchers)
    wanted = {matcher.name: matcher.value for matcher in selector.matchers.matchers}
    return any(sample.name == selector.name and wanted.items() <= sample.labels.items() for sample in scrape)


def test_the_operators_page_names_every_alarm_and_no_other() -> None:
    assert set(re.findall(r"`(SkillFleet(?!Status|Phase|Hitl|User)\w+)`", PAGE.read_text())) == {
        rule.alert for rule in RULES
    }


def test_what_a_description_sends_people_to_exists() -> None:
    said = " ".join(rule.annotations.description for rule in RULES)
    assert set(re.findall(r"SkillFleet\w+", said)) <= {rule.alert for rule in RULES}
    assert all((ROOT / path).exists() for path in re.findall(r"docs/[\w./]+\.md", said))
    headings = re.findall(r'docs/(\w+\.md), "([^"]+)"', said)
    assert headings and all(f"## {title}" in (ROOT / "docs" / page).read_text() for page, title in headings)
