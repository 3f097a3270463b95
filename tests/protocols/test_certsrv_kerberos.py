"""Kerberos is an extra, and what it needs is said in one sentence before anything is sent (certsrv.md §7)."""

from __future__ import annotations

import sys

import pytest

from tests.protocols.certsrv_captures import OWN, PASSWORD, REQUEST, challenge, client_of
from tests.protocols.https_door import opened
from ucrenew.clients.certsrv_proofs import proof_of
from ucrenew.domain import x509
from ucrenew.domain.logon import Logon
from ucrenew.errors import BadInput, Refused

NEGOTIATE = challenge("Negotiate", "NTLM")


def test_missing_library_is_named(monkeypatch):
    """Where the profile asks for Kerberos and the extra is not installed, one sentence says how to install it."""
    monkeypatch.setitem(sys.modules, "requests_gssapi", None)
    with opened(OWN, answers=lambda _: NEGOTIATE) as door:
        client = client_of(door, logon=Logon.KERBEROS, user="svc-ucrenew@example.com")
        with pytest.raises(BadInput, match=r"pip install 'ucrenew\[kerberos\]'") as missing:
            client.submit(x509.pem(REQUEST), "CiscoUC")

    assert "\n" not in str(missing.value)
    assert PASSWORD not in str(missing.value)
    assert [] == door.seen


@pytest.mark.parametrize(
    ("user", "host", "words"),
    [
        ("svc-ucrenew@example.com", "192.0.2.10", "192.0.2.10 is an address"),
        ("svc-ucrenew@example.com", "2001:db8::10", "2001:db8::10 is an address"),
        ("EXAMPLE\\svc-ucrenew", "ca.example.com", "as user@domain"),
        ("svc-ucrenew", "ca.example.com", "as user@domain"),
    ],
)
def test_what_a_ticket_needs(user, host, words):
    """A ticket is for the name of a host and of an account in a realm; an address or a bare name is refused."""
    with pytest.raises(BadInput, match=words.replace("\\", r"\\")):
        proof_of(Logon.KERBEROS, user, PASSWORD, host)


def test_library_is_not_imported_unasked(monkeypatch):
    """Without Kerberos in the profile the extra is neither needed nor loaded, although the server offers Negotiate."""
    monkeypatch.setitem(sys.modules, "requests_gssapi", None)
    monkeypatch.setitem(sys.modules, "gssapi", None)
    with opened(OWN, answers=lambda _: NEGOTIATE) as door, pytest.raises(Refused, match="offers no NTLM"):
        client_of(door, logon=None).check_login()

    assert not any(seen.headers.get("Authorization", "").startswith("Negotiate") for seen in door.seen)
