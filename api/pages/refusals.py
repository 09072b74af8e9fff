"""How a refusal is told on the page where it happened, in words for people. Has no routes."""

import re

from pydantic import JsonValue

from api.errors import (
    InvalidRequest,
    JobNotEnded,
    KeyReused,
    NotBegun,
    NothingToReopen,
    NothingToRetry,
    PromotionFailed,
    WorkflowGone,
)
from api.pages.job.asked import Typed
from api.problems import problem_of
from domain.errors import AnswerConflict, InvalidAnswer, JobEnded, LibraryConflict, PromotionRefused, SkillFleetError

REFUSALS = (
    *(InvalidRequest, InvalidAnswer, AnswerConflict, JobEnded, WorkflowGone, KeyReused, NothingToRetry),
    *(PromotionRefused, PromotionFailed, LibraryConflict, NothingToReopen, NotBegun, JobNotEnded),
)
"""What a person can do something about on the page itself; everything else is a page of its own."""


_FOR_PROGRAMS = (
    (re.compile(r" \((?:GET|POST) /api/[^)]*\)"), ""),
    (re.compile(r"\s*[^.]*: (?:GET|POST) /api/[^.]*\.(?=\s|$)"), ""),
    (re.compile(r"; with the same Idempotency-Key[^.]*"), ""),
    (re.compile(r" \(the profiles? [^)]* try none\)"), " (a quick look leaves that out)"),
    (re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::[\d.]+)?\+00:00"), r"\1 \2 UTC"),
)
"""What programs are told in an error: requests to send, which are buttons on the page, and times in full."""


def for_people(text: str) -> str:
    """An error's words without what only programs can do with them."""
    for pattern, instead in _FOR_PROGRAMS:
        text = pattern.sub(instead, text)
    return text


def typed_of(refused: SkillFleetError, fields: dict[str, JsonValue]) -> Typed:
    """What was typed into a refused form, with why it was refused."""
    problem = problem_of(refused)
    return Typed(status=problem.status, message=for_people(problem.detail), errors=problem.errors, fields=fields)
