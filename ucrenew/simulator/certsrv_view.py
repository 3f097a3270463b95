"""How the pages of the simulated web enrollment look to the caller at hand (certsrv.md §3)."""

from __future__ import annotations

from flask import request

from ucrenew.simulator.authority import Authority
from ucrenew.simulator.certsrv_language import pack
from ucrenew.simulator.certsrv_pages import Frame

_INTERNET_EXPLORER = ("msie", "trident")


def frame_of(authority: Authority) -> Frame:
    """By User-Agent and the server's language; what languages the caller accepts is nothing to it (§3.2, §3.3)."""
    agent = request.headers.get("User-Agent", "").casefold()
    return Frame(
        authority.name,
        pack(authority.setup.iis.language),
        mozilla="mozilla" in agent,
        internet_explorer=any(name in agent for name in _INTERNET_EXPLORER),
    )
