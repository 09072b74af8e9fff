"""Addresses from settings: what a link may begin with, and that only a host is ever shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.web_address import NO_ADDRESS, host_of, is_loopback, web_address


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://temporal.example/ui/", "https://temporal.example/ui"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
    ],
)
def test_a_web_address_is_kept_without_its_last_slash(given: str, kept: str) -> None:
    assert web_address(given) == kept


@pytest.mark.parametrize(
    "given",
    [
        *("javascript:alert(1)", "JavaScript://x.example/%0aalert(1)", "data:text/html,x", "file:///etc/passwd"),
        *("ftp://x.example", "//x.example", "x.example", "temporal:8080", "", "http://", "http://:8080"),
        *("http://ada:secret@x.example", "http://ada@x.example", "http://x.example:99999", "http://x.example:0"),
        *("http://x.example/?a=b", "http://x.example/#a", "http://x.example/a b", "http://x.example/\u202ea"),
        "http://[::1",
    ],
)
def test_what_a_link_must_not_begin_with_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="must"):
        web_address(given)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("https://user:pass-of-ada@api.example:8443/v1?key=k-1#f", "api.example:8443"),
        ("http://[::1]:9/v1", "[::1]:9"),
        ("http://api.example/v1", "api.example"),
        ("user:pass@api.example/v1", NO_ADDRESS),
        ("key-in-the-wrong-place", NO_ADDRESS),
        ("http://api.example:port/v1", NO_ADDRESS),
    ],
)
def test_of_an_address_only_the_host_is_shown(given: str, shown: str) -> None:
    assert host_of(given) == shown


@given(st.text(max_size=60))
def test_no_text_breaks_what_looks_at_addresses(given: str) -> None:
    host_of(given)
    is_loopback(given)
    try:
        kept = web_address(given)
    except ValueError:
        return
    assert kept.lower().startswith(("http://", "https://"))


@pytest.mark.parametrize(
    ("given", "here"),
    [
        ("http://127.0.0.1:1/v1", True),
        ("http://localhost", True),
        ("http://[::1]:2", True),
        ("http://127.0.0.1.evil.example", False),
        ("", False),
    ],
)
def test_this_machine_is_known_by_its_names(given: str, here: bool) -> None:
    assert is_loopback(given) is here
