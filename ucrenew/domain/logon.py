"""How an account proves itself to a Microsoft CA's web server (certsrv.md §7)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Logon(StrEnum):
    """The ways that are spoken here; the profile may name one."""

    NTLM = "ntlm"
    KERBEROS = "kerberos"
    BASIC = "basic"

    @property
    def scheme(self) -> str:
        """Its word in WWW-Authenticate and Authorization."""
        return _SCHEMES[self]

    def is_among(self, offered: Iterable[str]) -> bool:
        """True when a server offers its scheme; schemes have no case (RFC 9110 §11.1)."""
        return self.scheme.lower() in {word.lower() for word in offered}


_SCHEMES = {Logon.NTLM: "NTLM", Logon.KERBEROS: "Negotiate", Logon.BASIC: "Basic"}


def chosen(offered: tuple[str, ...]) -> Logon | None:
    """Choose among the schemes that a server offers where the profile names none; None when none of them will do.

    NTLM before Basic: it is what a fresh install offers, is bound to the TLS connection, and never hands the password
    itself to whatever ends TLS. Never Kerberos unasked: Negotiate is offered by servers that no ticket can be had for,
    and a ticket needs the CA's own host name, a way to the domain's KDC and a library of the system's.
    """
    return next((logon for logon in (Logon.NTLM, Logon.BASIC) if logon.is_among(offered)), None)


def not_offered(logon: Logon | None, offered: tuple[str, ...]) -> str:
    """The end of a sentence: what is missing, what is there, and what to do; None: the profile names none."""
    wanted = logon.scheme if logon else "NTLM or Basic"
    said = f"it offers no {wanted} login, only {', '.join(offered) or 'nothing'}"
    if logon is Logon.BASIC:
        return f"{said}; {ENABLE_BASIC}"
    if logon is None and Logon.KERBEROS.is_among(offered):
        return f'{said}; where the domain wants Kerberos, write logon = "kerberos" in the profile\'s [ca]'
    return f"{said}; write another logon in the profile's [ca], or have it enabled for /certsrv"


ENABLE_BASIC = "Basic is a Windows feature of its own (Web-Basic-Auth) and has to be enabled for /certsrv"
