"""Whatever people send is heard: a signal without input, with too much of it, or with bytes that nobody can read.

Else the SDK drops it with a line in the worker's log, or fails the workflow task for ever, because the signal stays in
the history. Deterministic code only; runs inside the workflow, around its handlers.
"""

from temporalio import workflow
from temporalio.worker import (
    HandleSignalInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

with workflow.unsafe.imports_passed_through():
    import workflows.messages as m
    from domain.job import CancelRequest
    from domain.prompt import AnswerSignal
    from domain.shape import Heard

ARGUMENTS: dict[str, type[AnswerSignal] | type[Heard]] = {
    "answer": AnswerSignal,
    "cancel": CancelRequest,
    "retry": m.RetryRequest,
    "reopen": m.ReopenRequest,
}
"""The one argument of each signal of a job; its shape takes anything."""


class Hearing(Interceptor):
    """Gives each handler exactly its argument; must be with every worker and every replay of these workflows."""

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:  # noqa: ARG002 - the SDK's signature
        """What stands before the handlers."""
        return _Inbound


class _Inbound(WorkflowInboundInterceptor):
    async def handle_signal(self, input: HandleSignalInput) -> None:
        """The first of what was sent counts; nothing at all means the defaults."""
        wanted = ARGUMENTS.get(input.signal)
        if wanted is not None:
            given = input.args[0] if input.args else {}
            input.args = [given if isinstance(given, wanted) else wanted.model_validate(given)]
        await super().handle_signal(input)
