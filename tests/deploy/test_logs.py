"""Logs of this run and of the one before, bounded."""

from pathlib import Path

from deploy.logs import rotate, trim


def test_the_log_of_the_run_before_is_kept_and_only_that(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    for text in ("first", "second", "third"):
        rotate(log)
        log.write_text(text)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"api.log": "third", "api.log.1": "second"}


def test_a_log_is_begun_anew_only_when_it_is_too_long(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    trim(log)
    log.write_text("12345")
    trim(log, limit=5)
    assert log.exists()
    trim(log, limit=4)
    assert not log.exists()
    assert (tmp_path / "api.log.1").read_text() == "12345"
