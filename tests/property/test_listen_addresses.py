"""Whatever is written as `[web].listen`: an address that only this machine reaches comes out, or a ValueError."""

from __future__ import annotations

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from monitor.config.values import read_listen

PORTS = st.integers(0, 70_000)
ADDRESSES = st.ip_addresses() | st.ip_addresses(network="127.0.0.0/8") | st.ip_addresses(network="::ffff:0:0/96")
WRITTEN = (
    st.builds(lambda host, port: f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}", ADDRESSES, PORTS)
    | st.builds(lambda host, port: f"{host}:{port}", st.text(max_size=20) | st.just("localhost"), PORTS)
    | st.text(max_size=40)
)


@given(WRITTEN)
def test_only_this_machine_is_ever_listened_on(text: str):
    try:
        listen = read_listen(text)
    except ValueError:
        return
    address = ipaddress.ip_address(listen.host)
    assert address in ipaddress.ip_network("127.0.0.0/8") or address == ipaddress.ip_address("::1")
    assert 0 <= listen.port <= 65535
    assert read_listen(str(listen)) == listen


@given(st.ip_addresses(network="127.0.0.0/8"), st.integers(0, 65535))
def test_every_loopback_address_can_be_written(address: ipaddress.IPv4Address, port: int):
    assert str(read_listen(f"{address}:{port}")) == f"{address}:{port}"
