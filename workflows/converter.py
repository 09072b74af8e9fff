"""How steps' arguments and results are written into a history: JSON without what nobody set.

For workers. Whoever reads takes the defaults of the shapes, so a default of a shape that crosses Temporal must not
change its meaning later. What starts a workflow is written whole, by the api's own client.
"""

from dataclasses import replace

from temporalio.contrib.pydantic import PydanticPayloadConverter, ToJsonOptions, pydantic_data_converter


class CompactPayloadConverter(PydanticPayloadConverter):
    """Pydantic's JSON, short."""

    def __init__(self) -> None:
        """Leave out unset fields."""
        super().__init__(ToJsonOptions(exclude_unset=True))


COMPACT = replace(pydantic_data_converter, payload_converter_class=CompactPayloadConverter)
