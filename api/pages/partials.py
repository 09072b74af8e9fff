"""Parts of a page on their way to a page that is open already: what is put where, as htmx reads it."""

from typing import Literal

from markupsafe import escape

Swap = Literal["outerMorph", "outerHTML", "innerHTML", "beforeend", "textContent"]
"""`outerMorph` leaves alone what somebody has typed there; `outerHTML` does not."""


def partial(target: str, html: str, swap: Swap = "outerMorph") -> str:
    """`html`, from a template of ours, for the element with the id `target`."""
    return f'<hx-partial hx-target="#{target}" hx-swap="{swap}">{html}</hx-partial>'


def said(target: str, text: str) -> str:
    """A text for the element with the id `target`."""
    return partial(target, str(escape(text)), "textContent")
