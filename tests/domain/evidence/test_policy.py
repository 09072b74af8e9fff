"""What evidence is enough: each boundary exact, each thing that lacks told with its number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.evaluation import CaseKind, CaseNumbers, CaseRole, Numbers, TriggerNumbers, TriggerReport
from domain.evidence.policy import LEAST_QUERIES, Policy, lacking
from tests.support.proof import answered, asked

POLICY = Policy()


def cases(proof: int, guards: int = 0, *, runs_with: int = 3) -> list[CaseNumbers]:
    roles = [CaseRole.PROOF] * proof + [CaseRole.GUARD] * guards
    given_ = {"kind": CaseKind.APPLICATION, "runs_without": 3, "runs_with": runs_with}
    return [
        CaseNumbers.model_validate({"case_id": f"case-{n}", "role": role, **given_}) for n, role in enumerate(roles)
    ]


PROVEN = Numbers(model="m", cases=3, runs=3, without=0.2, with_=0.8, delta=0.6, by_case=cases(3))


def numbers(**changes: object) -> Numbers:
    return PROVEN.model_copy(update=changes)


def triggers(recall: float | None = 1.0, precision: float | None = 1.0, **more: object) -> TriggerReport:
    found = TriggerNumbers(recall=recall, precision=precision)
    told = {"status": "measured", "numbers": found, "queries": asked(), "choices": answered(asked())}
    return TriggerReport.model_validate({**told, **more})


FOUND = triggers()


def test_evidence_that_meets_the_policy_lacks_nothing() -> None:
    assert lacking(POLICY, PROVEN, FOUND) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"cases": 2, "by_case": cases(2)}, "2 of at least 3 cases prove it"),
        ({"cases": 1, "by_case": cases(1, 2)}, "1 of at least 3 cases prove it (2 more pass without it already)"),
        ({"delta": -0.2}, "the gain is -20 points; more than 0 is needed"),
        ({"delta": 0.0}, "the gain is 0 points; more than 0 is needed"),
        ({"clearly_worse": ["case-2", "case-4"]}, "clearly worse with the skill: case-2, case-4"),
        ({"by_case": cases(3, runs_with=0)}, "no case has run with this text yet"),
        (
            {"whole": False, "by_case": [*cases(2), *cases(1, runs_with=1)]},
            "the evidence is partial: at least 2 of the planned runs are missing",
        ),
        ({"whole": False}, "the evidence is partial: some of the planned runs are missing"),
    ],
)
def test_what_the_runs_lack_is_told_with_its_numbers(changes: dict[str, object], said: str) -> None:
    assert lacking(POLICY, numbers(**changes), FOUND) == [said]


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (None, "its description was not tried on queries (the profiles quick and local-small try none)"),
        (TriggerReport(), "its description was not tried on queries (the profiles quick and local-small try none)"),
        (triggers(0.6), "agents chose it for 60 % of the fitting queries; 80 % are needed"),
        (triggers(0.79999), "agents chose it for 79.99 % of the fitting queries; 80 % are needed"),
        (triggers(1, 0.875), "agents chose it rightly 87.5 % of the time; 90 % is needed"),
        (triggers(status="broken", note="no skill was chosen"), "the trial of its description is broken: no skill was"),
        (triggers(status="partial"), "its description was tried on a part of the queries only"),
    ],
)
def test_what_the_description_lacks_is_told_with_its_numbers(report: TriggerReport | None, said: str) -> None:
    [found] = lacking(POLICY, PROVEN, report)
    assert found.startswith(said)


def test_a_skill_that_was_never_chosen_has_no_precision() -> None:
    assert lacking(POLICY, PROVEN, triggers(0.0, None)) == [
        "agents chose it for 0 % of the fitting queries; 80 % are needed",
        "how often agents choose it rightly is unknown; 90 % is needed",
    ]


def test_a_trial_without_numbers_shows_nothing() -> None:
    assert lacking(POLICY, PROVEN, TriggerReport(status="measured")) == [
        "how often agents choose it is unknown; 80 % of the fitting queries are needed",
        "how often agents choose it rightly is unknown; 90 % is needed",
    ]


@pytest.mark.parametrize(
    ("should", "should_not", "said"),
    [
        (LEAST_QUERIES, LEAST_QUERIES, []),
        (LEAST_QUERIES - 1, LEAST_QUERIES, ["only 3 of at least 4 held-out messages that should make an agent"]),
        (1, 0, ["only 1 of at least 4 held-out messages that should make", "only 0 of at least 4 held-out messages"]),
    ],
)
def test_a_trial_on_a_handful_of_messages_shows_nothing(should: int, should_not: int, said: list[str]) -> None:
    queries = asked(should, should_not)
    found = lacking(POLICY, PROVEN, triggers(queries=queries, choices=answered(queries)))
    assert [one[: len(words)] for one, words in zip(found, said, strict=True)] == said


def test_only_messages_that_were_asked_and_held_out_count() -> None:
    few = [query.model_copy(update={"half": "train"}) for query in asked(5, 5)]
    assert len(lacking(POLICY, PROVEN, triggers(queries=few))) == 2
    assert len(lacking(POLICY, PROVEN, triggers(choices=answered(asked(5, 2))))) == 1


def test_a_skill_that_was_written_to_the_test_is_not_proven() -> None:
    assert lacking(POLICY, PROVEN, FOUND, ["case-2"]) == [
        "the skill holds the words of case-2: it was written to the test"
    ]
    assert lacking(Policy(recall=0, precision=0), None, None, ["case-1", "case-3"])[1:] == [
        "the skill holds the words of case-1, case-3: it was written to the test"
    ]


def test_without_any_run_the_evidence_is_asked_for() -> None:
    assert lacking(POLICY, None, FOUND) == ["no case was run, and at least 3 must prove it"]


def test_arms_of_two_models_are_told_as_such() -> None:
    by_case = [one.model_copy(update={"runs_without": 0}) for one in cases(3)]
    mixed = Numbers(model="openai/b", by_case=by_case, whole=False)
    assert lacking(POLICY, mixed, FOUND) == [
        "the evidence is partial: openai/b ran no case without the skill",
        "0 of at least 3 cases prove it",
    ]


def test_a_policy_that_asks_nothing_of_descriptions_does_not_miss_their_trial() -> None:
    lenient = Policy(recall=0, precision=0)
    assert lacking(lenient, PROVEN, None) == []
    assert len(lacking(Policy(recall=0), PROVEN, None)) == 1


@pytest.mark.parametrize(
    ("delta", "recall", "precision", "enough"),
    [
        (0.0001, 0.8, 0.9, True),
        (0.1 + 0.2 - 0.3, 0.8, 0.9, False),  # a zero as floats add it
        (0.0001, 24 / 30, 27 / 30, True),
        (0.0001, 0.1 * 8, 0.3 * 3, True),
        (0.0001, 0.7999, 0.9, False),
        (0.0001, 0.8, 0.8999, False),
    ],
)
def test_the_boundaries_are_exact(delta: float, recall: float, precision: float, enough: bool) -> None:
    assert (lacking(POLICY, numbers(delta=delta), triggers(recall, precision)) == []) is enough


shares = st.integers(0, 10).map(lambda tenth: tenth / 10)
policies = st.builds(
    Policy,
    mode=st.sampled_from(["refuse", "warn"]),
    cases=st.integers(1, 5),
    delta=st.integers(-10, 9).map(lambda tenth: tenth / 10),
    recall=shares,
    precision=shares,
)


@given(policies, st.integers(0, 5), st.integers(-10, 10), shares, shares, st.booleans(), st.booleans())
def test_evidence_is_enough_exactly_when_each_rule_holds(
    policy: Policy, proof: int, tenths: int, recall: float, precision: float, harm: bool, whole: bool
) -> None:
    found = numbers(
        cases=proof,
        delta=tenths / 10 if proof else None,
        clearly_worse=["case-0"] if harm else [],
        whole=whole,
        by_case=cases(max(proof, 1)),
    )
    enough = all(
        [
            proof >= policy.cases,
            tenths / 10 > policy.delta,
            not harm,
            whole,
            recall >= policy.recall,
            precision >= policy.precision,
        ]
    )
    said = lacking(policy, found, triggers(recall, precision))
    assert (said == []) is enough
    assert said == lacking(policy.model_copy(update={"mode": "refuse"}), found, triggers(recall, precision))
    assert len(said) == len(set(said))


def test_a_trial_by_another_agent_model_says_nothing_of_this_one() -> None:
    said = lacking(POLICY, PROVEN, triggers(model="other"))
    assert said == ["its description was not tried on queries with m, only with other"]
    assert lacking(POLICY, PROVEN, triggers(model="m")) == []
    assert lacking(POLICY, PROVEN, triggers(model="")) == [], "older reports name none"


def test_who_wants_to_be_sure_refuses_a_gain_that_chance_may_have_made() -> None:
    by_chance = numbers(interval=(0.0, 0.9))
    assert lacking(POLICY, by_chance, FOUND) == []
    assert lacking(Policy(sure=True), by_chance, FOUND) == [
        "chance may have made the gain: its interval goes from 0 to +90 points"
    ]
    assert lacking(Policy(sure=True), numbers(interval=(0.1, 0.9)), FOUND) == []
