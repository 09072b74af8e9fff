"""Whether a draft may be published: what each thing that is missing is called, and what force can and cannot pass."""

import itertools

import pytest

from domain.evaluation import Evidence
from domain.evidence.policy import Policy
from domain.library.promotion import BY_FORCE, Need, Standing, missing, obstacles, told, warnings

D, OTHER = "d" * 64, "e" * 64
READY = Standing(revision=2, digest=D, ended=True, judged=True, cases=2, runs=2, lying=D)


def without(**changes: object) -> Standing:
    return READY.model_copy(update=changes)


POOR = Evidence(status="measured", lacking=["2 of at least 3 cases prove it", "the gain is 0 points"])

LACKING = {
    Need.DRAFT: without(revision=None),
    Need.ENDED: without(ended=False),
    Need.FILES: without(lying=OTHER),
    Need.VALIDATION: without(judged=False),
    Need.SCAN: without(scanned=["injection (SKILL.md:3)"]),
    Need.EVALUATION: without(runs=1),
    Need.REQUIREMENTS: without(unmet=["git-basics is not in the library."]),
}


@pytest.mark.parametrize("draft", [READY, without(lying=None), without(cases=0, runs=0)])
def test_a_digest_with_all_it_needs_may_be_published(draft: Standing) -> None:
    assert missing(draft) == []
    assert missing(draft, approving=D) == []


@pytest.mark.parametrize("need", LACKING)
def test_what_is_missing_is_named_with_what_to_do(need: Need) -> None:
    [found] = missing(LACKING[need])
    assert found.what is need
    assert found.why.endswith(".")
    assert found.next_step.endswith(".")


def test_everything_that_is_missing_is_named_at_once() -> None:
    draft = without(judged=False, runs=0, lying=OTHER, scanned=["injection (SKILL.md:3)"])
    found = missing(draft, approving=OTHER)
    assert [item.what for item in found] == [
        Need.APPROVAL,
        Need.FILES,
        Need.VALIDATION,
        Need.SCAN,
        Need.EVALUATION,
    ]
    assert all(item.why in told(found) and item.next_step in told(found) for item in found)


@pytest.mark.parametrize("gone", [{"revision": None}, {"digest": None}, {"kept": False}])
def test_without_files_nothing_else_is_asked(gone: dict[str, object]) -> None:
    assert [item.what for item in missing(without(**gone, judged=False))] == [Need.DRAFT]


def test_an_error_that_nobody_waived_is_named_by_its_code() -> None:
    [found] = missing(without(open_errors=["link-broken"]))
    assert (found.what, "link-broken" in found.why) == (Need.VALIDATION, True)


def test_who_approves_another_digest_than_the_drafts_is_told_of_both() -> None:
    [found] = missing(READY, approving=OTHER)
    assert (found.what, OTHER[:12] in found.why, D[:12] in found.why) == (Need.APPROVAL, True, True)


@pytest.mark.parametrize("need", LACKING)
def test_force_passes_over_verdicts_and_never_over_what_the_text_is(need: Need) -> None:
    left = [item.what for item in obstacles(LACKING[need], force=True)]
    assert left == ([] if need in BY_FORCE else [need])


def test_force_does_not_publish_another_text_than_the_one_that_was_read() -> None:
    assert [item.what for item in obstacles(READY, force=True, approving=OTHER)] == [Need.APPROVAL]


def test_nothing_is_published_that_is_neither_whole_nor_judged_nor_forced() -> None:
    for revision, digest in itertools.product([2, None], [D, None]):
        for ended, judged, force, runs in itertools.product([True, False], [True, False], [True, False], [0, 2]):
            draft = without(revision=revision, digest=digest, ended=ended, judged=judged, runs=runs, lying=None)
            allowed = not obstacles(draft, force=force)
            assert allowed == bool(revision and digest and ended and ((judged and runs == 2) or force))


def test_each_thing_that_the_evidence_lacks_stands_in_the_way_with_what_to_do() -> None:
    found = missing(without(evidence=POOR))
    assert [(item.what, item.why) for item in found] == [
        (Need.EVALUATION, "2 of at least 3 cases prove it."),
        (Need.EVALUATION, "The gain is 0 points."),
    ]
    assert all("from_job" in item.next_step and "force" in item.next_step for item in found)
    assert obstacles(without(evidence=POOR), force=True) == []


def test_a_policy_that_warns_lets_pass_what_it_tells() -> None:
    draft = without(evidence=POOR, policy=Policy(mode="warn"))
    assert missing(draft) == []
    assert warnings(draft) == POOR.lacking
    assert warnings(without(evidence=POOR)) == []
    assert warnings(without(revision=None, evidence=POOR, policy=Policy(mode="warn"))) == []


@pytest.mark.parametrize("mode", ["refuse", "warn"])
def test_a_case_that_never_ran_with_this_text_is_missing_in_both_modes(mode: str) -> None:
    draft = without(runs=1, policy=Policy.model_validate({"mode": mode}))
    assert [item.what for item in missing(draft)] == [Need.EVALUATION]
