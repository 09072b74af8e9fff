"""The soak, scaled: model calls of seconds on a whole stack, and a server that ends what idles for nearly as long."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.soak.options import Options
from tests.soak.report import Found
from tests.soak.soak import slow_in, soak
from tests.soak.watch import API, WORKER, Pool, percentile, scraped

SCALED = Options(jobs=12, model_seconds=1.5, idle_limit=1.4, pause=0.25)
"""A transaction held across a call would idle for longer than the server allows, as one of 120 s would beside 60 s."""

WELL = """
skill_fleet_db_slow_transactions_total 0
skill_fleet_db_checkout_seconds_bucket{le="0.1"} 99
skill_fleet_db_checkout_seconds_bucket{le="0.5"} 100
skill_fleet_db_checkout_seconds_bucket{le="+Inf"} 100
"""

GOOD = Found(
    options=Options(jobs=2),
    wall=1.0,
    looks=1,
    jobs={"completed": 2},
    calls=2,
    shortest_call=120.0,
    pools={name: Pool(used=(0, 0, 24)) for name in (API, WORKER)},
    scrapes={name: scraped(WELL) for name in (API, WORKER)},
    killed=0,
    slow=Counter(),
    cpu={},
    load=0.0,
)


@pytest.mark.integration
@pytest.mark.slow
async def test_a_dozen_jobs_with_slow_models_hold_no_transaction_and_few_connections(tmp_path: Path) -> None:
    found = await soak(tmp_path, SCALED)
    assert found.broken() == [], found.table()
    assert found.calls >= 12 * 5
    assert found.looks > 10


def test_a_good_soak_breaks_nothing() -> None:
    assert (GOOD.broken(), GOOD.late()) == ([], [])


@pytest.mark.parametrize(
    "bad",
    [
        replace(GOOD, killed=1),
        replace(GOOD, jobs={"completed": 1, "failed": 1}),
        replace(GOOD, shortest_call=1.0),
        replace(GOOD, pools={API: Pool(used=(0, 0, 50)), WORKER: Pool(used=(0,))}),
        replace(GOOD, pools={API: Pool(used=(0,)), WORKER: Pool(used=(0, 12, 12))}),
    ],
    ids=["ended for idling", "a job failed", "the model was quick", "all in use once", "one a job all the time"],
)
def test_each_way_to_break_the_promise_is_told(bad: Found) -> None:
    assert len(bad.broken()) == 1


@pytest.mark.parametrize(
    "bad",
    [
        replace(GOOD, slow=Counter({"UPDATE jobs": 2})),
        replace(GOOD, pools={API: Pool(used=(0, 0, 25)), WORKER: Pool(used=(0,))}),
        replace(GOOD, scrapes={API: scraped(WELL.replace(" 99", " 98")), WORKER: scraped(WELL)}),
        replace(GOOD, scrapes={API: scraped(WELL.replace("total 0", "total 1")), WORKER: scraped(WELL)}),
    ],
    ids=["slow transactions", "half the pool at one moment", "slow checkouts", "counted and not logged"],
)
def test_each_way_to_be_late_is_told(bad: Found) -> None:
    assert len(bad.late()) == 1


def test_what_was_never_looked_at_is_no_proof() -> None:
    assert replace(GOOD, pools={API: Pool(), WORKER: Pool()}).broken()


def test_a_percentile_is_the_border_of_its_bucket() -> None:
    read = scraped(WELL)
    assert [percentile(read, "skill_fleet_db_checkout_seconds", share) for share in (0.5, 0.99, 1)] == [0.1, 0.1, 0.5]


def test_slow_transactions_are_found_in_a_log_of_either_form(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text(
        "WARNING:store.pool:a transaction took 2.00 s; nothing slow may happen inside one. It ended with: UPDATE jobs\n"
        '{"event": "a transaction took 1.20 s; nothing slow may happen inside one. It ended with: SELECT 1"}\n'
        "INFO:other:a line\n"
    )
    assert [statement[:8] for statement in slow_in(log)] == ["UPDATE j", "SELECT 1"]
