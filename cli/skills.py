"""`skills show` and `skills search`: one skill with all that stands behind it, and the words of a search."""

from typing import Annotated

import typer

from cli.library import Category, Tag, cards
from cli.output import Output
from cli.overview import judged
from cli.run import run_of
from domain.library.views import Facets, Shown, SkillPage, SkillView, Sort

SkillPath = Annotated[str, typer.Argument(metavar="SKILL", help="`name`, `category/name`, or another name of it.")]

MOST = 20
MOST_SHOWN = 8
"""Values of a facet in one line."""


def show_skill(ctx: typer.Context, skill: SkillPath) -> None:
    """Show one skill of the library."""
    run = run_of(ctx)
    with run.api() as api:
        found = api.get(f"/skills/{skill}", SkillView)
    if run.out.json_wanted:
        run.out.document(found)
        return
    if found.warning:
        run.out.say(f"warning: {found.warning}")
    run.out.line(f"{found.path} {found.version} ({found.status})")
    run.out.line(found.description)
    _say_what_stands_behind(run.out, found)
    run.out.raw(found.content)


def search(
    ctx: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="WORDS", help="Typing errors are forgiven; -word: without it.")],
    category: Category = None,
    tag: Tag = None,
    status: Annotated[Shown, typer.Option(help="In use, out of use, withdrawn, or all.")] = Shown.ACTIVE,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many to show.")] = MOST,
) -> None:
    """Search the library. Names count most, then tags and descriptions, then the text."""
    run = run_of(ctx)
    asked = {"q": " ".join(words), "category": category, "tag": tag, "status": status, "sort": Sort.BEST}
    with run.api() as api:
        found = api.get("/skills", SkillPage, limit=limit, **asked)
    if run.out.json_wanted:
        run.out.document(found)
        return
    cards(
        run.out,
        ("Path", "Version", "Tags", "Description"),
        [(skill.path, skill.version, " ".join(skill.tags), skill.description) for skill in found.skills],
    )
    if not found.skills:
        run.out.say("nothing fits; use fewer words, or see all: skill-fleet skills")
    for line in _facet_lines(found.facets):
        run.out.say(line)
    if found.total > len(found.skills):
        run.out.say(
            f"{found.total - len(found.skills)} more; see them with --limit, or narrow with --category or --tag"
        )


def _facet_lines(facets: Facets) -> list[str]:
    told = {"categories": facets.categories, "tags": facets.tags}
    return [
        f"{name}: {', '.join(f'{count.value} {count.skills}' for count in counts[:MOST_SHOWN])}"
        for name, counts in told.items()
        if len(counts) > 1
    ]


def _say_what_stands_behind(out: Output, found: SkillView) -> None:
    lists = {
        "tags": found.tags,
        "requires": found.requires,
        "required by": found.required_by,
        "also known as": found.aliases,
    }
    for name, items in lists.items():
        if items:
            out.line(f"{name}: {', '.join(items)}")
    if len(found.install_order) > 1:
        out.line(f"install in this order: {', '.join(found.install_order)}")
    if found.evaluation is not None:
        out.line(f"evidence: {judged(found.evaluation)}")
    for problem in found.problems:
        out.line(f"{problem.severity}: {problem.message} {problem.fix or ''}".rstrip())
