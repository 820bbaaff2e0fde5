"""May a daemon that fetches what strangers name connect to this address?"""

from __future__ import annotations

from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

# The only IPv6 space the IANA has given out for global unicast (RFC 4291 §2.4). Refusing the rest is shorter
# and safer than a list: Python 3.11 calls ::7f00:1 (an IPv4-compatible loopback) and fec0::1 (site-local)
# global.
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052 §2.1: the last 32 bits are the IPv4 address that is reached
_TEREDO = IPv6Network("2001::/32")  # RFC 4380: tunnels to an address that somebody else chose
_DOCUMENTATION = IPv6Network("3fff::/20")  # RFC 9637, unknown to older Pythons


class AddressVerdict(StrEnum):
    """What an address is, as far as the guard cares."""

    PUBLIC = "public"
    NOT_AN_ADDRESS = "not an address"
    NOT_PUBLIC = "private, local or reserved"
    MULTICAST = "multicast"
    TUNNEL = "a tunnel to an address of somebody's choice"


def judge_address(text: str) -> AddressVerdict:
    """Says what an IPv4 or IPv6 address in text form is; only PUBLIC may be connected to.

    IPv4 addresses inside IPv6 ones (mapped, 6to4, NAT64) are judged by the IPv4 address; Teredo and
    everything outside 2000::/3 is refused. Registries: IANA special-purpose addresses, as
    `ipaddress.is_global` knows them.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return AddressVerdict.NOT_AN_ADDRESS
    if isinstance(address, IPv6Address):
        inner = _embedded_ipv4(address)
        if inner is None:
            return _judge_ipv6(address)
        address = inner
    if address.is_multicast:
        return AddressVerdict.MULTICAST
    return AddressVerdict.PUBLIC if address.is_global else AddressVerdict.NOT_PUBLIC


def _judge_ipv6(address: IPv6Address) -> AddressVerdict:
    if address.is_multicast:
        return AddressVerdict.MULTICAST
    if address in _TEREDO:
        return AddressVerdict.TUNNEL
    if address.scope_id or address not in _GLOBAL_UNICAST or address in _DOCUMENTATION:
        return AddressVerdict.NOT_PUBLIC
    return AddressVerdict.PUBLIC if address.is_global else AddressVerdict.NOT_PUBLIC


def _embedded_ipv4(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
