"""The canonical templates: what lies in the library is what is shipped, and authors get a whole outline from each."""

import json
from pathlib import Path

import pytest

from activities.shelves import Shelves
from activities.templates import outline_for
from domain import frontmatter
from domain.library.default_templates import CATEGORIES, FOLDER, default_template
from domain.library.metadata import schema
from domain.library.outline import MOST_OWN, outline_of
from domain.library.templates import parse_template
from domain.manuscript import CORE, DECISIONS, Manuscript, OwnSection, Step, body
from domain.taxonomy import default_taxonomy, parse_taxonomy

LIBRARY = Path(__file__).resolve().parents[3] / "skills"


def test_every_category_has_a_template_and_each_lies_in_the_library_as_it_is_shipped() -> None:
    assert set(CATEGORIES) == set(parse_taxonomy(default_taxonomy()).names)
    for category in CATEGORIES:
        assert (LIBRARY / FOLDER / category / "SKILL.md").read_text("utf-8") == default_template(category), category
    assert (LIBRARY / "taxonomy.yaml").read_bytes() == default_taxonomy()


def test_the_schema_of_metadata_in_the_library_is_that_of_the_code() -> None:
    assert json.loads((LIBRARY / FOLDER / "metadata.schema.json").read_text("utf-8")) == schema()


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_template_explains_each_of_its_sections_in_short_lines(category: str) -> None:
    text = default_template(category)
    outline = outline_of(text)
    assert [heading for heading in outline.headings if heading in CORE] == CORE
    assert len(outline.guidance) == (0 if category == "general" else 1)
    assert {section.heading for section in parse_template(category, text).sections if section.required} == {
        "When to use",
        "Workflow",
    }
    assert max(map(len, text.splitlines())) <= 120
    assert frontmatter.load(text.split("---\n")[1], flow=False).fields["name"] == "verb-led-name"


def test_templates_are_no_skills_of_the_library() -> None:
    assert not {*CATEGORIES, "verb-led-name"} & set(Shelves(LIBRARY).names())


def test_a_librarys_own_template_counts_and_a_broken_or_foreign_one_does_not(tmp_path: Path) -> None:
    own = tmp_path / FOLDER / "data" / "SKILL.md"
    own.parent.mkdir(parents=True)
    own.write_text("# x\n\n## Workflow\n\nSteps.\n\n## Lineage (optional)\n\nWhere each table comes from.\n")
    found = outline_for(tmp_path, "data")
    assert found.headings[:2] == ["Workflow", "Lineage"]
    assert found.guidance == {"Lineage": "Where each table comes from."}
    assert set(CORE) < set(found.headings)
    own.write_bytes(b"\xff\0 no sections")
    assert outline_for(tmp_path, "data").headings == CORE
    own.unlink()
    assert outline_for(tmp_path, "data") == outline_of(default_template("data"))
    (tmp_path / "secret.md").write_text("## Secret\n\nKeep out.\n")
    own.symlink_to(tmp_path / "secret.md")
    assert "Secret" not in outline_for(tmp_path, "data").headings
    assert outline_for(tmp_path, "../data").headings == outline_of(default_template("general")).headings


def test_a_template_of_a_thousand_sections_stays_payable() -> None:
    outline = outline_of("\n".join(f"## Part {n}\n\n{'x' * 5_000}\n" for n in range(1_000)))
    assert len(outline.guidance) == MOST_OWN
    assert max(map(len, outline.guidance.values())) <= 400


def test_a_skill_follows_the_order_of_its_template() -> None:
    made = Manuscript(
        title="Notes",
        purpose="Writes them.",
        request="Write notes",
        triggers=["Write notes"],
        steps=[Step(action="Read")],
        own=[OwnSection(heading="Lineage", text="- From the ledger.")],
        outline=["Workflow", "Lineage", "When to use"],
    )
    text = body(made)
    places = [text.index(f"## {heading}\n") for heading in ("Workflow", "Lineage", "When to use", DECISIONS)]
    assert places == sorted(places)
    plain = body(made.model_copy(update={"own": [], "outline": []}))
    assert plain.index("## When to use") < plain.index("## Workflow") < plain.index(f"## {DECISIONS}")
