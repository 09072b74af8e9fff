"""The rules' code and the number that stands for it change together, so that old verdicts are known to be old."""

from hashlib import sha256
from pathlib import Path

import domain
from domain.safety import EDITION

RECORDED = (2, "c2abebda468e9fa1")
"""The edition, and the digest of the files below as they were in it."""

CODE = ("library/package", "rules/syntax", "safety")
"""Beside all of `scan`."""


def test_code_that_judges_does_not_change_without_its_edition() -> None:
    folder = Path(domain.__path__[0])
    files = sorted([*folder.glob("scan/*.py"), *(folder / f"{name}.py" for name in CODE)])
    sums = [sha256(file.read_bytes()).hexdigest() for file in files]
    found = (EDITION, sha256("".join(sums).encode()).hexdigest()[:16])
    assert found == RECORDED, (
        "The safety rules' code has changed. If a verdict on some skill can be another now, raise EDITION in "
        f"domain/safety.py, so that skills are scanned again. Then record what this test finds: {found}"
    )
