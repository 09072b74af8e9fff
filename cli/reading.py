"""Reads what a person types at a terminal, and opens an editor for longer texts. Must not know what it is for."""

import importlib
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from cli.output import Output, shown
from cli.problems import CliError

GOES_ON = "\\"
"""At the end of a line without an editor of lines: one more line follows."""


class Reader(Protocol):
    """Somebody who types. Raises KeyboardInterrupt (Ctrl-C) and EOFError (Ctrl-D on an empty line)."""

    @property
    def unfinished(self) -> str:
        """What stood on the line when it was left by Ctrl-C."""

    @property
    def more(self) -> str:
        """In words: how one line more is typed."""

    def read(self, ask: str, start: str = "") -> str:
        """Show `ask` and return what is typed; it may have several lines. `start` is on the line already."""


class PlainReader:
    """Line by line, without keys of its own: for dumb terminals and screen readers."""

    def __init__(self, ask: Callable[[str], str] = input, left: Callable[[], None] = lambda: None) -> None:
        """`left` ends the line that somebody left by Ctrl-C or Ctrl-D."""
        self._ask = ask
        self._left = left
        self.unfinished = ""
        self.more = f"{GOES_ON} at the end: one more line"

    def read(self, ask: str, start: str = "") -> str:
        """A line that ends with a backslash goes on in the next one. Nothing typed keeps `start`."""
        try:
            lines = [self._ask(f"{shown(ask)}[Enter: {shown(start)}] " if start else shown(ask))]
            while lines[-1].endswith(GOES_ON):
                lines.append(self._ask("    ... "))
        except (KeyboardInterrupt, EOFError):
            self._left()
            raise
        text = "\n".join(line.removesuffix(GOES_ON) for line in lines)
        return text or start


def reader_for(out: Output) -> Reader:
    """The reader that fits the terminal.

    The one with keys is loaded here and not above: its library takes 0.2 s to import, which every command would pay.
    """
    if not out.live:
        return PlainReader(left=out.line)
    reader: Reader = importlib.import_module("cli.keys").KeyReader()
    return reader


class Editor:
    """Lets a person change a text: in the editor of their choice, else in whatever they open the file with."""

    def __init__(self, reader: Reader, command: str | None = None) -> None:
        """`command` is what $VISUAL or $EDITOR holds, with its arguments."""
        self._reader = reader
        self._command = command

    def changed(self, text: str, name: str) -> str:
        """The text as it is saved. Raises CliError, that names the file, when it cannot be had."""
        folder = Path(tempfile.mkdtemp(prefix="skill-fleet-"))
        file = folder / name
        file.write_text(text, encoding="utf-8")
        if self._command:
            self._open(self._command, file)
        else:
            self._reader.read(f"    Edit {file} and save it, then press Enter > ")
        try:
            written = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CliError(f"{file} cannot be read.", why=str(error), next_step="save it as UTF-8 text") from error
        shutil.rmtree(folder, ignore_errors=True)  # an editor may have left files of its own beside it
        return written

    def _open(self, command: str, file: Path) -> None:
        try:
            code = subprocess.run([*shlex.split(command), str(file)], check=False).returncode  # noqa: S603  (theirs)
        except (OSError, ValueError) as error:
            raise _no_editor(command, str(error), file) from error
        if code != 0:
            raise _no_editor(command, f"it ended with code {code}", file)


def _no_editor(command: str, why: str, file: Path) -> CliError:
    return CliError(
        f"The editor {command!r} did not do it.",
        why=why,
        next_step=f"your text is in {file}; set EDITOR to another one",
    )
