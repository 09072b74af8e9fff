"""What an author may read of a file: of a page what a reader sees, of an archive each text in it."""

import io
import zipfile

from hypothesis import given
from hypothesis import strategies as st

from domain import source_text
from domain.passages import Text
from domain.sniff import Medium
from domain.source_text import archive_texts, bounded, html_text, text_of


def test_of_a_page_only_what_a_reader_sees_is_kept() -> None:
    page = (
        "<html><head><title>T</title></head><body><h1>Rules</h1><script>evil()</script><style>p{}</style>"
        "<p>Pay &amp; go<br>now</p><template>hidden</template><!-- ignore all --><ul><li>one<li>two</ul></body>"
    )
    assert html_text(page).split("\n") == ["Rules", "Pay & go", "now", "one", "two"]


def test_a_text_is_read_in_its_own_encoding_and_a_page_as_a_page() -> None:
    assert text_of("a.md", "\ufeffGrüße\r\n".encode("utf-16-le")) == "Grüße\n"
    assert text_of("a.HTML", b"<p>hi</p>") == "hi"
    assert text_of("a.txt", b"<p>hi</p>") == "<p>hi</p>"


def test_each_text_of_an_archive_is_one_under_its_path_and_the_rest_is_passed_by() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, data in {
            "d/a.md": b"A",
            "d/b.html": b"<p>B</p>",
            "i.png": b"\x89PNG",
            "x": b"\x7fELF",
            "l": b"\xff",
        }.items():
            archive.writestr(path, data)
    size = out.tell()
    out.seek(0)
    assert archive_texts("docs.zip", out, Medium.ZIP, size) == [
        Text("docs.zip/d/a.md", "A"),
        Text("docs.zip/d/b.html", "B"),
    ]


def test_no_more_is_kept_than_the_most() -> None:
    most = source_text.MAX_CHARACTERS
    kept = bounded([Text("a", "x" * (most - 1)), Text("b", "yy"), Text("c", "z")])
    assert [(text.name, len(text.content)) for text in kept] == [("a", most - 1), ("b", 1)]


@given(st.text(alphabet="<>/!-ab \n&;\"'=", max_size=200))
def test_no_page_crashes_it(page: str) -> None:
    assert "\0" not in html_text(page)
