"""What rules add to a plan: the shelf that stands, the outline of its template, tags, and requirements that hold.

Between the model's plan and the rows; asks no model and holds no session.
"""

from pathlib import Path

from activities.templates import outline_for
from domain.brief import Plan
from domain.library.dependencies import Catalogue, problems
from domain.library.placement import placement
from domain.skill import Severity, SkillStatus
from domain.taxonomy import Taxonomy

MOST_TAGS = 5


def chosen_shelf(feedback: str, taxonomy: Taxonomy) -> str | None:
    """The shelf that a person's feedback names and nothing else; then no model needs to be asked again."""
    return taxonomy.find(feedback.strip(" .!\n")) if feedback.strip(" .!\n") else None


def moved(plan: Plan, category: str) -> Plan:
    """A plan on the shelf that a person chose."""
    return plan.model_copy(
        update={"category": category, "placed_by_person": True, "unsure": "", "alternatives": [], "shelf": ""}
    )


def placed(plan: Plan, said: str, taxonomy: Taxonomy) -> Plan:
    """The plan with its shelf by rule; `said` is what the person asked for. What a person chose stands."""
    if plan.placed_by_person:
        return plan
    found = placement(plan.shelf, f"{said} {plan.description}", taxonomy)
    return plan.model_copy(update={"category": found.category, "unsure": found.why, "alternatives": found.alternatives})


def furnished(plan: Plan, said: str, taxonomy: Taxonomy, catalogue: Catalogue, root: Path) -> Plan:
    """With outline, tags, and only requirements that the library can meet. Reads a template: call it in a thread."""
    outline = outline_for(root, plan.category)
    kept = [one for one in plan.requires if not _refused(plan.name, one, catalogue)]
    return plan.model_copy(
        update={
            "outline": outline.headings,
            "guidance": outline.guidance,
            "tags": taxonomy.tags_in(f"{said} {plan.description}")[:MOST_TAGS],
            "requires": kept,
        }
    )


def usable(catalogue: Catalogue) -> list[str]:
    """The skills that a new one may build on."""
    return sorted(entry.name for entry in catalogue.values() if entry.status is SkillStatus.ACTIVE)


def _refused(name: str, requirement: str, catalogue: Catalogue) -> bool:
    return any(one.severity is Severity.ERROR for one in problems(name, [requirement], catalogue))
