"""Cases that cannot show anything are seen before they are run, and told of after."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.evaluation import Arm, CaseKind, CaseRole, CaseRun, CheckedExpectation, EvaluationCase, Expectation
from domain.evidence.case_checks import NON_ANSWERS, flags, leaked_into, leaks, problems, sound
from domain.evidence.choices import ASKED, choice_of
from domain.evidence.grading import UNDECIDED, check
from domain.evidence.numbers import numbers

ASK = "Can you write up what we merged this week?"
PASTED = "- #12 add --json to the list command\n- #14 crash on an empty configuration file of the old format"


def expect(check_: str, value: str = "", text: str = "") -> Expectation:
    return Expectation.model_validate({"text": text or f"{check_} {value}", "check": check_, "value": value})


def case(*expectations: Expectation, prompt: str = f"{ASK}\n\n{PASTED}", **more: object) -> EvaluationCase:
    given_ = {"id": "case-1", "prompt": prompt, "expectations": list(expectations), **more}
    return EvaluationCase.model_validate(given_)


GOOD = case(expect("contains", "Breaking"), expect("max_words", "300"))


def kinds(of: EvaluationCase, *, judge: bool = True) -> list[str]:
    return [problem.kind for problem in problems(of, judge=judge)]


def test_a_case_that_only_a_real_answer_passes_has_no_problem() -> None:
    assert problems(GOOD) == []
    assert sound([GOOD]) == [GOOD]


@pytest.mark.parametrize(
    ("expectations", "kind"),
    [
        ([], "broken"),
        ([expect("max_words", "300")], "empty_passes"),
        ([expect("absent", "sorry I am late")], "empty_passes"),
        ([expect("regex", "(?i)[a-z]")], "empty_passes"),
        ([expect("contains", "MERGED"), expect("judge")], "leaked"),
        ([expect("contains", "#12")], "leaked"),
        ([expect("regex", "merged|fixed")], "leaked"),
        ([expect("contains", "Added"), expect("absent", "add")], "contradiction"),
        ([expect("absent", "Breaking"), expect("contains", "breaking changes")], "contradiction"),
        ([expect("contains", "three words here"), expect("max_words", "2")], "contradiction"),
        ([expect("max_words", "0"), expect("judge")], "contradiction"),
        ([expect("regex", "("), expect("judge")], "broken"),
        ([expect("json_schema", "{"), expect("judge")], "broken"),
        ([expect("contains", "Breaking"), expect("contains", "breaking ")], "duplicate"),
    ],
)
def test_what_keeps_a_case_from_showing_something(expectations: list[Expectation], kind: str) -> None:
    assert kind in kinds(case(*expectations))


def test_what_a_judge_decides_is_left_to_the_judge() -> None:
    judged = case(expect("judge"), expect("max_words", "300"))
    assert problems(judged) == []
    assert kinds(judged, judge=False) == ["empty_passes"]
    assert kinds(case(expect("judge")), judge=False) == ["broken"]


def test_material_may_be_asked_for_by_name_when_something_else_decides() -> None:
    assert problems(case(expect("contains", "#12"), expect("contains", "Breaking"))) == []


def test_a_pressure_case_that_names_its_right_option_is_leaked() -> None:
    scene = "The demo is in nine minutes.\n\nA) Run the tests.\nB) Ship now.\nC) Ship and test later."
    asked = case(choice_of("A"), prompt=f"{scene}\n\n{ASKED}", kind="pressure")
    assert problems(asked) == []
    told = asked.model_copy(update={"prompt": asked.prompt.replace("Run the tests", "Run the tests (the correct way)")})
    assert kinds(told) == ["leaked"]
    assert sound([told]) == []


def test_bad_expectations_are_dropped_and_the_good_ones_kept() -> None:
    mixed = case(expect("contains", "merged"), expect("regex", "("), expect("contains", "Breaking"), expect("judge"))
    (mended,) = sound([mixed])
    assert mended.expectations == [expect("contains", "Breaking"), expect("judge")]


def test_a_case_without_a_good_expectation_is_dropped() -> None:
    assert sound([case(expect("contains", "merged"))]) == []
    assert sound([case(expect("judge"))], judge=False) == []


def test_of_cases_that_are_nearly_the_same_the_first_stays() -> None:
    again = GOOD.model_copy(update={"id": "case-2", "prompt": GOOD.prompt.replace("this", "last")})
    other = GOOD.model_copy(update={"id": "case-3", "prompt": "Please describe the new login screen to our board."})
    assert [item.id for item in sound([GOOD, again, other])] == ["case-1", "case-3"]
    assert sound([again], [GOOD]) == []


EXPECTATIONS = st.builds(
    expect,
    st.sampled_from(["contains", "absent", "regex", "max_words", "json_schema", "judge"]),
    st.sampled_from(["merged", "Breaking", "3", "0", ".", "a+", "(", "{}", '{"type": "object"}', ""])
    | st.text(max_size=9),
)
CASES = st.builds(
    lambda number, prompt, expectations, kind: EvaluationCase(
        id=f"case-{number}", prompt=prompt, expectations=expectations, kind=kind
    ),
    st.integers(0, 99),
    st.sampled_from([ASK, PASTED, f"{ASK}\n\n{PASTED}", "Do it."]) | st.text(max_size=40),
    st.lists(EXPECTATIONS, max_size=4),
    st.sampled_from(CaseKind),
)


@given(st.lists(CASES, max_size=4), st.booleans())
def test_sound_cases_have_no_problem_and_silence_fails_each(cases: list[EvaluationCase], judge: bool) -> None:
    kept = sound(cases, judge=judge)
    for number, one in enumerate(kept):
        assert problems(one, kept[:number], judge=judge) == []
        for answer in NON_ANSWERS:
            verdicts = [check(item, answer) for item in one.expectations if judge or item.check != "judge"]
            assert not all(verdict is not None and verdict.passed for verdict in verdicts) or not verdicts
    assert sound(kept, judge=judge) == kept


def test_material_that_stands_in_the_skill_word_for_word_is_told() -> None:
    skill = "# Notes\n\nFor example “#14 crash on an empty configuration FILE of the old format” goes under Fixed."
    assert leaked_into(skill, GOOD) == ["14 crash on an empty configuration file of"]
    (flag,) = leaks(skill, [GOOD])
    assert (flag.kind, flag.case_id) == ("leaked", "case-1")
    assert "empty configuration file" in flag.note


def test_a_short_pasted_line_counts_whole_and_the_request_itself_does_not() -> None:
    assert leaked_into("- #12 add --json to the list command", GOOD) == ["12 add json to the list command"]
    assert leaked_into(f"{ASK} Add it to the list.", GOOD) == []


def test_without_material_eight_words_of_the_prompt_count() -> None:
    bare = case(expect("judge"), prompt="Tell me which port the billing service of Acme listens on")
    assert leaked_into("Asked which port the billing service of Acme listens on, say 4410.", bare)
    assert not leaked_into("Asked for the port of the billing service, say 4410.", bare)


def run(arm: Arm, *verdicts: bool, number: int = 0, revision: int = 0, undecided: bool = False) -> CaseRun:
    reason = f"{UNDECIDED}no sandbox here" if undecided else "read"
    checked = [
        CheckedExpectation(text=item.text, check=item.check, passed=passed, reason=reason)
        for item, passed in zip(GOOD.expectations, verdicts, strict=True)
    ]
    return CaseRun(
        case_id="case-1", arm=arm, run=number, revision=revision, output="x", passed=all(verdicts), checked=checked
    )


def told(*runs: CaseRun, of: EvaluationCase = GOOD) -> list[tuple[str, str | None]]:
    return [(flag.kind, flag.expectation) for flag in flags([of], runs)]


BREAKING, SHORT = (item.text for item in GOOD.expectations)


def test_expectations_on_which_both_arms_agree_are_told() -> None:
    assert told(run(Arm.WITHOUT, False, True), run(Arm.WITH, True, True)) == [("passes_both", SHORT)]
    assert told(run(Arm.WITHOUT, False, True), run(Arm.WITH, False, False)) == [("fails_both", BREAKING)]


def test_a_guard_is_known_to_pass_both() -> None:
    guard = GOOD.model_copy(update={"role": CaseRole.GUARD})
    assert told(run(Arm.WITHOUT, True, True), run(Arm.WITH, True, True), of=guard) == []


@given(st.integers(1, 10), st.data())
def test_harm_is_flagged_exactly_where_the_numbers_call_a_case_clearly_worse(repeats: int, data: st.DataObject) -> None:
    """One rule, told in two places: 7 of 10 against 2 of 10 too, whose floats differ by a hair less than a half."""
    passed = {arm: data.draw(st.integers(0, repeats)) for arm in Arm}
    runs = [run(arm, number < passed[arm], True, number=number) for arm in Arm for number in range(repeats)]
    [found] = numbers([GOOD], runs)
    assert (("harm", None) in told(*runs)) == bool(found.clearly_worse)


def test_seven_of_ten_against_two_of_ten_is_harm() -> None:
    runs = [run(arm, n < least, True, number=n) for arm, least in ((Arm.WITHOUT, 7), (Arm.WITH, 2)) for n in range(10)]
    assert ("harm", None) in told(*runs)


def test_a_case_that_the_skill_makes_fail_is_harm() -> None:
    assert ("harm", None) in told(run(Arm.WITHOUT, True, True), run(Arm.WITH, False, True))
    assert ("harm", None) not in told(run(Arm.WITHOUT, False, True), run(Arm.WITH, True, True))


def test_the_latest_revision_counts() -> None:
    runs = [
        run(Arm.WITHOUT, False, True),
        run(Arm.WITH, False, True, revision=1),
        run(Arm.WITH, True, True, revision=2),
    ]
    assert told(*runs) == [("passes_both", SHORT)]


def test_repeats_that_disagree_are_flaky() -> None:
    found = flags([GOOD], [run(Arm.WITHOUT, number == 1, True, number=number) for number in range(3)])
    assert [(flag.kind, flag.note) for flag in found] == [
        ("flaky", "Repeats disagree: 1 of 3 runs pass without the skill.")
    ]


def test_what_could_not_be_decided_is_told_and_counts_for_nothing_else() -> None:
    runs = [run(Arm.WITHOUT, False, False, undecided=True), run(Arm.WITH, False, False, undecided=True)]
    assert told(*runs) == [("undecided", BREAKING), ("undecided", SHORT)]


def test_nothing_is_told_of_one_arm_alone() -> None:
    assert told(run(Arm.WITHOUT, False, True)) == []


def test_what_is_wrong_with_a_persons_case_is_told_before_any_run() -> None:
    theirs = case(expect("max_words", "300"), by_person=True)
    assert [(flag.kind, flag.case_id) for flag in flags([theirs], [])] == [("empty_passes", "case-1")]
    at_odds = case(expect("contains", "Added"), expect("absent", "added"), by_person=True)
    assert told(of=at_odds) == [("fails_both", "absent added")]


def test_a_persons_two_like_cases_are_their_wish() -> None:
    assert flags([GOOD, GOOD.model_copy(update={"id": "case-2"})], []) == []
