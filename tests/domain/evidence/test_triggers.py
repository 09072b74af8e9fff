"""Trigger numbers: exact on known choices, between 0 and 1 on any, and no half knows of the other."""

from collections import Counter
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from domain.evaluation import DescriptionTrial, TriggerChoice, TriggerNumbers, TriggerQuery
from domain.evidence import triggers
from domain.rules.neighbours import Neighbour

OWN = "release-notes"


def query(number: int, half: triggers.Half, *, should: bool) -> TriggerQuery:
    return TriggerQuery(id=f"q{number}", text=f"message {number}", should=should, half=half)


QUERIES = [
    query(1, "train", should=True),
    query(2, "held_out", should=True),
    query(3, "train", should=False),
    query(4, "held_out", should=False),
]


def chosen(**by_query: Sequence[str | None]) -> list[TriggerChoice]:
    return [
        TriggerChoice(query_id=name, run=run, chosen=choice)
        for name, choices in by_query.items()
        for run, choice in enumerate(choices)
    ]


CHOICES = chosen(
    q1=[OWN, OWN, OWN], q2=[OWN, "changelog", None], q3=[None, "changelog", None], q4=[OWN, "changelog", "changelog"]
)


def test_recall_precision_and_confusions_are_counted_by_run() -> None:
    found = triggers.numbers(OWN, QUERIES, CHOICES)
    assert found == TriggerNumbers(
        queries=4,
        runs=3,
        recall=4 / 6,
        precision=4 / 5,
        confusions={"changelog": 1},
        missed=["message 2"],
        false_alarms=["message 4"],
    )


def test_each_half_counts_its_own_queries_only() -> None:
    train = triggers.numbers(OWN, QUERIES, CHOICES, "train")
    held_out = triggers.numbers(OWN, QUERIES, CHOICES, "held_out")
    assert (train.recall, train.precision, train.missed, train.false_alarms) == (1, 1, [], [])
    assert (held_out.recall, held_out.precision, held_out.queries) == (1 / 3, 1 / 2, 2)
    assert triggers.perfect(train)
    assert not triggers.perfect(held_out)


def test_a_skill_that_is_never_chosen_has_no_precision_and_is_worth_nothing() -> None:
    found = triggers.numbers(OWN, QUERIES, chosen(q1=[None], q3=[None]))
    assert (found.recall, found.precision, found.runs) == (0, None, 1)
    assert triggers.f1(found) == 0
    assert triggers.f1(None) == 0


def test_without_choices_nothing_is_claimed() -> None:
    assert triggers.numbers(OWN, QUERIES, []) == TriggerNumbers()
    assert triggers.in_words(None) == "recall none, precision none"


NAMES = st.sampled_from([OWN, "changelog", "commit-message", None])


@given(st.lists(st.tuples(st.integers(0, 3), NAMES), max_size=40))
def test_numbers_of_any_choices_agree_with_a_count_by_hand(drawn: list[tuple[int, str | None]]) -> None:
    runs = Counter[int]()
    choices = []
    for at, name in drawn:
        choices.append(TriggerChoice(query_id=f"q{at + 1}", run=runs[at], chosen=name))
        runs[at] += 1
    found = triggers.numbers(OWN, QUERIES, choices)
    right = sum(name == OWN and at < 2 for at, name in drawn)
    should, own = sum(at < 2 for at, _ in drawn), sum(name == OWN for _, name in drawn)
    assert found.recall == (right / should if should else None)
    assert found.precision == (right / own if own else None)
    assert 0 <= triggers.f1(found) <= 1
    assert sum(found.confusions.values()) == sum(at < 2 and name not in (OWN, None) for at, name in drawn)
    assert OWN not in found.confusions


