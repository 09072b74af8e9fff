"""A short chaos on the whole stack in every test run. The long one: `make chaos SEEDS=100`."""

from pathlib import Path

import pytest

from tests.chaos.stack import unleash

pytestmark = [pytest.mark.integration, pytest.mark.slow]

SEED = 306
"""Three jobs, one of them published; worker and Temporal die; the provider fails and hangs up."""


async def test_nothing_is_lost_doubled_or_half_written_whatever_dies(tmp_path: Path) -> None:
    said: list[str] = []
    [result] = await unleash([SEED], said.append, tmp_path)
    assert result.faults == [], "\n".join(said)
    assert result.struck
    assert min(result.counts[what] for what in ("jobs", "answers acknowledged", "model calls paid")) > 0
