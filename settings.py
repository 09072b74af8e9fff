"""Every value a person or a deployment may set, read once from `SKILL_FLEET_*` and never again.

The only reader of the environment besides Temporal's own profiles (`temporalio.envconfig`). Imported by the composition
roots (worker, api/app, cli, deploy, migrations); everything below them is given values as arguments.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.configured import Configured, KeyInUse, KeyState, ModelInUse, Notifications
from domain.evidence.policy import Policy
from domain.evidence.profile import Profile, profile_for
from domain.retention import Keep, Mode
from domain.web_address import host_of, is_loopback, web_address

PREFIX = "SKILL_FLEET_"
CHECKOUT = Path(__file__).resolve().parent

LOCAL_MODEL = "qwen2.5-coder-1.5b"
"""In the name of the small local model."""

Role = Literal["author", "judge", "agent"]
ROLES: tuple[Role, ...] = get_args(Role)

WITHOUT_KEY = ("ollama", "ollama_chat", "lm_studio", "llamafile")
"""Providers, as LiteLLM names them, whose models run on one's own machines and ask for no key."""


class UnknownSettingError(ValueError):
    """An environment variable begins with SKILL_FLEET_ but names no setting: nearly always a typing error."""


class ModelSettings(BaseSettings):
    """One language model as LiteLLM names it (`provider/model`), its address and its key."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid")

    model: str
    api_base: str | None = None
    api_key: SecretStr | None = None

    @property
    def small_local(self) -> bool:
        """Whether it is the small local model, whose verdicts are marked as low confidence."""
        return LOCAL_MODEL in self.model.lower()


class Settings(BaseSettings):
    """Frozen settings; each field is the variable `SKILL_FLEET_<FIELD>`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True)

    model: str | None = Field(None, description="The model of every role, e.g. openai/gpt-5 or anthropic/claude-x.")
    model_api_base: str | None = Field(None, description="Address of an OpenAI-compatible server, if not the default.")
    model_api_key: SecretStr | None = Field(None, description="The provider's key.")
    author_model: str | None = Field(None, description="The model that writes; default: MODEL.")
    author_model_api_base: str | None = None
    author_model_api_key: SecretStr | None = None
    judge_model: str | None = Field(None, description="The model that judges; default: MODEL.")
    judge_model_api_base: str | None = None
    judge_model_api_key: SecretStr | None = None
    agent_model: str | None = Field(None, description="The model that tries the cases; default: MODEL.")
    agent_model_api_base: str | None = None
    agent_model_api_key: SecretStr | None = None
    model_concurrency: int = Field(8, ge=1, le=256, description="Calls in flight at once, per provider and worker.")
    model_requests_per_minute: int | None = Field(None, ge=1, description="Calls begun a minute, likewise.")
    model_timeout: float = Field(300.0, gt=0, description="Seconds one model call may take.")
    local_model_file: Path | None = Field(None, description="A GGUF file to serve instead of fetching the local model.")
    database_url: SecretStr | None = Field(None, description="postgresql://user:password@host:port/name")
    metrics_port: int | None = Field(None, ge=1, le=65535, description="Port of the worker's numbers, on 127.0.0.1.")
    library: Path = Field(CHECKOUT / "skills", description="Root of the skill library.")
    library_git: Literal["off", "on"] = Field(
        "off", description="Commit each published version in the library's folder."
    )
    data_dir: Path = Field(CHECKOUT / ".skill-fleet", description="Where `skill-fleet up` keeps its state.")
    webhook_url: str | None = Field(None, description="Where notifications are sent; none: nothing is sent.")
    webhook_secret: SecretStr | None = Field(None, description="whsec_… that signs them (Standard Webhooks).")
    webhook_allow_private: bool = Field(False, description="Allow a webhook on a private or loopback address.")
    scanner: str | None = Field(
        None, description="Command of a second scanner, such as /opt/scanner/bin/skill-scanner."
    )
    retention: Literal["off", "dry-run", "on"] = Field("dry-run", description="Old things go, or are only counted.")
    keep_drafts_days: int = Field(90, ge=1, description="Drafts of ended jobs that were never published.")
    keep_model_answers_days: int = Field(90, ge=1, description="Paid model answers of ended jobs, and their traces.")
    keep_events_days: int = Field(180, ge=1, description="Events of ended jobs.")
    keep_parked_days: int = Field(90, ge=1, description="Jobs that wait for somebody who does not come.")
    keep_idempotency_days: int = Field(7, ge=1, description="Answers kept under an Idempotency-Key.")
    keep_notifications_days: int = Field(30, ge=1, description="Notifications that were delivered or given up.")
    keep_uploads_days: int = Field(30, ge=1, description="Files that were sent in, once no job or import needs them.")
    evaluation: Literal["auto", "standard", "quick", "local-small"] = Field(
        "auto",
        description="How thoroughly skills are proven; auto: standard, or local-small.",
    )
    evidence_policy: Literal["refuse", "warn"] = Field(
        "refuse", description="What happens to a draft whose evidence is not enough: not published, or with a warning."
    )
    evidence_cases: int = Field(3, ge=1, le=50, description="Fewest cases that prove a skill.")
    evidence_delta: float = Field(0.0, ge=-1, lt=1, description="The gain in pass rate that must be exceeded.")
    evidence_recall: float = Field(0.8, ge=0, le=1, description="Least share of fitting queries it is chosen for.")
    evidence_precision: float = Field(0.9, ge=0, le=1, description="Least share of its choices that are right.")
    evidence_sure: Literal["off", "on"] = Field("off", description="The whole interval of the gain must lie above 0.")
    reevaluate: Literal["off", "on"] = Field(
        "off", description="Evaluate published skills again each night when the agent's model has changed."
    )
    traces: Literal["off", "summary", "full"] = Field(
        "summary", description="What is kept of how models reason: nothing, their summary, or all with the prompts."
    )
    mlflow_uri: str | None = Field(None, description="Tracking server of MLflow that gets dspy's traces, if any.")
    temporal_ui_url: str | None = Field(None, description="Address of Temporal's Web UI, for links on the page.")
    api_url: str | None = Field(None, description="Where the command line finds the api; default: DATA_DIR/stack.json.")
    user: str | None = Field(None, description="Who the command line says you are; default: local.")

    @field_validator("temporal_ui_url")
    @classmethod
    def _leads_somewhere(cls, given: str | None) -> str | None:
        """Links on the page begin with it. Raises ValueError for what a link must not be."""
        return None if given is None else web_address(given)

    @property
    def policy(self) -> Policy:
        """What evidence a draft needs before it is published."""
        return Policy(
            mode=self.evidence_policy,
            cases=self.evidence_cases,
            delta=self.evidence_delta,
            recall=self.evidence_recall,
            precision=self.evidence_precision,
            sure=self.evidence_sure == "on",
        )

    @property
    def keep(self) -> Keep:
        """How long what is kept."""
        return Keep(
            mode=Mode(self.retention),
            drafts=self.keep_drafts_days,
            model_answers=self.keep_model_answers_days,
            events=self.keep_events_days,
            parked=self.keep_parked_days,
            idempotency=self.keep_idempotency_days,
            notifications=self.keep_notifications_days,
            uploads=self.keep_uploads_days,
        )

    @property
    def profile(self) -> Profile:
        """How thoroughly the worker's models prove a skill."""
        agent = self.model_for("agent")
        return profile_for(self.evaluation, small=agent is not None and agent.small_local)

    def model_for(self, role: Role) -> ModelSettings | None:
        """The model of one role: its own if it is named, else the common one; None when neither is configured.

        The common key goes only where it was meant to go: to the common address and the common model's provider.
        """
        own: str | None = getattr(self, f"{role}_model")
        own_base: str | None = getattr(self, f"{role}_model_api_base")
        own_key: SecretStr | None = getattr(self, f"{role}_model_api_key")
        name = own or self.model
        if name is None:
            return None
        common = self.model is not None and provider_of(name) == provider_of(self.model)
        base = own_base or (self.model_api_base if common and (own is None or own_key is None) else None)
        key = own_key or (self.model_api_key if common and own_base is None else None)
        return ModelSettings(model=name, api_base=base, api_key=key)

    @property
    def configured(self) -> Configured:
        """What people may see of all this: no secret, no path, of an address only its host."""
        return Configured(
            models=[self._in_use(role) for role in ROLES],
            profile=self.profile,
            policy=self.policy,
            keep=self.keep,
            traces=self.traces,
            reevaluate=self.reevaluate == "on",
            second_scanner=self.scanner is not None,
            webhook=Notifications(
                on=self.webhook_url is not None,
                host=host_of(self.webhook_url) if self.webhook_url else "",
                signed=self.webhook_secret is not None,
            ),
            library=self.library.absolute().name,
            library_git=self.library_git == "on",
        )

    def _in_use(self, role: Role) -> ModelInUse:
        found = self.model_for(role)
        variable = self._key_variable(role, found)
        if found is None:
            return ModelInUse(role=role, key=KeyInUse(state="not set", variable=variable))
        own = is_loopback(found.api_base or "") or provider_of(found.model) in WITHOUT_KEY
        state: KeyState = "set" if found.api_key is not None else "not needed" if own else "not set"
        host = host_of(found.api_base) if found.api_base else ""
        return ModelInUse(role=role, model=found.model, host=host, key=KeyInUse(state=state, variable=variable))

    def _key_variable(self, role: Role, found: ModelSettings | None) -> str:
        """Where the key of a role is set, or would be: under its own name once the common one is not meant for it."""
        own = f"{role}_model_api_key"
        not_meant = found is not None and found.api_key is None and self.model_api_key is not None
        apart = getattr(self, own) is not None or not_meant or (found is not None and self.model is None)
        return PREFIX + (own if apart else "model_api_key").upper()


def provider_of(model: str) -> str:
    """The part of a LiteLLM model name that says whose it is: `openai` of `openai/gpt-5`."""
    return model.split("/", 1)[0]


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; an unknown `SKILL_FLEET_*` variable is an error that names the nearest known ones."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    given = os.environ if environment is None else environment
    unknown = sorted(name for name in given if name.upper().startswith(PREFIX) and name.upper() not in known)
    if unknown:
        raise UnknownSettingError(
            f"unknown setting {', '.join(unknown)}: nothing reads it. Known settings: {', '.join(sorted(known))}."
        )
    return Settings()
