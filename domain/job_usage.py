"""What the model calls of a job cost, as a whole and in parts. Shapes only."""

from domain.budget import Budget, Left
from domain.job import Usage
from domain.shape import Shape


class PartUsage(Shape):
    """The calls of one step, or of one model. `step`: how their keys in the ledger begin; "removed" for those whose
    rows retention has removed. `unpriced` of them have a price that nobody knows; `usd` is None then. `seconds`: waited
    for answers, all added up, though many are asked for side by side.
    """

    step: str = ""
    model: str = ""
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float | None = None
    unpriced: int = 0
    seconds: float = 0.0


class JobUsage(Usage):
    """`GET /jobs/{id}/usage`: the sums, then the same by step (in the order of the work) and by model.

    Each answer counts once, however often a step that was tried again has used it. `usd_known`: what the calls with a
    known price came to, `unpriced`: how many have none. `budget`: the job's limits, `left` what they still allow.
    """

    unpriced: int = 0
    usd_known: float = 0.0
    seconds: float = 0.0
    by_step: list[PartUsage] = []
    by_model: list[PartUsage] = []
    budget: Budget | None = None
    left: Left | None = None
