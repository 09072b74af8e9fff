"""The page of analytics: what it draws and says, hostile names, chosen windows, and what it says of nothing."""

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from api.pages.amounts import NARROW
from api.pages.analytics import gained, jobs_chart, rates_chart, spend_chart
from domain.job import JobStatus
from domain.work import CallTally, EventTally, MeasuredTally, PassRates, Work, WorkCounts
from domain.work_sums import summed
from store import calls
from store.session import Database
from tests.api.conftest import Opened
from tests.api.pages.by_hand import HTML, page
from tests.support.published import publish_skill
from tests.support.rows import a_call

HOSTILE = '"><script>alert(1)</script>'
DAY = datetime(2026, 3, 2, tzinfo=UTC)


def work(counts: WorkCounts) -> Work:
    return summed(counts, DAY, DAY.replace(day=4))


async def test_with_nothing_there_it_says_what_will_be_here(client: httpx.AsyncClient) -> None:
    text, _ = await page(client, "/analytics")
    assert "Nothing has happened here yet" in text
    assert 'href="/"' in text and '<svg class="chart' not in text


async def test_every_chart_says_its_main_thing_and_has_its_numbers_in_a_table(
    client: httpx.AsyncClient, database: Database, opened: Opened
) -> None:
    job = await opened(status=JobStatus.COMPLETED)
    async with database.transaction() as session:
        await calls.keep(session, job, a_call(input_tokens=5_000, output_tokens=70, usd=0.5))
    text, _ = await page(client, "/analytics")
    charts = re.findall(r'<svg class="chart over-time".*?</svg>', text, re.DOTALL)
    assert len(charts) == 2
    for chart in charts:
        named = re.search(r'role="img" aria-labelledby="([\w-]+)"', chart)
        assert named and f'<title id="{named[1]}">' in chart
    assert "1 model calls" not in text
    assert "1 job was accepted" in text and "5,070 tokens: 0.50 USD" in text
    assert text.count("<summary>As a table") == 2


async def test_hostile_names_are_text(client: httpx.AsyncClient, database: Database, opened: Opened) -> None:
    job = await opened()
    async with database.transaction() as session:
        await calls.keep(session, job, a_call(model=HOSTILE))
    text, fields = await page(client, "/analytics")
    assert "&lt;script&gt;alert(1)" in text
    assert (HOSTILE in text, fields.inline) == (False, 0)


@pytest.mark.parametrize(("query", "chosen"), [("", "30"), ("?days=7", "7"), ("?days=90", "90"), ("?days=3", "3")])
async def test_a_window_is_chosen_and_stays_chosen(client: httpx.AsyncClient, query: str, chosen: str) -> None:
    text, _ = await page(client, f"/analytics{query}")
    assert re.findall(r'<option value="(\d+)" selected>', text) == [chosen]
    assert '<label for="days">' in text


@pytest.mark.parametrize("days", ["0", "366", "x", "-1"])
async def test_a_window_that_is_none_is_a_page_that_says_so(client: httpx.AsyncClient, days: str) -> None:
    refused = await client.get(f"/analytics?days={days}", headers=HTML)
    assert refused.status_code == 422
    assert "<h1>" in refused.text


async def test_skills_that_nobody_uses_are_named(client: httpx.AsyncClient, database: Database, opened: Opened) -> None:
    await publish_skill(database, "left-alone")
    await opened()
    text, _ = await page(client, "/analytics")
    assert "Never used in this time: 1" in text and "<li>left-alone</li>" in text


def test_jobs_are_stacked_by_how_they_ended_and_accepted_ones_are_a_line() -> None:
    events = [
        EventTally(day=DAY.date(), jobs=3),
        EventTally(day=DAY.date(), ended=JobStatus.COMPLETED, jobs=2),
        EventTally(day=DAY.date(), ended=JobStatus.FAILED, jobs=1),
    ]
    chart = jobs_chart(work(WorkCounts(events=events)))
    assert chart.sentence == "3 jobs were accepted and 3 ended, 2 of them completed."
    assert [bar.words for bar in chart.bars] == ["2026-03-02: completed 2", "2026-03-02: failed 1"]
    assert chart.line


def test_what_is_not_priced_is_said_in_the_sentence() -> None:
    counted = [CallTally(model="m", day=DAY.date(), calls=2, input_tokens=8, output_tokens=2, unpriced=2)]
    assert spend_chart(work(WorkCounts(calls=counted))).sentence == "2 model calls with 10 tokens: price unknown."


def test_pass_rates_stand_beside_each_other_up_to_a_hundred() -> None:
    measured = [MeasuredTally(model="m", day=DAY.date(), measured=1, cases=4, without=1, with_=3)]
    chart = rates_chart(work(WorkCounts(measured=measured)))
    told = chart.sentence.replace(NARROW, " ")
    assert told == "Agents passed 25 % of the cases without the skill and 75 % with it: +50 points."
    assert (chart.highest, len(chart.bars)) == (100, 2)
    assert gained(PassRates()) == "Nothing was measured in this time."


def test_a_day_without_a_measurement_has_no_bar_and_one_that_failed_all_has() -> None:
    measured = [MeasuredTally(model="m", day=DAY.date(), measured=1, cases=4, without=0, with_=2)]
    bars = rates_chart(work(WorkCounts(measured=measured))).bars
    assert [bar.words.removeprefix("2026-03-02: ") for bar in bars] == [
        "without the skill, % 0",
        "with the skill, % 50",
    ]


async def test_charts_have_axes_and_what_nobody_answered_has_no_bar(
    client: httpx.AsyncClient, opened: Opened, asked: Opened
) -> None:
    await asked(await opened())
    text, _ = await page(client, "/analytics?days=7")
    [axes] = re.findall(r'<div class="plot">.*?</div>', text, re.DOTALL)
    said = re.findall(r'<span aria-hidden="true">([^<]*)</span>', axes)
    today = datetime.now(UTC).date()
    assert said == ["1", "0", str(today - timedelta(days=6)), str(today)]
    [waits] = re.findall(r'<th scope="row">answers.*?</tr>', text, re.DOTALL)
    assert "<svg" not in waits and 'data-name="Answered">0<' in waits
