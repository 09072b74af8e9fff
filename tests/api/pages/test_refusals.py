"""Words of an error on the page: what only programs can do with them is left out."""

from uuid import UUID

import pytest

from api.errors import TimedOut
from api.pages.refusals import for_people, typed_of
from domain.evaluation import Numbers
from domain.evidence.policy import Policy, lacking

JOB = UUID(int=7)


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        (f"There is no such job. See the list: GET /api/v1/jobs/{JOB}.", "There is no such job."),
        ("It is mended. Then retry: POST /api/v1/jobs/7/retry.", "It is mended."),
        ('It ended. Start a new job: POST /api/v1/skills {"from_job": "7"}.', "It ended."),
        (f"Cancel it first (POST /api/v1/jobs/{JOB}/cancel), or answer.", "Cancel it first, or answer."),
        (
            "ada answered at 2026-11-21T15:08:11.120+00:00. Yours is kept.",
            "ada answered at 2026-11-21 15:08 UTC. Yours is kept.",
        ),
        (
            "Set SKILL_FLEET_MODEL, then try: see docs/models.md.",
            "Set SKILL_FLEET_MODEL, then try: see docs/models.md.",
        ),
        (
            lacking(Policy(), Numbers(model="m", cases=3, runs=3, without=0.2, with_=0.9, delta=0.7), None)[-1],
            "its description was not tried on queries (a quick look leaves that out)",
        ),
    ],
)
def test_a_person_is_not_told_to_send_requests(told: str, shown: str) -> None:
    assert for_people(told) == shown


def test_what_was_typed_is_told_with_the_problem() -> None:
    typed = typed_of(TimedOut("Too slow; with the same Idempotency-Key it is done once.", 2), {"reason": "late"})
    assert (typed.status, typed.message, typed.fields) == (503, "Too slow.", {"reason": "late"})
