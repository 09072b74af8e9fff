"""Where a webhook may lead: the internet, private networks on order, and nowhere else in whatever clothes."""

import asyncio
import socket
import threading
from ipaddress import ip_address

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.outbound import LOOKUPS, PRIVATE, Destination, Resolver, UnsafeDestination, allowed, destination

ON_THE_INTERNET = ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111"]
PRIVATE_ONES = ["127.0.0.1", "127.8.9.10", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "::1", "fd00::1"]
NOWHERE = [
    "0.0.0.0",
    "0.1.2.3",
    "169.254.169.254",
    "169.254.0.1",
    "fe80::1",
    "fe80::1%eth0",
    "::",
    "224.0.0.1",
    "239.255.255.250",
    "ff02::1",
    "240.0.0.1",
    "255.255.255.255",
    "198.18.0.1",
    "203.0.113.1",
    "192.88.99.1",
    "192.0.0.192",
    "168.63.129.16",
    "100.100.100.200",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fec0::1",
    "2001:db8::1",
    "3fff::1",
    "5f00::1",
    "100::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:1.1.1.1",
    "::127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::1.1.1.1",
    "64:ff9b:1::10.0.0.1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2001:0:7f00:1::",
]


def host(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def https(name: str, *, private: bool = False) -> Destination:
    return Destination(httpx.URL(f"https://{name}/"), private)


class Answers:
    """A resolver that gives one answer after the other, and notes what it was asked."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append((host, port))
        return self.answers.pop(0)


@pytest.mark.parametrize("address", ON_THE_INTERNET)
@pytest.mark.parametrize("private", [False, True])
def test_the_internet_may_be_called_over_tls_only(address: str, private: bool) -> None:
    assert allowed(ip_address(address), plain=False, private=private)
    assert not allowed(ip_address(address), plain=True, private=private)


@pytest.mark.parametrize("address", PRIVATE_ONES)
@pytest.mark.parametrize("plain", [False, True])
def test_private_addresses_may_be_called_only_on_order(address: str, plain: bool) -> None:
    assert not allowed(ip_address(address), plain=plain, private=False)
    assert allowed(ip_address(address), plain=plain, private=True)


@pytest.mark.parametrize("address", NOWHERE)
@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("private", [False, True])
def test_metadata_and_what_is_special_may_never_be_called(address: str, plain: bool, private: bool) -> None:
    assert not allowed(ip_address(address), plain=plain, private=private)


@given(st.ip_addresses())
def test_without_an_order_nothing_inside_is_ever_allowed(address: object) -> None:
    found = ip_address(str(address))
    if allowed(found, plain=False, private=False):
        assert found.is_global
        assert not any(found in network for network in PRIVATE)
        assert getattr(found, "ipv4_mapped", None) is None
        assert getattr(found, "sixtofour", None) is None
        assert getattr(found, "teredo", None) is None


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_inside_of_an_ipv6_one_opens_no_door(address: object) -> None:
    number = int(ip_address(str(address)))
    for wrapped in (number, 0xFFFF << 32 | number, 0x0064_FF9B << 96 | number, 0x2002 << 112 | number << 80):
        assert not allowed(ip_address(wrapped.to_bytes(16, "big")), plain=False, private=False)


@pytest.mark.parametrize("address", [*PRIVATE_ONES, *NOWHERE])
def test_an_unsafe_address_in_the_settings_is_refused_at_once(address: str) -> None:
    with pytest.raises(UnsafeDestination):
        destination(f"https://{host(address)}/hook", private=False)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/",
        "http://localhost/",
        "https://localhost/",
        "https://LOCALHOST./",
        "https://fleet.localhost/",
        "https://127.0.0.1:8000/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://017700000001/",
        "https://127.1/",
        "https://127.0.0.1./",
        "https://1.1.1.1.1/",
        "https://①②⑦.⓪.⓪.①/",
        "https://127。0。0。1/",
        "https://%31%32%37.0.0.1/",
        "https://user:password@hooks.example/",
        "https://user@hooks.example/",
        "https://hooks.example\\@127.0.0.1/",
        "https://hooks.example%2f@127.0.0.1/",
        "https://ex ample/",
        "https://a..b/",
        "https://.example/",
        f"https://{'a' * 64}.example/",
        f"https://{'a.' * 127}example/",
        "https://hooks.example:0/",
        "https://hooks.example:99999/",
        "https://hooks.example:http/",
        "https://hooks.example\r\nX-Evil: 1/",
        "https:///hook",
        "https://",
        "hooks.example/hook",
        "//hooks.example/hook",
        "ftp://hooks.example/",
        "file:///etc/passwd",
        "gopher://hooks.example/",
        "javascript:alert(1)",
        "",
    ],
)
def test_what_is_no_plain_https_url_of_a_public_host_is_refused(url: str) -> None:
    with pytest.raises(UnsafeDestination):
        destination(url, private=False)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://hooks.example/a?token=b", "hooks.example"),
        ("https://Hooks.Example:8443/", "hooks.example"),
        ("https://exämple.com/", "xn--exmple-cua.com"),
        ("https://my_hooks.example./", "my_hooks.example."),
        ("https://1.1.1.1/", "1.1.1.1"),
        ("https://[2606:4700:4700::1111]:8443/", "2606:4700:4700::1111"),
        ("https://4chan.example/", "4chan.example"),
        ("https://hooks.example#@127.0.0.1/", "hooks.example"),
        ("https://hooks.example?@127.0.0.1/", "hooks.example"),
    ],
)
def test_a_plain_https_url_is_taken(url: str, name: str) -> None:
    assert destination(url, private=False).host == name


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "http://localhost/", "http://[fd00::1]/", "http://intern/"])
def test_with_the_order_private_hosts_and_plain_http_are_taken(url: str) -> None:
    assert destination(url, private=True).private


@pytest.mark.parametrize("url", ["http://1.1.1.1/", "http://169.254.169.254/", "https://169.254.169.254/"])
def test_even_with_the_order_metadata_and_plain_http_to_the_internet_are_refused(url: str) -> None:
    with pytest.raises(UnsafeDestination):
        destination(url, private=True)


@pytest.mark.parametrize("address", [*PRIVATE_ONES, *NOWHERE])
async def test_a_name_that_leads_inside_is_refused(address: str) -> None:
    with pytest.raises(UnsafeDestination, match="WEBHOOK_ALLOW_PRIVATE"):
        await https("hooks.example").addresses(Answers([address]))


@pytest.mark.parametrize("address", NOWHERE)
async def test_a_name_that_leads_to_metadata_is_refused_even_with_the_order(address: str) -> None:
    with pytest.raises(UnsafeDestination, match="metadata"):
        await https("hooks.example", private=True).addresses(Answers([address]))


async def test_of_mixed_answers_only_the_safe_ones_are_used() -> None:
    mixed = Answers(["127.0.0.1", "1.1.1.1", "169.254.169.254", "2606:4700:4700::1111", "1.1.1.1"])
    assert await https("hooks.example").addresses(mixed) == ["1.1.1.1", "2606:4700:4700::1111"]


async def test_a_name_that_changes_its_mind_is_asked_only_once() -> None:
    rebinding = Answers(["1.1.1.1"], ["127.0.0.1"])
    assert await https("hooks.example").addresses(rebinding) == ["1.1.1.1"]
    assert rebinding.asked == [("hooks.example", 443)]


async def test_the_port_of_the_scheme_is_asked_for_when_none_is_given() -> None:
    answers = Answers(["10.0.0.1"], ["10.0.0.1"])
    await Destination(httpx.URL("http://intern/"), private=True).addresses(answers)
    await Destination(httpx.URL("http://intern:8080/"), private=True).addresses(answers)
    assert answers.asked == [("intern", 80), ("intern", 8080)]


async def test_plain_http_never_leaves_the_private_network_whatever_a_name_says() -> None:
    with pytest.raises(UnsafeDestination, match="https for all others"):
        await Destination(httpx.URL("http://intern/"), private=True).addresses(Answers(["1.1.1.1"]))


@pytest.mark.parametrize("name", ["2130706433", "0x7f.1", "127.1", "localhost", "0177.0.0.1"])
async def test_other_clothes_of_loopback_are_seen_through_by_the_real_resolver(name: str) -> None:
    found = await Resolver()(name, 443)
    assert found
    assert not any(allowed(ip_address(address), plain=False, private=False) for address in found)


async def test_lookups_that_hang_hold_up_no_other_work_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = threading.Event()
    hanging = threading.Barrier(LOOKUPS + 1)

    def hang(*_: object, **__: object) -> list[object]:
        hanging.wait(10)
        answer.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    resolver = Resolver()
    lookups = [asyncio.create_task(resolver("hooks.example", 443)) for _ in range(LOOKUPS)]
    try:
        await asyncio.to_thread(hanging.wait, 10)
        others = [asyncio.create_task(resolver("hooks.example", 443)) for _ in range(50)]
        assert await asyncio.wait_for(asyncio.to_thread(int, "7"), 5) == 7
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
    finally:
        answer.set()
    assert await asyncio.gather(*lookups) == [[]] * LOOKUPS
