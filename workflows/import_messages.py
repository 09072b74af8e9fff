"""What an import's workflow and its steps say to each other: numbers and ids only; reports stay in the database."""

from uuid import UUID

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.shape import Shape


class ForImport(Shape):
    """Argument of the workflow and of its steps: which import."""

    import_id: UUID


class ImportBatch(Shape):
    """Some skills of an import: those from `first` on, in the order of their folders."""

    import_id: UUID
    first: int = 0


class Taken(Shape):
    """How far a batch came: the next skill, of `total`."""

    next: int
    total: int


class ImportEnding(Shape):
    """How an import ended; with an error, as failed."""

    import_id: UUID
    error: str = ""
