"""From which address a request comes, when proxies that we trust stand between."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
_REMEMBERED_MAX = 10_000
_HOPS_MAX = 20
_SITE_BITS = 64
"""Of an IPv6 address: one household has so many that a limit on each would be none (RFC 6177)."""


def networks(written: Sequence[str]) -> tuple[Network, ...]:
    """Return the networks written as CIDR, or as single addresses.

    Raises:
        ValueError: one is neither.
    """
    return tuple(ip_network(one.strip(), strict=False) for one in written)


class Addresses:
    """Finds the address that counts.

    Arguments:
        trusted: networks of the proxies whose X-Forwarded-For is believed; none believes nobody.
    """

    def __init__(self, trusted: Sequence[Network]) -> None:
        self._trusted = tuple(trusted)
        self._is_trusted = lru_cache(maxsize=_REMEMBERED_MAX)(self._lies_within)

    def of(self, peer: str, forwarded: Sequence[str]) -> str:
        """Return the address nearest to us that no trusted proxy has.

        What stands further left in the header was written by the client itself, and is worth nothing.

        Arguments:
            peer: address of the connection.
            forwarded: values of X-Forwarded-For, in their order.
        """
        if not self._trusted or not forwarded:
            return _whole(peer)
        hops = [hop.strip() for value in forwarded for hop in value.split(",")]
        found = peer
        for hop in reversed(hops[-_HOPS_MAX:]):
            if not self._is_trusted(found) or _parsed(hop) is None:
                break
            found = hop
        return _whole(found)

    def _lies_within(self, address: str) -> bool:
        parsed = _parsed(address)
        return parsed is not None and any(parsed in network for network in self._trusted)


@lru_cache(maxsize=_REMEMBERED_MAX)
def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    bare = address.removeprefix("[").partition("]")[0] if address.startswith("[") else address
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        parsed = ip_address(bare)
    except ValueError:
        return None
    return parsed.ipv4_mapped or parsed if isinstance(parsed, IPv6Address) else parsed


@lru_cache(maxsize=_REMEMBERED_MAX)
def _whole(address: str) -> str:
    parsed = _parsed(address)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, _SITE_BITS), strict=False))
    return str(parsed) if parsed is not None else "unknown"
