"""A long download shows life at a terminal and in a log."""

from io import StringIO

from rich.console import Console

from deploy.weights_meter import meter


def test_a_log_gets_one_line_for_each_tenth() -> None:
    log = StringIO()
    with meter(Console(file=log, width=100), 1_000_000_000) as moved:
        for done in (1, 100_000_000, 150_000_000, 90_000_000, 350_000_000, 1_000_000_000):
            moved(done)
    assert log.getvalue().splitlines() == [f"local model: {tenth} % of 1.00 GB" for tenth in (10, 30, 100)]


def test_a_terminal_gets_a_bar_with_the_size() -> None:
    screen = StringIO()
    with meter(Console(file=screen, force_terminal=True, width=100), 1_000_000_000) as moved:
        moved(500_000_000)
    assert "0.5/1.0 GB" in screen.getvalue()
