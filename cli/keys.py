"""A line to type on with keys: Enter sends, Alt-Enter makes a new line. Loaded when it is needed."""

from prompt_toolkit import PromptSession
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import Output


class KeyReader:
    """One person at one terminal. `input` and `output` are the process's own unless given."""

    def __init__(self, input: Input | None = None, output: Output | None = None) -> None:
        self.unfinished = ""
        self.more = "Alt-Enter: one more line"
        self._session: PromptSession[str] = PromptSession(
            multiline=True,
            key_bindings=_keys(),
            prompt_continuation="    ",
            input=input,
            output=output,
        )

    def read(self, ask: str, start: str = "") -> str:
        """What is typed, with its line breaks. A pasted text of several lines is one text."""
        self.unfinished = ""
        try:
            return self._session.prompt(ask, default=start)
        except KeyboardInterrupt:
            self.unfinished = self._session.default_buffer.text
            raise


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("enter")
    def _send(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    @keys.add("escape", "enter")
    def _new_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return keys
