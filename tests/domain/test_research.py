"""What was looked up, read: each skill once, near duplicates first."""

from domain.research import Hit, Research, near_duplicates, related

NEAR = Hit(name="documents/release-notes", score=0.7, near=True)


def test_a_skill_that_several_queries_found_is_told_once_with_its_best_hit() -> None:
    research = [
        Research(query="a", where="library", hits=[Hit(name="x/a", score=0.2), Hit(name="x/b", score=0.9)]),
        Research(query="b", where="library", hits=[Hit(name="x/a", score=0.5), NEAR]),
    ]
    assert [(hit.name, hit.score) for hit in related(research)] == [
        ("documents/release-notes", 0.7),
        ("x/b", 0.9),
        ("x/a", 0.5),
    ]


def test_that_it_is_nearly_the_same_is_not_lost_to_a_better_score_of_another_query() -> None:
    other = NEAR.model_copy(update={"near": False, "score": 0.9})
    research = [Research(query=query, where="library", hits=[hit]) for query, hit in (("a", NEAR), ("b", other))]
    assert near_duplicates(research) == [NEAR]
    assert near_duplicates(research[::-1]) == [NEAR]


def test_passages_of_sources_are_no_skills() -> None:
    assert related([Research(query="a", where="source", hits=[Hit(name="notes.md lines 1-3", score=1.0)])]) == []
