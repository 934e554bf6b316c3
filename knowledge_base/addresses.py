"""Which network addresses may be asked for a web page: public ones only."""

import ipaddress

_NOT_PUBLIC = tuple(
    map(
        ipaddress.ip_network,
        (
            # The standard library knows private, loopback, link-local and shared (CGNAT) ones; beside them:
            "192.0.0.0/24",  # protocol assignments
            "192.88.99.0/24",  # 6to4 relays
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, broadcast
            # These carry an IPv4 address inside, which could be any of the above:
            "::ffff:0:0/96",
            "::/96",
            "64:ff9b::/96",
            "64:ff9b:1::/48",
            "2001::/23",
            "2002::/16",
        ),
    )
)
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")


def is_public(address: str) -> bool:
    """Tell whether an IPv4 or IPv6 address, as a resolver writes it, is one of the public internet."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if not parsed.is_global or parsed.is_multicast or parsed.is_reserved:
        return False
    if any(parsed in network for network in _NOT_PUBLIC if network.version == parsed.version):
        return False
    return parsed.version == 4 or parsed in _GLOBAL_UNICAST
