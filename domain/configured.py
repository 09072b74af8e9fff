"""What is set, as people may see it: no key, no password, no path, of an address only its host. Shapes only."""

from typing import Literal

from domain.evidence.policy import Policy
from domain.evidence.profile import STANDARD, Profile
from domain.retention import Keep
from domain.shape import Shape

KeyState = Literal["set", "not set", "not needed"]


class KeyInUse(Shape):
    """Whether a provider's key is set for this process, and under which variable it is, or would be; never the key."""

    state: KeyState
    variable: str


class ModelInUse(Shape):
    """The model of one role as LiteLLM names it; None: none is configured. `host`: of an address that is named, empty
    for the provider's own."""

    role: Literal["author", "judge", "agent"]
    model: str | None = None
    host: str = ""
    key: KeyInUse


class Notifications(Shape):
    """Whether a webhook is told, its host, and whether what it is told is signed."""

    on: bool = False
    host: str = ""
    signed: bool = False


class Configured(Shape):
    """The settings of the process that was started with them. `library`: the folder's name only."""

    models: list[ModelInUse] = []
    profile: Profile = STANDARD
    policy: Policy = Policy()
    keep: Keep | None = None
    traces: Literal["off", "summary", "full"] = "summary"
    reevaluate: bool = False
    second_scanner: bool = False
    webhook: Notifications = Notifications()
    library: str = ""
    library_git: bool = False
