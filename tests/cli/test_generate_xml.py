"""`generate-xml` asks for the shelf and the person's own skills only when told to."""

import pytest

from tests.cli.conftest import Cli
from tests.cli.scripted_api import Script


@pytest.mark.parametrize(
    ("flags", "query"),
    [((), ""), (("--category", "data & more"), "category=data+%26+more"), (("--mounted",), "mounted=true")],
)
def test_flags_become_the_query(cli: Cli, script: Script, flags: tuple[str, ...], query: str) -> None:
    assert cli("generate-xml", *flags).exit_code == 0
    assert [seen.query for seen in script.seen if seen.path.endswith("/taxonomy/xml")] == [query]
