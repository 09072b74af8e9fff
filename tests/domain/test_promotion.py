"""Whether a draft may be published: what each thing that is missing is called, and what force can and cannot pass."""

import itertools

import pytest

from domain.promotion import Standing, obstacle

READY = Standing(revision=2, digest="d", ended=True, validated=True, waived=False)


def without(**changes: object) -> Standing:
    return READY.model_copy(update=changes)


@pytest.mark.parametrize("draft", [READY, without(validated=False, waived=True), without(waived=True)])
def test_a_draft_that_passed_or_was_let_stand_may_be_published(draft: Standing) -> None:
    assert obstacle(draft, force=False, reason="") is None


@pytest.mark.parametrize(
    ("draft", "says"),
    [
        (without(revision=None, digest=None), "no draft yet"),
        (without(revision=None), "no draft yet"),
        (without(digest=None), "no draft yet"),
        (without(ended=False), "not completed"),
        (without(validated=False), "has not passed"),
    ],
)
def test_what_is_missing_is_named(draft: Standing, says: str) -> None:
    assert says in (obstacle(draft, force=False, reason="") or "")


@pytest.mark.parametrize("draft", [without(revision=None), without(digest=None), without(ended=False)])
def test_force_passes_over_no_missing_draft_and_no_running_job(draft: Standing) -> None:
    assert obstacle(draft, force=True, reason="we need it today") is not None


def test_force_passes_over_a_failed_validation_when_it_says_why() -> None:
    assert obstacle(without(validated=False), force=True, reason="we need it today") is None


@pytest.mark.parametrize("reason", ["", " \n"])
@pytest.mark.parametrize("draft", [READY, without(validated=False)])
def test_force_without_a_reason_is_refused_even_where_it_was_not_needed(draft: Standing, reason: str) -> None:
    assert "reason" in (obstacle(draft, force=True, reason=reason) or "")


def test_nothing_is_published_that_is_neither_whole_nor_judged_nor_forced() -> None:
    for revision, digest in itertools.product([1, None], ["d", None]):
        for ended, validated, waived, force in itertools.product([True, False], repeat=4):
            draft = Standing(revision=revision, digest=digest, ended=ended, validated=validated, waived=waived)
            allowed = obstacle(draft, force=force, reason="why") is None
            assert allowed == bool(revision and digest and ended and (validated or waived or force))
