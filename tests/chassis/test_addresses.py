"""An address is the one that trusted proxies saw; what a client writes into the header counts for nothing."""

import pytest
from pydantic import ValidationError

from services.chassis.http.addresses import Addresses, networks
from services.composition import Settings

INSIDE = Addresses(networks(("10.0.0.0/8", "192.168.7.1", "fd00::/8")))


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("10.1.1.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.1.1.1", ["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
        ("10.1.1.1", ["6.6.6.6", "198.51.100.1"], "198.51.100.1"),
        ("10.1.1.1", ["6.6.6.6, 198.51.100.1, 192.168.7.1"], "198.51.100.1"),
        ("10.1.1.1", ["10.2.2.2"], "10.2.2.2"),
        ("10.1.1.1", ["nonsense"], "10.1.1.1"),
        ("10.1.1.1", ["6.6.6.6, nonsense"], "10.1.1.1"),
        ("10.1.1.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("10.1.1.1", [""], "10.1.1.1"),
        ("::ffff:10.1.1.1", ["198.51.100.1"], "198.51.100.1"),
        ("fd00::1", ["[2001:db8:1:2:3:4:5:6]:80"], "2001:db8:1:2::/64"),
        ("2001:db8:1:2::a", [], "2001:db8:1:2::/64"),
        ("", [], "unknown"),
    ],
)
def test_it_is_the_nearest_that_no_trusted_proxy_has(peer: str, forwarded: list[str], address: str) -> None:
    assert INSIDE.of(peer, forwarded) == address


def test_without_trusted_proxies_nobody_is_believed() -> None:
    assert Addresses(()).of("10.1.1.1", ["198.51.100.1"]) == "10.1.1.1"


def test_a_header_without_end_is_not_read_to_its_end() -> None:
    assert INSIDE.of("10.1.1.1", [", ".join(["10.3.3.3"] * 2_000)]) == "10.3.3.3"


def test_a_network_that_is_none_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDAN_HTTP_TRUSTED_PROXIES", "10.0.0.0/8, ::1")
    assert Settings().http_trusted_proxies == ("10.0.0.0/8", "::1")
    monkeypatch.setenv("SANDAN_HTTP_TRUSTED_PROXIES", "10.0.0.0/40")
    with pytest.raises(ValidationError, match="http_trusted_proxies"):
        Settings()
