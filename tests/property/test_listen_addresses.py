"""Whatever is written as `[web]`: an address to listen on, names and networks come out, or a ValueError."""

from __future__ import annotations

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from monitor.config.values import read_host, read_listen, read_network

PORTS = st.integers(0, 70_000)
ADDRESSES = st.ip_addresses() | st.ip_addresses(network="127.0.0.0/8") | st.ip_addresses(network="::ffff:0:0/96")
WRITTEN = (
    st.builds(lambda host, port: f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}", ADDRESSES, PORTS)
    | st.builds(lambda host, port: f"{host}:{port}", st.text(max_size=20) | st.just("localhost"), PORTS)
    | st.text(max_size=40)
)


@given(WRITTEN)
def test_an_address_is_read_as_it_is_written(text: str):
    try:
        listen = read_listen(text)
    except ValueError:
        return
    address = ipaddress.ip_address(listen.host)
    only_here = address in ipaddress.ip_network("127.0.0.0/8") or address == ipaddress.ip_address("::1")
    assert listen.is_loopback is only_here
    assert listen.is_every is (listen.host in ("0.0.0.0", "::"))
    assert 0 <= listen.port <= 65535
    assert read_listen(str(listen)) == listen


@given(st.ip_addresses(network="127.0.0.0/8"), st.integers(0, 65535))
def test_every_loopback_address_can_be_written(address: ipaddress.IPv4Address, port: int):
    assert str(read_listen(f"{address}:{port}")) == f"{address}:{port}"


@given(st.text(max_size=40) | ADDRESSES.map(str) | st.from_regex(r"[a-zäß.-]{1,20}", fullmatch=True))
def test_a_name_is_what_a_host_header_may_hold(text: str):
    try:
        name = read_host(text)
    except ValueError:
        return
    assert name.isascii()
    assert name == name.lower()
    assert not set(name) & set("/*@ ,\\")
    assert name.startswith("[") or ":" not in name
    assert read_host(name) == name


@given(st.text(max_size=40) | st.builds(lambda host, bits: f"{host}/{bits}", ADDRESSES, st.integers(0, 130)))
def test_a_network_is_never_everybody(text: str):
    try:
        network = ipaddress.ip_network(read_network(text))
    except ValueError:
        return
    assert network.prefixlen
    assert read_network(str(network)) == str(network)
