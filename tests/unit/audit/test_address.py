"""Whose address it is: one from the trusted hop, without a port, or the connection's own."""

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from recordings.audit import client_address

OWN = "192.0.2.1"


def seen(forwarded: str, hops: int, settings) -> str:
    settings.TRUSTED_PROXY_HOPS = hops
    return client_address(RequestFactory().get("/", REMOTE_ADDR=OWN, HTTP_X_FORWARDED_FOR=forwarded))


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("203.0.113.9:5555", "203.0.113.9"),
        ("203.0.113.9:6666", "203.0.113.9"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("1.2.3.4, 203.0.113.9:1", "203.0.113.9"),
        ("203.0.113.9:5555:1", OWN),
        ("unknown", OWN),
        ("<script>", OWN),
        ("", OWN),
    ],
)
def test_a_port_or_a_spelling_makes_no_other_address(settings, forwarded, address):
    """Limits are counted by it: another port must not be another caller."""
    assert seen(forwarded, 1, settings) == address
    assert seen(forwarded, 0, settings) == OWN


@given(st.text(max_size=60), st.ip_addresses(), st.integers(0, 65535))
def test_whatever_a_client_puts_in_front_the_trusted_hop_counts(invented, address, port):
    from django.test import override_settings

    invented = "".join(sign for sign in invented if sign.isprintable())
    host = f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"
    with override_settings(TRUSTED_PROXY_HOPS=1):
        request = RequestFactory().get("/", REMOTE_ADDR=OWN, HTTP_X_FORWARDED_FOR=f"{invented}, {host}")
        mapped = getattr(address, "ipv4_mapped", None)
        assert client_address(request) == str(mapped or address)
