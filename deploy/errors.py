"""What can keep the stack from coming up. Raised in `deploy/`, printed by `deploy.local`, never seen by the parts.

StackError               says what, why and what to do; the command ends with 1
├── AlreadyRunningError  another `up` holds the data folder
└── PartFailedError      a part that the others stand on did not come up
"""


class StackError(Exception):
    """The stack cannot do what was asked; the message is for the person at the terminal."""


class AlreadyRunningError(StackError):
    """Another `up` holds this data folder."""


class PartFailedError(StackError):
    """A part, or a step between parts such as the migrations, failed for good."""
