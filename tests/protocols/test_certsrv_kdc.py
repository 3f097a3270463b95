"""Kerberos against a real KDC: with the extra and Debian's krb5-kdc and krb5-admin-server, as `.ci/run` has them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.protocols import kdc
from tests.protocols.certsrv_captures import OWN, PASSWORD, PENDING, REQUEST, client_of
from tests.protocols.https_door import always, make, opened
from tests.protocols.ntlm_door import binding
from ucrenew.clients.certsrv import Pending
from ucrenew.domain import x509
from ucrenew.domain.logon import Logon
from ucrenew.errors import LoginRefused, Transient

pytest.importorskip("requests_gssapi")
pytestmark = pytest.mark.skipif(bool(kdc.missing()), reason=f"no {', '.join(kdc.missing())} here")

USER = "svc-ucrenew@example.com"


@pytest.fixture(scope="module")
def realm(tmp_path_factory):
    """A KDC for this module."""
    folder = tmp_path_factory.mktemp("kdc")
    with kdc.running(folder, {"svc-ucrenew": PASSWORD}) as configured:
        yield configured


@pytest.fixture
def iis(realm: Path, monkeypatch) -> Callable[..., kdc.Iis]:
    """Web servers of that realm."""
    monkeypatch.setenv("KRB5_CONFIG", str(realm))

    def serve(bound_to: bytes = binding(OWN)) -> kdc.Iis:
        return kdc.Iis(always(PENDING), realm.parent / "http.keytab", bound_to)

    return serve


def submit(door, **account):
    """A submission by an account with Kerberos."""
    client = client_of(door, logon=Logon.KERBEROS, **{"user": USER, **account})
    return client.submit(x509.pem(REQUEST), "CiscoUC")


def test_form_leaves_once_with_a_bound_ticket(iis):
    """A bare GET, then the form with a ticket that is bound to the connection's certificate; the form leaves once."""
    server = iis()
    with opened(OWN, answers=server) as door:
        outcome = submit(door)
    first, second = door.seen

    assert Pending(32) == outcome
    assert ("GET", b"", "POST") == (first.method, first.body, second.method)
    assert "Authorization" not in first.headers
    assert first.port == second.port
    assert [True] == server.tickets


def test_ticket_for_another_certificate(iis):
    """Where TLS ends at another certificate the ticket is refused, once, and the error says what to look at."""
    server = iis(bound_to=binding(make("proxy.example.com")))
    with opened(OWN, answers=server) as door, pytest.raises(LoginRefused, match="ends TLS"):
        submit(door)

    assert [False] == server.tickets


@pytest.mark.parametrize(
    ("account", "error"), [({"password": "not-this-one"}, LoginRefused), ({"user": "nobody@example.com"}, LoginRefused)]
)
def test_refused_by_the_kdc(iis, account, error):
    """A wrong password or an unknown account is refused by the KDC; the CA's server sees no credential, no form."""
    with opened(OWN, answers=iis()) as door, pytest.raises(error, match="not tried again") as refused:
        submit(door, **account)

    assert "not-this-one" not in str(refused.value)
    assert ["GET"] == [seen.method for seen in door.seen]


def test_kdc_away(iis, realm, monkeypatch):
    """A KDC that does not answer has refused nobody: it may be tried again."""
    away = realm.parent / "away.conf"
    away.write_text(realm.read_text().replace("kdc = 127.0.0.1:", "kdc = 127.0.0.1:1\n# "))
    server = iis()
    monkeypatch.setenv("KRB5_CONFIG", str(away))
    with opened(OWN, answers=server) as door, pytest.raises(Transient, match="KDC"):
        submit(door)

    assert [] == server.tickets
