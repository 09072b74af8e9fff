"""One run of the command line: its flags, its settings, its streams and, when needed, its line to the api."""

from uuid import UUID

import typer
from pydantic import ValidationError

from cli import address
from cli.client import Api
from cli.desk import Desk
from cli.flags import Flags
from cli.output import Output
from cli.problems import UsageProblem
from cli.reading import Editor, reader_for
from settings import PREFIX, Settings, UnknownSettingError, load


class Run:
    """What every command starts from."""

    def __init__(self, flags: Flags) -> None:
        self.flags = flags
        self.settings = _settings()
        self.out = Output(json_wanted=flags.json_wanted, plain=flags.plain)

    @property
    def api_url(self) -> str:
        """The api's address. Raises CliError when none is known."""
        return address.find(self.flags.api_url, self.settings)

    @property
    def user(self) -> str | None:
        """Who the person says they are; None: nobody said."""
        return self.flags.user or self.settings.user

    def api(self) -> Api:
        """A new line to the api; use it in a `with`."""
        return Api(self.api_url, self.user)

    def desk(self, api: Api, job: UUID | None = None, editor: str | None = None) -> Desk | None:
        """The person at this terminal; None when there is nobody to ask."""
        if not self.out.can_ask:
            return None
        reader = reader_for(self.out)
        return Desk(api=api, out=self.out, reader=reader, editor=Editor(reader, editor), job_id=job)


def run_of(ctx: typer.Context) -> Run:
    """The run that typer's context belongs to."""
    flags = ctx.find_object(Flags)
    return Run(flags or Flags())


def _settings() -> Settings:
    try:
        return load()
    except UnknownSettingError as error:
        raise _unusable(str(error)) from error
    except ValidationError as error:
        # Never the values: one of them may be a key.
        wrong = [f"{PREFIX}{str(item['loc'][0]).upper()}: {item['msg']}" for item in error.errors(include_input=False)]
        raise _unusable("; ".join(wrong)) from error


def _unusable(why: str) -> UsageProblem:
    return UsageProblem("The settings cannot be used.", why=why, next_step="mend the variable that is named")
