"""May a proxy be asked for this host? All there is to judge by is the name: the proxy resolves it."""

from __future__ import annotations

import re
from ipaddress import ip_address

from monitor.adapters.fetch.addresses import AddressVerdict, judge_address

# A host that ends in a number is an IPv4 address in one of its old forms (WHATWG URL, "ends in a number"):
# 127.1, 0x7f.1, 2130706433.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.I)
# Names of the machine and the house: RFC 6761 §6.3, RFC 8375, RFC 6762 §3, and those in use by its appendix G.
_HOUSE = ("localhost", "local", "home.arpa", "internal", "intranet", "private", "corp", "home", "lan")


def judge_name(host: str) -> AddressVerdict | None:
    """Why a proxy must not be asked for a host that strangers named; None when it may.

    A proxy on this machine would otherwise be a way into it. A name without a dot is one of the house: no public
    one is like that (RFC 7085).
    """
    name = host.rstrip(".").lower()
    try:
        ip_address(name)
    except ValueError:
        last = name.rpartition(".")[2]
        inside = "." not in name or any(name == one or name.endswith(f".{one}") for one in _HOUSE)
        return AddressVerdict.NOT_PUBLIC if inside or _NUMBER.fullmatch(last) else None
    verdict = judge_address(name)
    return None if verdict is AddressVerdict.PUBLIC else verdict
