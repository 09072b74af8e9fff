"""Of long texts the passages that fit the task are kept, in the same words and order each time."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.passages import MOST_FILES, Text, chosen, found

NOISE = "\n\n".join(f"Paragraph {number} tells of the weather in the north. " * 8 for number in range(400))
HALF = NOISE.index("\n\n", len(NOISE) // 2)
FACT = "Cancelled orders are refunded within five days."
LONG = f"{NOISE[:HALF]}\n\n{FACT}\n\n{NOISE[HALF:]}"


def test_what_fits_is_kept_whole() -> None:
    texts = [Text("a.md", "one"), Text("b.md", "two"), Text("blank.md", " \n")]
    assert [(one.name, one.content) for one in chosen("x", texts, 100)] == [("a.md", "one"), ("b.md", "two")]


def test_the_passage_that_fits_the_task_is_kept_with_its_place() -> None:
    [found] = chosen("Refund cancelled orders", [Text("rules.md", LONG)], 6_000)
    assert FACT in found.content
    assert len(found.content) <= 6_000
    line = LONG.split("\n").index(FACT) + 1
    label = next(part for part in found.content.split("[lines ")[1:] if FACT in part).split(" ")[0]
    first, last = map(int, label.split("-"))
    assert first <= line <= last


def test_the_beginning_of_a_file_is_kept_when_no_word_fits() -> None:
    [found] = chosen("zzz", [Text("rules.md", LONG)], 4_000)
    assert found.content.startswith("[lines 1-")


def test_of_many_files_the_best_come_first_and_only_so_many() -> None:
    texts = [Text(f"{number}.md", NOISE[:3000]) for number in range(40)] + [Text("good.md", FACT * 40)]
    found = chosen("Refund cancelled orders", texts, 20_000)
    assert found[0].name == "good.md"
    assert len(found) <= MOST_FILES


def test_one_endless_line_is_cut_and_its_best_part_kept() -> None:
    endless = "weather " * 20_000 + "cancelled orders refunded " + "weather " * 20_000
    [found] = chosen("Refund cancelled orders", [Text("min.js", endless)], 5_000)
    assert "cancelled orders" in found.content


def test_a_small_room_holds_passages_of_the_best_files_not_crumbs_of_all() -> None:
    texts = [Text(f"{number}.md", NOISE[:3000]) for number in range(9)] + [Text("good.md", LONG)]
    found = chosen("Refund cancelled orders", texts, 3_000)
    assert (found[0].name, FACT in found[0].content) == ("good.md", True)
    assert len(found) == 2


def test_what_a_small_file_leaves_goes_to_a_large_one() -> None:
    large, small = chosen("weather north", [Text("large.md", NOISE), Text("small.md", FACT)], 6_000)
    assert small.content == FACT
    assert len(large.content) > 4_000


def test_cutting_down_twice_keeps_the_numbers_of_the_lines() -> None:
    [once] = chosen("Refund cancelled orders", [Text("rules.md", LONG)], 12_000)
    [twice] = chosen("Refund cancelled orders", [Text("rules.md", once.content)], 3_000)
    assert FACT in twice.content
    parts = re.split(r"(?m)\n(?=\[lines)", twice.content)
    assert len(parts) == 2
    for label, *content in (part.split("\n") for part in parts):
        first, last, of = map(int, re.findall(r"\d+", label))
        assert (LONG.split("\n")[first - 1 : last], of) == (content, LONG.count("\n") + 1)


def test_a_passage_that_does_not_fit_is_cut_and_says_so() -> None:
    [found] = chosen("x", [Text("min.js", "x" * 9_000)], 500)
    assert found.content.startswith("[lines 1-1 of 1]\nxxx")
    assert found.content.endswith("x\n(cut here)")
    assert len(found.content) <= 500


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=4000), max_size=6), st.text(max_size=80), st.integers(200, 8000))
def test_it_never_gives_more_than_there_is_room_for_and_the_same_each_time(
    contents: list[str], task: str, room: int
) -> None:
    texts = [Text(f"{number}.md", content) for number, content in enumerate(contents)]
    found = chosen(task, texts, room)
    assert sum(len(one.content) for one in found) <= room
    assert found == chosen(task, texts, room)


def test_a_query_finds_the_passage_with_its_words_and_says_where_it_stands() -> None:
    [hit] = found("cancelled orders refunded", [Text("other.md", "Nothing here."), Text("rules.md", LONG)], 5)
    first, last = map(int, hit.lines.split("-"))
    assert hit.name == "rules.md"
    assert first <= LONG.split("\n").index(FACT) + 1 <= last
    assert hit.score == 1.0
    assert len(hit.lead) <= 200


def test_a_passage_with_less_than_half_of_what_was_asked_is_no_hit() -> None:
    assert found("cancelled subscription vouchers abroad", [Text("rules.md", LONG)], 5) == []
    assert found("", [Text("rules.md", LONG)], 5) == []
    assert found("cancelled", [], 5) == []


@given(st.text(max_size=60), st.lists(st.text(max_size=300), max_size=5))
def test_any_query_of_any_texts_gives_the_same_few_hits_each_time(query: str, contents: list[str]) -> None:
    texts = [Text(f"{number}.md", content) for number, content in enumerate(contents)]
    hits = found(query, texts, 3)
    assert hits == found(query, texts, 3)
    assert len(hits) <= 3
    assert all(0.5 <= hit.score <= 1.0 and "\n" not in hit.lead for hit in hits)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
