"""The address of a client, which a reverse proxy may report."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

IPV6_NETWORK_BITS = 64
"""The length of the prefix that a provider assigns to one customer."""


def parse_address(text: str) -> str | None:
    """
    Return an IP address in its usual form, without port or brackets, or None if it is none.

    Args:
        text: what a proxy reports: "192.0.2.1", "192.0.2.1:4711", "2001:db8::1" or
            "[2001:db8::1]:4711".
    """
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """Return the part of an address that identifies a customer: of IPv6, the network."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address  # a unix socket
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        network = ipaddress.ip_network((parsed, IPV6_NETWORK_BITS), strict=False)
        return str(network.network_address)
    return str(parsed)


def is_loopback(host: str) -> bool:
    """Return whether only programs of this machine reach *host*."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
