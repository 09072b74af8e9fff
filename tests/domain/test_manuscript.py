"""The body is put together by code: order, numbers and the author's words are certain."""

from domain.brief import Decision
from domain.counters import COUNTERS, Counters, Slot
from domain.library.outline import outline_of
from domain.manuscript import (
    FILES,
    Example,
    FileLink,
    Input,
    Manuscript,
    Mistake,
    OwnSection,
    Rule,
    Step,
    body,
    files_text,
    mistakes_text,
)
from domain.skill_file import sections

LEAST = Manuscript(title="Release notes", purpose="Writes release notes.", request="Write release notes")
FULL = LEAST.model_copy(
    update={
        "triggers": ["Write the notes for 2.4"],
        "non_triggers": ["Review this change"],
        "shape": ["Added", "Fixed"],
        "quick_start": [Example(ask="Write the notes\nfor 2.4", good="Two short lists.")],
        "inputs": [Input(name="Changes", what="The merged ones."), Input(name="Version")],
        "steps": [Step(action="Read", detail="All of it."), Step(action="Write")],
        "rules": [Rule(rule="Be brief.", why="Long notes are not read."), Rule(rule="Be kind.")],
        "decisions": [
            Decision(question="Which\ntone?", answer="dry\n\n## not a heading"),
            Decision(question="Length?", answer="You decide"),
        ],
        "mistakes": [Mistake(mistake="Dropping fixes.", instead="Keep them."), Mistake(mistake="Haste.")],
        "checks": ["It is short"],
    }
)


def headings(text: str) -> list[str]:
    return [item.heading for item in sections(text)]


def section(text: str, heading: str) -> str:
    return next(item.text.strip() for item in sections(text) if item.heading == heading)


def test_sections_stand_in_their_order() -> None:
    assert headings(body(FULL)) == [
        "When to use",
        "Quick Start",
        "Inputs",
        "Workflow",
        "Rules",
        "Decisions from the author",
        "Common mistakes",
        "Before handing over",
    ]


def test_sections_without_content_are_left_out_but_the_request_never_is() -> None:
    text = body(LEAST)

    assert headings(text) == ["Decisions from the author"]
    assert text.startswith("# Release notes\n\nWrites release notes.\n\n## ")
    assert "> Write release notes\n" in text


def test_answers_are_quoted_word_for_word_and_cannot_become_headings() -> None:
    told = section(body(FULL), "Decisions from the author")

    assert "- Which tone?\n  > dry\n  >\n  > ## not a heading" in told
    assert "Length?" not in told


def test_a_request_of_several_lines_stays_one_quote() -> None:
    text = body(LEAST.model_copy(update={"request": "Write notes\n\n# Loud\nnow"}))

    assert "> Write notes\n>\n> # Loud\n> now" in text


def test_steps_are_numbered_and_details_follow_them() -> None:
    assert section(body(FULL), "Workflow") == "1. **Read.** All of it.\n2. Write"


def test_rules_carry_their_reason_where_there_is_one() -> None:
    assert section(body(FULL), "Rules") == "- Be brief. (Long notes are not read.)\n- Be kind."


def test_the_quick_start_shows_the_shortest_path_and_the_form_of_every_result() -> None:
    told = section(body(FULL), "Quick Start")

    assert told.startswith("For a request like “Write the notes for 2.4”: ")
    assert "A good result: Two short lists." in told
    assert "```markdown\n## Added\n- first item, in one line\n- next item, in one line\n\n## Fixed\n" in told


def test_mistakes_come_with_their_counter_and_checks_as_boxes() -> None:
    assert mistakes_text(FULL.mistakes) == "- **Dropping fixes.** Instead: Keep them.\n- Haste."
    assert section(body(FULL), "Before handing over") == "- [ ] It is short"


def test_what_to_leave_aside_is_told_beside_what_it_is_for() -> None:
    told = section(body(FULL), "When to use")

    assert "- Write the notes for 2.4" in told
    assert told.endswith("Leave it aside for:\n\n- Review this change")


MORE = FULL.model_copy(
    update={
        "own": [OwnSection(heading="Tone", text="- Dry.")],
        "files": [FileLink(path="references/style.md", purpose="when a line | is worded")],
        "counters": Counters(slots=[Slot(name="Breaking")], prohibitions=["Never guess."]),
    }
)


def test_a_style_leaves_out_what_it_has_not() -> None:
    hub, minimal = (body(MORE.model_copy(update={"style": style})) for style in ("navigation_hub", "minimal"))

    assert set(headings(body(MORE))) - set(headings(hub)) == {"Inputs", "Common mistakes", "Tone"}
    assert headings(hub) == headings(minimal)
    assert len(minimal.split()) < len(hub.split())
    assert "```markdown\n## Added\n- one line an item\n" in minimal


def test_counters_follow_what_they_are_about_wherever_the_outline_puts_it() -> None:
    turned = MORE.model_copy(update={"outline": ["Rules", "Workflow", "Quick Start", "When to use"]})

    assert headings(body(turned))[:7] == [
        "Rules",
        "No exceptions",
        "Decisions from the author",
        "Workflow",
        "Required parts",
        "Quick Start",
        FILES,
    ]


def test_a_template_that_names_a_section_of_ours_gets_it_once_and_in_its_place() -> None:
    outline = outline_of("## Red flags\n\nSigns.\n\n## Workflow\n\nSteps.\n\n## Tone\n\nSound.\n")

    assert set(outline.guidance) == {"Tone"}
    assert set(COUNTERS) & set(outline.headings) == {"Red flags"}


def test_each_file_is_linked_with_when_to_open_it_and_stays_one_row() -> None:
    assert files_text([]) == ""
    assert files_text(MORE.files).splitlines()[-1] == (
        "| [references/style.md](references/style.md) | when a line &#124; is worded |"
    )
