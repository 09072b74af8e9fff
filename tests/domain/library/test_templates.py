"""Templates of categories and the sections that they ask for."""

from domain.library.templates import missing_sections, parse_template

TEMPLATE = parse_template(
    "web", "---\nname: x\n---\n# T\n## Quick start\n## Limits\n## See also (optional)\n```\n## no\n```\n"
)


def test_headings_are_sections_and_the_mark_makes_one_optional() -> None:
    assert [(section.heading, section.required) for section in TEMPLATE.sections] == [
        ("Quick start", True),
        ("Limits", True),
        ("See also", False),
    ]


def test_a_required_section_is_found_by_its_words_in_any_case() -> None:
    assert list(missing_sections("## A QUICK Start\n## Known limits\n", TEMPLATE)) == []
    (found,) = missing_sections("## Quick start\n### Limits\n", TEMPLATE)
    assert (found.code, found.severity) == ("section-missing", "warning")
    assert "“Limits”" in found.message
    assert len(list(missing_sections("", TEMPLATE))) == 2
