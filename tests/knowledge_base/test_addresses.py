"""The address policy, against the registers and against the standard library."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.addresses import is_public

INSIDE = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/127",
    "::ffff:0:0/96",
    "64:ff9b::/96",
    "100::/64",
    "2001::/32",
    "2001:db8::/32",
    "2002::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
]


@given(st.sampled_from(INSIDE), st.integers(min_value=0))
def test_no_address_of_these_networks_is_public(network: str, offset: int) -> None:
    inside = ipaddress.ip_network(network)
    assert not is_public(str(inside[offset % inside.num_addresses]))


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_inside_ipv6_is_never_public(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    for wrapped in (0xFFFF << 32 | number, number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80):
        assert not is_public(str(ipaddress.IPv6Address(wrapped)))


@given(st.ip_addresses())
def test_what_is_public_is_global_and_for_one_receiver(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if is_public(str(address)):
        assert address.is_global
        assert not any(
            (address.is_multicast, address.is_loopback, address.is_private, address.is_unspecified)
        )


@pytest.mark.parametrize(
    "address", ["114.114.114.114", "8.8.8.8", "223.5.5.5", "2400:3200::1", "2606:4700::1111"]
)
def test_addresses_of_the_internet(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address", ["", "localhost", "127.1", "0x7f.1", "2130706433", "fe80::1%eth0", "1.2.3.4.5"]
)
def test_what_is_no_address(address: str) -> None:
    assert not is_public(address)
