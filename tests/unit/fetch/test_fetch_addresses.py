from __future__ import annotations

import pytest

from monitor.adapters.fetch.addresses import AddressVerdict, judge_address


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "2002:808:808::", "64:ff9b::808:808"]
)
def test_public_addresses_may_be_connected_to(address: str) -> None:
    assert judge_address(address) is AddressVerdict.PUBLIC


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "198.18.0.1",
        "192.0.2.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0:127.0.0.1",
        "::7f00:1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:c0a8:101::1",
        "fd00::1",
        "fc00::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "2001:db8::1",
        "3fff::1",
        "5f00::1",
        "2606:2800:220:1::1%1",
    ],
)
def test_private_local_and_reserved_addresses_are_refused_however_they_are_wrapped(address: str) -> None:
    assert judge_address(address) is AddressVerdict.NOT_PUBLIC


@pytest.mark.parametrize("address", ["224.0.0.1", "239.1.1.1", "ff02::1", "ff0e::1", "::ffff:224.0.0.1"])
def test_multicast_is_refused(address: str) -> None:
    assert judge_address(address) is AddressVerdict.MULTICAST


def test_teredo_is_refused_whatever_is_inside() -> None:
    assert judge_address("2001:0:4136:e378:8000:63bf:3fff:fdd2") is AddressVerdict.TUNNEL


@pytest.mark.parametrize("text", ["", "0x7f.1", "2130706433", "127.1", "localhost", "1.2.3.4/32", "[::1]"])
def test_what_only_looks_like_an_address_is_none(text: str) -> None:
    assert judge_address(text) is AddressVerdict.NOT_AN_ADDRESS