@given(st.integers(0, 12), st.integers(0, 12), st.text(max_size=5))
def test_halves_are_dealt_evenly_and_always_the_same_way(should: int, should_not: int, seed: str) -> None:
    texts = [f"yes {n}" for n in range(should)], [f"no {n}" for n in range(should_not)]
    queries = triggers.halved(*texts, seed=seed)
    assert queries == triggers.halved(*texts, seed=seed)
    assert [item.id for item in queries] == [f"q{n + 1}" for n in range(should + should_not)]
    assert [item.text for item in queries] == [*texts[0], *texts[1]]
    for kind, count in ((True, should), (False, should_not)):
        halves = Counter(item.half for item in queries if item.should is kind)
        assert (halves["held_out"], halves["train"]) == ((count + 1) // 2, count // 2)


def test_another_job_deals_the_queries_otherwise() -> None:
    texts = [f"yes {n}" for n in range(10)], [f"no {n}" for n in range(10)]
    dealt = {tuple(item.half for item in triggers.halved(*texts, seed=str(seed))) for seed in range(8)}
    assert len(dealt) > 1


@given(st.lists(st.integers(), max_size=9), st.text(max_size=5))
def test_an_order_has_all_that_was_there_and_follows_from_its_seed(things: list[int], seed: str) -> None:
    assert sorted(triggers.shuffled(things, seed)) == sorted(things)
    assert triggers.shuffled(things, seed) == triggers.shuffled(things, seed)


def test_an_order_is_the_same_in_every_process() -> None:
    assert triggers.shuffled("abcdef", "seed") == ["b", "a", "f", "d", "c", "e"]


LIBRARY = [
    Neighbour(name="cooking", description="Plans meals for a week."),
    Neighbour(name="changelog", description="Writes a changelog from merged pull requests."),
    Neighbour(name="commit-message", description="Writes messages of commits."),
]


def test_the_nearest_skills_are_those_that_say_nearly_the_same() -> None:
    found = triggers.nearest("Writes release notes from merged pull requests.", LIBRARY, most=2)
    assert [other.name for other in found] == ["changelog", "commit-message"]


def test_those_that_stood_beside_an_earlier_description_come_first() -> None:
    found = triggers.nearest("Writes release notes from merged pull requests.", LIBRARY, ["cooking", "gone"], most=2)
    assert [other.name for other in found] == ["cooking", "changelog"]


def test_the_control_query_names_the_skill_and_what_it_does_in_one_short_sentence() -> None:
    text = triggers.control_query(OWN, f"Writes notes. Use when {'x' * 900}.")
    assert text == "Use the skill release-notes for this, and no other: Writes notes."
    assert len(triggers.control_query(OWN, "x" * 900)) < 300


def trial(description: str, held_out: float, read: float | None = None, train: float = 0.5) -> DescriptionTrial:
    return DescriptionTrial(
        style="improved",
        description=description,
        train=TriggerNumbers(recall=train, precision=1),
        held_out=TriggerNumbers(recall=held_out, precision=1),
        body_read=read,
    )


def test_the_held_out_half_decides_then_reading_then_length_then_the_plan() -> None:
    planned = trial("planned one", 0.6, 0.5)
    assert triggers.winner([planned, trial("much longer and better", 0.8, 0.1)]).description == "much longer and better"
    assert triggers.winner([planned, trial("longer but is read", 0.6, 1.0)]).description == "longer but is read"
    assert triggers.winner([planned, trial("short", 0.6, 0.5)]).description == "short"
    assert triggers.winner([planned, trial("other words", 0.6, 0.5)]).description == "planned one"
    assert triggers.winner([planned, trial("trained well", 0.5, 1.0, train=1.0)]).description == "planned one"


def test_the_training_half_decides_what_is_improved() -> None:
    one, two = trial("one", 1.0, train=0.4), trial("two", 0.0, train=0.6)
    assert triggers.best_trained([one, two]) is two
    assert triggers.best_trained([one, trial("three", 0.0, train=0.4)]) is one


def test_failures_are_told_of_the_training_half_only() -> None:
    choices = chosen(q1=[OWN, "changelog", None], q2=[None, None, None], q3=[OWN, None, OWN], q4=[OWN, OWN, OWN])
    assert triggers.told_failures(OWN, QUERIES, choices) == [
        "Missed in 2 of 3 runs: “message 1”; chosen instead: changelog (1×), no skill (1×)",
        "Chosen wrongly in 2 of 3 runs: “message 3”",
    ]
    assert triggers.told_failures(OWN, QUERIES, CHOICES) == []


def test_what_is_missing_of_the_queries_is_said() -> None:
    full = triggers.halved([f"yes {n}" for n in range(10)], [f"no {n}" for n in range(10)], "s")
    assert triggers.missing(full) == ""
    assert triggers.missing(full[1:]) == (
        "Only 9 of 10 messages that should make an agent choose the skill could be found."
    )


def test_a_digest_does_not_depend_on_spacing() -> None:
    assert triggers.digest_of("Use  when\nasked.") == triggers.digest_of("Use when asked.")
    assert triggers.digest_of("Use when asked.") != triggers.digest_of("Use when told.")
