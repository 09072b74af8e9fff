"""Which addresses may be called where a setting names the host: the internet, and private networks only on order.

Looks a name up once and hands out addresses, so that what was judged is what is connected to: a name that answers
differently the next time (DNS rebinding) gains nothing. Sends nothing itself.
"""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpx

from domain.errors import SkillFleetError

PRIVATE = tuple(
    map(
        ip_network,
        ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"),
    )
)
"""Loopback, private and shared networks (RFC 1918, 4193, 6598): an operator may allow them."""

NEVER = tuple(
    map(
        ip_network,
        (
            "100.100.100.200/32",  # metadata of Alibaba Cloud, inside of a shared network
            "168.63.129.16/32",  # metadata of Azure, a public address
            "fd00:ec2::254/128",  # metadata of AWS, inside of a private network
            "fd20:ce::254/128",  # metadata of Google Cloud, likewise
            "192.0.0.0/24",  # protocol assignments, metadata of Oracle Cloud among them
            "192.88.99.0/24",  # 6to4 relays
            "2001::/23",  # Teredo and other tunnels
            "2001:db8::/32",
            "2002::/16",  # 6to4: an IPv4 address inside
            "3fff::/20",
        ),
    )
)
"""Refused whatever is allowed. The rest of what is special (0.0.0.0, 169.254.169.254, multicast …) is neither private
nor global; IPv6 outside of 2000::/3 (IPv4-mapped, NAT64) is not global here (IANA special-purpose registries)."""

GLOBAL_IPV6 = ip_network("2000::/3")
NAME = re.compile(r"(?=.{1,253}$)([a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?")
ENDS_IN_NUMBER = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)\.?")
"""What some resolvers read as an IPv4 address in other clothes: 2130706433, 0x7f.1, 127.1."""

LOOKUPS = 4
"""Lookups at once; more than that wait, and are given up with their attempt."""

Lookup = Callable[[str, int], Awaitable[list[str]]]
"""Gives the addresses of a name, for a port."""


class UnsafeDestination(SkillFleetError):
    """An address that may not be called; says why and what would do."""


class Resolver:
    """The machine's resolver, in a few threads of its own: a name server that hangs holds up nothing else."""

    def __init__(self) -> None:
        """No thread runs before the first lookup."""
        self.threads = ThreadPoolExecutor(LOOKUPS, thread_name_prefix="lookup")

    async def __call__(self, host: str, port: int) -> list[str]:
        """Addresses of a name, for a port. Raises OSError when there is no such name."""
        ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self.threads, ask)
        return [str(entry[4][0]) for entry in found]


def allowed(address: IPv4Address | IPv6Address, *, plain: bool, private: bool) -> bool:
    """May this address be called, `plain` (http) or over TLS, where private ones are allowed or not?"""
    if any(address in network for network in NEVER):
        return False
    if any(address in network for network in PRIVATE):
        return private
    public = address.is_global and not address.is_multicast and (address.version == 4 or address in GLOBAL_IPV6)
    return public and not plain


@dataclass(frozen=True)
class Destination:
    """A URL that may be called if its host turns out to be at an allowed address."""

    url: httpx.URL
    private: bool

    async def addresses(self, look_up: Lookup) -> list[str]:
        """The allowed addresses of the host, by one lookup. Raises UnsafeDestination, OSError."""
        plain = self.url.scheme == "http"
        found = await look_up(self.host, self.url.port or (80 if plain else 443))
        safe = [one for one in found if allowed(ip_address(one), plain=plain, private=self.private)]
        if not safe:
            raise UnsafeDestination(_refusal(plain=plain, private=self.private))
        return list(dict.fromkeys(safe))

    @property
    def host(self) -> str:
        """The host as it is looked up and as certificates name it."""
        return self.url.raw_host.decode("ascii")


def destination(given: str, *, private: bool) -> Destination:
    """Read a URL and refuse what can be refused without a lookup. Raises UnsafeDestination."""
    try:
        url = httpx.URL(given)
    except httpx.InvalidURL as error:
        raise UnsafeDestination(f"it is no URL: {error}") from error
    if url.scheme not in ("http", "https") or url.userinfo or url.port == 0 or (url.port or 1) > 65_535:
        raise UnsafeDestination("it must be https://host[:port]/path without a user or password")
    found = Destination(url, private)
    address = _literal(found.host)
    plain = url.scheme == "http"
    if (plain and not private) or (address and not allowed(address, plain=plain, private=private)):
        raise UnsafeDestination(_refusal(plain=plain, private=private))
    return found


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address if the host is one, None if it is a name. Raises UnsafeDestination if it is neither."""
    if host.rstrip(".").rpartition(".")[2] == "localhost":
        return IPv4Address("127.0.0.1")
    if NAME.fullmatch(host) and not ENDS_IN_NUMBER.fullmatch(host):
        return None
    try:
        return ip_address(host)
    except ValueError as error:
        raise UnsafeDestination("its host is neither a name nor a plain address") from error


def _refusal(*, plain: bool, private: bool) -> str:
    if plain and private:
        return "http is only for private and loopback addresses; use https for all others"
    if plain:
        return "it must be https; http is only for private addresses, with SKILL_FLEET_WEBHOOK_ALLOW_PRIVATE=true"
    if private:
        return (
            "its address is link-local, multicast, a cloud's metadata or otherwise reserved: nobody may be sent there"
        )
    return "its address is not on the internet; a private one needs SKILL_FLEET_WEBHOOK_ALLOW_PRIVATE=true"
