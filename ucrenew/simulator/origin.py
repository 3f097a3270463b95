"""Whether a browser was sent here by somebody else's page.

A person who practises has other sites open too. Their pages can make the browser post here (cross-site request
forgery), or come in under a name of theirs that leads to loopback (DNS rebinding). Programs are not concerned: they
send neither of the headers.
"""

from __future__ import annotations

import ipaddress

from flask import Request

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN = frozenset({"same-origin", "none"})


def is_forged(request: Request) -> bool:
    """Whether this is a change that another page asks for."""
    if request.method in _READS:
        return False
    origin = request.headers.get("Origin")
    if origin is not None and origin != request.host_url.rstrip("/"):
        return True
    return request.headers.get("Sec-Fetch-Site", "none") not in _OWN


def is_loopback(request: Request) -> bool:
    """Whether the caller came by loopback's own name or address."""
    host = request.host.rpartition(":")[0] or request.host
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
