"""Which errors a person lets stand in a validate prompt: on the page each one has a box, and each must be ticked.

The api waives by code, and without codes all of them; a person who ticked nothing has not said that. The first error
of a code has the box that every client knows (`findings`), so that drafts keep it; others have boxes of the page alone.
"""

from collections.abc import Collection, Iterable

from api.errors import InvalidRequest
from api.pages.forms import Form
from domain.answering.answer_fields import NOT_ANSWERED
from domain.library.promotion import Waived
from domain.library.waivers import fingerprint
from domain.prompt import HitlType, PromptAction, PromptStatus, ValidateData
from domain.shape import Shape
from domain.skill import Finding, Severity
from domain.text import counted
from store.tables import HitlInteraction

FIRST, ALSO = "findings", "findings-also"
RULE = "Tick every error that may stand. If one may not, choose “Fix issues”."
MOST_SAID = 200
"""Characters of an error's message beside its box and in the refusal."""


class Box(Shape):
    """The box beside an error: its control's name and value."""

    name: str
    value: str
    finding: Finding


class Judged(Shape):
    """A finding of the last validation, and who let it stand."""

    finding: Finding
    waived: Waived | None = None


def boxes(findings: Iterable[Finding]) -> list[Box]:
    """A box for each error, in their order."""
    seen: dict[str, int] = {}
    found = []
    for finding in findings:
        if finding.severity is Severity.ERROR:
            times = seen[finding.code] = seen.get(finding.code, 0) + 1
            first = times == 1
            value = finding.code if first else f"{finding.code}~{times}"
            found.append(Box(name=FIRST if first else ALSO, value=value, finding=finding))
    return found


def every_box_ticked(form: Form, asked: HitlInteraction | None) -> None:
    """Raises InvalidRequest, by message, when the form waives and an error of its open prompt is not ticked."""
    if asked is None or asked.interaction_type != HitlType.VALIDATE or asked.status != PromptStatus.PENDING:
        return  # who else closed the prompt is told by the answer itself
    if form.text("action") != PromptAction.WAIVE:
        return
    data = ValidateData.model_validate(asked.prompt_data)
    ticked = ticks(form)
    left = [box.finding.message[:MOST_SAID] for box in boxes(data.findings) if box.value not in ticked]
    if not left:
        return
    said = f"Not ticked: {'; '.join(f'“{message}”' for message in left)}. {RULE}"
    wrong = {"findings": said}
    if not form.text("reason").strip():
        wrong["reason"] = f"{NOT_ANSWERED} Why the findings may stand"
    raise InvalidRequest(f"{counted(len(left), 'error')} would still stand.", wrong)


def ticks(form: Form) -> list[str]:
    """The values of the boxes that were ticked."""
    return [*form.texts(FIRST), *form.texts(ALSO)]


def judged(findings: Iterable[Finding], waivers: Collection[Waived]) -> list[Judged]:
    """The findings with who let each stand."""
    known = {one.finding: one for one in waivers}
    return [Judged(finding=finding, waived=known.get(fingerprint(finding))) for finding in findings]
