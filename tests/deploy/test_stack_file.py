"""`stack.json` is private, and a reader sees the old one or the new one, never half of one."""

import threading
from pathlib import Path

import pytest

from deploy.stack_file import Pids, Stack, read, write, write_private


def stack(port: int) -> Stack:
    """A stack whose fields all carry the same number."""
    pids = Pids(api=port, worker=port, temporal=port, postgres=port)
    return Stack(
        api_url=f"http://127.0.0.1:{port}",
        temporal_address=f"127.0.0.1:{port}",
        temporal_ui_url=f"http://127.0.0.1:{port}",
        database_url=f"postgresql://u:secret@127.0.0.1:{port}/d",
        pids=pids,
    )


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    write(tmp_path / "stack.json", stack(1))
    assert read(tmp_path / "stack.json") == stack(1)


def test_it_is_readable_by_its_owner_only_and_leaves_no_other_file(tmp_path: Path) -> None:
    write(tmp_path / "stack.json", stack(1))
    assert (tmp_path / "stack.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["stack.json"]


def test_a_reader_never_sees_half_of_it(tmp_path: Path) -> None:
    path = tmp_path / "stack.json"
    write(path, stack(1))

    def write_many() -> None:
        for port in range(1, 300):
            write(path, stack(port))

    writer = threading.Thread(target=write_many)
    writer.start()
    while writer.is_alive():
        seen = read(path)
        assert seen is not None
        assert seen == stack(seen.pids.api or 0)
    writer.join()


@pytest.mark.parametrize("content", [None, "", "{}", "not json"])
def test_without_a_stack_file_there_is_no_stack(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "stack.json").write_text(content)
    assert read(tmp_path / "stack.json") is None


def test_a_part_this_stack_does_not_have_is_null(tmp_path: Path) -> None:
    write(tmp_path / "stack.json", stack(1))
    assert '"model": null' in (tmp_path / "stack.json").read_text()


def test_its_password_is_not_in_its_representation() -> None:
    assert "secret" not in repr(stack(1))


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        write_private(tmp_path / "taken", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
