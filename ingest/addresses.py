"""Which addresses URL import may reach, and a transport that reaches no other.

A name is resolved once per request, every answer is judged, and the connection goes to a judged address: a
second look-up, which could answer differently (DNS rebinding), never happens. Redirects are new requests
through the same transport, so they are judged like the first.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable

import httpx

from infra.core.errors import Rejected

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], list[str]]

TRIED = 4  # addresses of one name
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: how an IPv6-only network reaches IPv4
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")  # all that is routed as IPv6 today
_6TO4 = ipaddress.IPv6Network("2002::/16")  # RFC 3056, retired: leads to the IPv4 address inside
_ASSIGNMENTS = ipaddress.IPv4Network("192.0.0.0/24")  # RFC 6890; newer Pythons know; a cloud keeps metadata there
_PLATFORM = ipaddress.IPv4Address("168.63.129.16")  # Azure's host agent: a public number, answered from within


def allowed(address: Address) -> bool:
    """Whether this is a host of the public internet.

    No: loopback, private, link-local (cloud metadata), unique-local, carrier NAT, multicast, reserved,
    unspecified, and all of these inside an IPv6 form that carries an IPv4 address.
    """
    if isinstance(address, ipaddress.IPv6Address):
        if inner := address.ipv4_mapped:
            return allowed(inner)
        if address in _NAT64:
            return allowed(ipaddress.IPv4Address(address.packed[-4:]))
        return address in _GLOBAL_UNICAST and address not in _6TO4 and address.is_global
    return (address.is_global and not address.is_multicast and not address.is_reserved
            and address not in _ASSIGNMENTS and address != _PLATFORM)


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, in the system's order of preference. Raises OSError."""
    # The system's resolver also reads 2130706433 and 0x7f.1 as IPv4: what counts is what would be dialled.
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def vet(host: str, port: int, *, private_too: bool, resolver: Resolver = resolve) -> list[str]:
    """The addresses to dial. Raises Rejected `url_not_allowed` (one bad address spoils the name) or
    `url_unreachable`."""
    try:
        found = resolver(host, port)
    except (OSError, UnicodeError) as error:
        raise Rejected("url_unreachable", f"There is no server named {host}.", retryable=True) from error
    if not private_too and not all(allowed(ipaddress.ip_address(text.partition("%")[0])) for text in found):
        raise Rejected("url_not_allowed", f"{host} is not on the public internet. Import reaches public servers only.")
    return found


class VettedTransport(httpx.BaseTransport):
    """HTTP to vetted addresses only. No proxies and no kept connections: both would blur who is dialled."""

    def __init__(self, *, private_too: bool, resolver: Resolver = resolve) -> None:
        self._private_too = private_too
        self._resolver = resolver
        # Of the environment only SSL_CERT_FILE is read here; proxies would be the client's business.
        self._inner = httpx.HTTPTransport(limits=httpx.Limits(max_keepalive_connections=0))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """As httpx asks for it. Raises Rejected as well as httpx's errors."""
        url = request.url
        host = url.raw_host.decode("ascii")  # IDNA form
        port = url.port or (443 if url.scheme == "https" else 80)
        addresses = vet(host, port, private_too=self._private_too, resolver=self._resolver)[:TRIED]
        for number, address in enumerate(addresses, 1):
            # The Host header is set already; the certificate is checked against the name, not the number.
            dialled = httpx.Request(request.method, url.copy_with(host=address), headers=request.headers,
                                    extensions={**request.extensions, "sni_hostname": host})
            try:
                return self._inner.handle_request(dialled)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if number == len(addresses):
                    raise
        raise httpx.ConnectError(f"{host} has no address", request=request)

    def close(self) -> None:
        """Close what is open."""
        self._inner.close()
