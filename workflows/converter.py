"""How steps' arguments and results are written into a history: JSON without what nobody set.

For workers. Whoever reads takes the defaults of the shapes, so a default of a shape that crosses Temporal must not
change its meaning later. What starts a workflow is written whole, by the api's own client.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import PydanticPayloadConverter, ToJsonOptions, pydantic_data_converter

with workflow.unsafe.imports_passed_through():
    from domain.shape import MOST_SAID
    from domain.text import clipped
    from workflows.signals import ARGUMENTS


class CompactPayloadConverter(PydanticPayloadConverter):
    """Pydantic's JSON, short."""

    def __init__(self) -> None:
        """Leave out unset fields."""
        super().__init__(ToJsonOptions(exclude_unset=True))

    def from_payloads(self, payloads: Sequence[Payload], type_hints: list[type] | None = None) -> list[Any]:
        """What was sent; a signal that is not even JSON comes as one that says so, instead of being dropped."""
        try:
            return super().from_payloads(payloads, type_hints)
        except Exception as error:
            heard = next((kind for kind in ARGUMENTS.values() if type_hints == [kind]), None)
            if heard is None:
                raise
            why = clipped(f"what was sent could not be read: {error}", MOST_SAID)
            return [heard.model_validate({"unreadable": why, "undecodable": True})]


COMPACT = replace(pydantic_data_converter, payload_converter_class=CompactPayloadConverter)
