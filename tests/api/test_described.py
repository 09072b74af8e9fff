"""What the documentation and the errors say of sizes is what the code refuses."""

from api.described import WHY
from api.guard import MAX_BODY
from api.problems import TOO_LARGE
from api.receiving import MAX_ARCHIVE, MAX_FILE


def test_the_largest_bodies_are_named_as_they_are() -> None:
    for text in (WHY[413], TOO_LARGE):
        assert f"{MAX_BODY // 1024} KB" in text
        assert f"`POST /sources` {MAX_FILE // 2**20} MB" in text
        assert f"archive {MAX_ARCHIVE // 2**20} MB" in text
