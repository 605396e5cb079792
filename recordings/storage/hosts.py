"""Classify host names strictly: plain names, addresses, and disguised forms of them."""

import ipaddress
import re
from enum import StrEnum

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# The WHATWG URL rule: a host whose last label is a number in any base is an address to a browser.
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class HostForm(StrEnum):
    """The form of a URL's host."""

    NAME = "name"
    ADDRESS = "address"
    INTERNATIONAL = "international"
    DISGUISED = "disguised"
    BROKEN = "broken"


def form_of(host: str) -> HostForm:
    """Classify a host in lower case, an IPv6 address in brackets."""
    if not host.isascii() or any(label.startswith("xn--") for label in host.split(".")):
        return HostForm.INTERNATIONAL
    if host.startswith("[") or _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        return HostForm.ADDRESS if _is_plain_address(host) else HostForm.DISGUISED
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        return HostForm.BROKEN
    return HostForm.NAME


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine: 127.0.0.0/8, ::1, localhost and names below it (RFC 6761)."""
    address = address_of(host)
    if address is not None:
        return address.is_loopback
    return host == "localhost" or host.endswith(".localhost")


def is_private(host: str) -> bool:
    """Return whether a host is, by its text, in a private, local or reserved network."""
    address = address_of(host)
    return is_loopback(host) or (address is not None and not is_public(address))


def is_public(address: Address) -> bool:
    """Return whether an address is reachable over the internet and does not wrap one that is not."""
    if isinstance(address, ipaddress.IPv6Address) and _wraps_ipv4(address):
        return False
    return address.is_global and not address.is_multicast


def address_of(host: str) -> Address | None:
    """Return the address that a host spells out, or None for a name."""
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


def _is_plain_address(host: str) -> bool:
    address = address_of(host)
    if isinstance(address, ipaddress.IPv4Address):
        return str(address) == host
    if address is None or address.scope_id is not None or _wraps_ipv4(address):
        return False
    return f"[{address.compressed}]" == host


def _wraps_ipv4(address: ipaddress.IPv6Address) -> bool:
    nat64 = ipaddress.IPv6Network("64:ff9b::/96")
    compatible = 1 < int(address) < 2**32  # ::a.b.c.d, deprecated (RFC 4291)
    return bool(address.ipv4_mapped or address.sixtofour or address.teredo or address in nat64 or compatible)
