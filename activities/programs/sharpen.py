"""A harder version of a case that an agent passes without the skill: else it would show nothing about the skill."""

from activities.programs.case_items import case_from, shown
from activities.programs.case_tasks import SharpenCase
from activities.programs.cases_by_kind import about
from activities.programs.context import as_data, told
from activities.programs.language_model import LanguageModel
from activities.programs.prose import sentence
from domain.brief import Brief, Plan
from domain.evaluation import EvaluationCase
from domain.evidence.case_checks import alike, sound

READ = 6_000
"""Characters of the passing answer that the author reads."""

SUFFIX = "-s"
"""How the id of a sharpened case ends; one that has it is not sharpened again."""


async def sharpen(
    model: LanguageModel, brief: Brief, plan: Plan, case: EvaluationCase, answer: str
) -> EvaluationCase | None:
    """The harder case under the id `<id>-s`, with the reason; None when the model has no fair idea.

    The cases of people and those that were sharpened stay as they are, and nothing is asked for them.
    """
    if case.by_person or case.id.endswith(SUFFIX) or model.low_confidence:
        return None
    found = await model.at("sharpening", case.id).ask(
        SharpenCase,
        1_200,
        0.7,
        request=told(brief, model.low_confidence),
        plan=about(plan),
        situation=shown(case),
        answer=as_data(answer[:READ]),
    )
    made = [new for item in found.cases[:1] if (new := case_from(item, brief, plan, _number(case)))]
    harder = next((new for new in sound(made) if _differs(new, case)), None)
    if harder is None:
        return None
    why = sentence(str(found.why)) or "It is harder to pass with general knowledge."
    note = f"Takes the place of `{case.id}`, which passed without the skill. {why}"
    return harder.model_copy(update={"id": f"{case.id}{SUFFIX}", "note": note})


def _number(case: EvaluationCase) -> int:
    """Where the right option of a choice stands next: anywhere, but the same again in a retry."""
    return sum(map(ord, case.id))


def _differs(new: EvaluationCase, case: EvaluationCase) -> bool:
    """Another situation, or something expected that was not before."""
    before = {(item.check, item.value or item.text) for item in case.expectations}
    return not alike(new.prompt, case.prompt) or any(
        (item.check, item.value or item.text) not in before for item in new.expectations
    )
