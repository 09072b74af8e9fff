"""Evaluation cases as text: what is written is read back, and what is wrong is refused with its place."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidAnswer
from domain.evaluation import CaseKind, CaseRole, EvaluationCase, Expectation
from domain.evidence.case_file import MAX_CASE_BYTES, MAX_CASES, read_cases, write_cases
from tests.support.prompts import CASES

ONE = '{"id": "a", "prompt": "p", "expectations": [{"text": "t", "check": "judge"}]}'
LINES = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
SAID = LINES.filter(lambda text: text.strip() != "") | st.sampled_from(
    [
        "true",
        "1",
        "- x",
        "a: b",
        "--- x",
        " lead",
        "two\nlines",
        "one\n\n  indented\n# no comment",
        "#",
        "&a",
        "😀",
        "'",
        "|-",
    ]
)
IDS = SAID.filter(lambda text: "/" not in text and text.isprintable())
EXPECTATION = st.builds(
    Expectation, text=SAID, check=st.sampled_from(["contains", "absent", "judge"]), value=SAID
) | st.builds(Expectation, text=SAID, check=st.just("max_words"), value=st.integers(0, 999).map(str))
EXPECTATION |= st.builds(
    Expectation, text=SAID, check=st.just("command"), value=st.sampled_from(["true", "python3 -c 'import json'"])
)
EXPECTATION |= st.builds(
    Expectation,
    text=SAID,
    check=st.just("json_schema"),
    value=st.sampled_from(['{"type": "object"}', '{\n  "type": "array",\n  "minItems": 2\n}']),
)
CASE = st.builds(
    EvaluationCase,
    id=IDS,
    kind=st.sampled_from(CaseKind),
    prompt=SAID,
    expectations=st.lists(EXPECTATION, min_size=1, max_size=3),
)


@given(st.lists(CASE, min_size=1, max_size=3, unique_by=lambda case: case.id))
def test_what_is_written_is_read_back_unchanged(cases: list[EvaluationCase]) -> None:
    assert read_cases(write_cases(cases)) == cases
    assert read_cases(json.dumps([case.model_dump(mode="json") for case in cases])) == cases


def test_a_person_may_leave_out_what_has_a_default_and_write_numbers_as_numbers() -> None:
    text = "- id: 1\n  prompt: Write\n  expectations:\n    - {text: short, check: max_words, value: 50}\n"
    (case,) = read_cases(text)
    assert (case.id, case.kind, case.expectations[0].value) == ("1", CaseKind.APPLICATION, "50")
    assert read_cases(ONE.join("[]").replace('"judge"', '"max_words", "value": 50'))[0].expectations[0].value == "50"


def test_a_case_copied_whole_is_taken_as_long_as_it_claims_nothing() -> None:
    (case,) = read_cases(ONE.join("[]"))
    assert read_cases(json.dumps([case.model_dump(mode="json")])) == [case]
    assert read_cases(ONE.join("[]").replace('"p"', '"p", "role": "proof", "note": ""')) == [case]


def test_what_the_experiment_found_is_not_written_for_editing() -> None:
    (case,) = read_cases(ONE.join("[]"))
    found = case.model_copy(update={"role": CaseRole.GUARD, "by_person": True, "note": "passed"})
    assert read_cases(write_cases([found])) == [case]


def test_a_case_kept_with_another_id_is_still_read_from_the_record() -> None:
    """The text is refused where it is written; a row of a job begun before is a case as ever."""
    kept = EvaluationCase.model_validate(json.loads(ONE) | {"id": "try/2"})
    with pytest.raises(InvalidAnswer, match="try/2"):
        read_cases(write_cases([kept]))


def test_a_text_of_several_lines_is_written_so_that_it_can_be_edited() -> None:
    (case,) = read_cases(CASES)
    written = write_cases([case.model_copy(update={"prompt": "First.\n\nThen this."})])
    assert "  prompt: |-\n    First.\n\n    Then this.\n" in written


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "list"),
        ("just words", "list"),
        ("id: a", "list"),
        ("[]", "0 cases"),
        ("- words", "Line 1: a case is a mapping"),
        ("- id: a\n  prompt: p\n", "`expectations`: is missing"),
        ("- id: a\n  prompt: p\n  expectations: []\n", "no `expectations`"),
        ("- id: a\n  prompt: ' '\n  expectations: [{text: t, check: judge}]\n", "no `prompt`"),
        ("- id: ''\n  prompt: p\n  expectations: [{text: t, check: judge}]\n", "`id`"),
        ("- id: try/2\n  prompt: p\n  expectations: [{text: t, check: judge}]\n", "`id` 'try/2' has a `/`"),
        ('- id: "a\\nb"\n  prompt: p\n  expectations: [{text: t, check: judge}]\n', "does not print"),
        ("- id: a\n  promt: p\n", "`promt` is no field"),
        ("- id: a\n  prompt: p\n  expectations: [{text: t, check: feel}]\n", "`expectations.1.check`"),
        ("- id: a\n  prompt: p\n  expectations: [{text: t, check: regex, value: '('}]\n", "expectation 1: The pattern"),
        ("- id: a\n  prompt: p\n  expectations: [{text: t, check: regex, value: '(a+)+'}]\n", "exponential"),
        ("- id: a\n  prompt: p\n  expectations: [{text: t, check: contains}]\n", "`value` is empty"),
        ("- id: a\n  prompt: p\n  expectations: [{text: t, check: max_words, value: few}]\n", "no number"),
        ("- id: a\n  prompt: p\n  expectations: [{text: '', check: judge}]\n", "`text` is empty"),
        ("- id: a\n  prompt: p\n  expectations: [{text: t, check: json_schema, value: '{'}]\n", "not valid JSON"),
        ("- id: a\n  prompt: p\n  expectations: [{text: t, check: command, value: ' '}]\n", "a command line"),
        ("- id: a\n  role: guard\n  prompt: p\n", "`role` is what the experiment finds"),
        ("- id: a\n  note: mine\n  prompt: p\n", "`note` is what the experiment finds"),
        (ONE.join("[]").replace('"p"', '"p", "by_person": true'), "`by_person` is what the experiment finds"),
        (CASES + CASES, "Line 10: the id `first` is taken"),
        ("- id: a\n  id: b\n", "Line 2: `id` is given twice"),
        ("- &a x\n- *a\n", "Line 1: Anchors"),
        ("- !!python/object:os.system x\n", "Line 1: Tags"),
        ("- id: a\n\tb: c\n", "Line 2: This is not valid YAML"),
        ("- " * 100 + "x", "deeper"),
        ("- a\n" * 16_000, "more than 10000 parts"),
        ("[{]", "Line 1, column 3"),
        (ONE.join("[]").replace('"prompt"', '"id"'), "given twice"),
        ("[1]", "Case 1: a case is a mapping"),
        ("[" * 60_000, "too deep"),
        ("x" * (MAX_CASE_BYTES + 1), str(MAX_CASE_BYTES)),
        (f"[{','.join([ONE] * (MAX_CASES + 1))}]", f"between 1 and {MAX_CASES}"),
        (ONE.join("[]").replace('"p"', r'"\ud800"'), "half of a pair"),
        ("- \ud800", "half of a pair"),
    ],
)
def test_what_is_no_list_of_cases_is_refused_with_its_place(text: str, says: str) -> None:
    with pytest.raises(InvalidAnswer) as refused:
        read_cases(text)
    assert says in refused.value.fields["content"]


@given(
    st.text(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["id", "prompt", "expectations", "text"]), inner)
        ),
        max_leaves=9,
    ).map(json.dumps)
)
def test_any_text_is_cases_or_is_refused(text: str) -> None:
    try:
        assert read_cases(text)
    except InvalidAnswer as refused:
        assert refused.fields["content"]
