"""Every shape of a reply that cucm.md §1 leaves open, and those that nobody should take for an answer."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.protocols.certmgr_talk import (
    OTHER,
    OWN,
    PASSWORD,
    REQUEST,
    REQUEST_PEM,
    answering,
    every_call,
    talk_to,
    wish,
)
from tests.protocols.https_door import NODE, Reply, opened
from ucrenew.clients.certmgr import NodeRefused
from ucrenew.errors import UnknownReply

BASE = "/platformcom/api/v1/certmgr/config"
ODD = "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n"  # DER, and no certificate


# --- both forms of what is inferred


@pytest.mark.parametrize(
    "body",
    [
        {"csr": REQUEST_PEM},
        {"trackingId": "1", "service": "tomcat", "csr": REQUEST_PEM.replace("\n", "\r\n")},
        {"csr": {"service": "tomcat", "csr": REQUEST_PEM}},
        [{"service": "tomcat", "csr": REQUEST_PEM}],
        {"csr": REQUEST_PEM.replace("BEGIN CERT", "BEGIN NEW CERT").replace("END CERT", "END NEW CERT")},
    ],
)
def test_request_in_each_shape(body):
    """A request is read at top level, in an object, in a list, and under Microsoft's header."""
    with answering(body) as (client, _):
        assert REQUEST == client.csr("tomcat")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"csr": ""}, 200),
        ({"csr": None, "service": "tomcat"}, 200),
        ({"trackingId": "1"}, 200),
        ([], 200),
        ({"message": "no CSR"}, 404),
        ({"messages": ["File /usr/local/platform/.security/tomcat/keys/tomcat.csr does not exist"]}, 400),
    ],
)
def test_no_request_in_each_shape(body, status):
    """That there is no request is understood in each shape that could say so."""
    with answering(body, status) as (client, _):
        assert client.csr("tomcat") is None


def test_unknown_shape_is_not_nothing():
    """A reply with none of the known keys is an unknown reply: a request overlooked would be overwritten."""
    body = {"certificateSigningRequest": REQUEST_PEM}
    with answering(body) as (client, _), pytest.raises(UnknownReply, match="certificateSigningRequest"):
        client.csr("tomcat")


@pytest.mark.parametrize(
    "body",
    [
        {"certificate": OWN.pem},
        {"service": "tomcat", "certificate": {"certificate": OWN.pem}},
        {"certificates": [OWN.pem, OTHER.pem]},
        {"certificates": [{"certificate": OWN.pem}]},
        [{"service": "tomcat", "certificate": OWN.pem}],
        {
            "identities": [
                {"service": "CallManager", "certificate": OTHER.pem},
                {"service": "tomcat", "certificate": OWN.pem},
            ]
        },
    ],
)
def test_identity_in_each_shape(body):
    """An identity is read in each shape of the reply, and another service's is not taken for it."""
    with answering(body) as (client, _):
        assert OWN.certificate == client.identity("tomcat")


@pytest.mark.parametrize(
    "body",
    [
        [{"certificate": OWN.pem}, {"certificate": OTHER.pem}],
        {"certificates": [{"certificate": OWN.pem}, {"certificate": OTHER.pem}]},
        {"certificates": [OWN.pem, OTHER.pem]},
        {"service": "tomcat-trust", "certificate_data": [{"filename": "a.pem", "certificate": OWN.pem}, OTHER.pem]},
    ],
)
def test_trust_in_each_shape(body):
    """A trust store is read as a bare list and as an object with a list."""
    with answering(body) as (client, _):
        assert (OWN.certificate, OTHER.certificate) == client.trust("tomcat")


@pytest.mark.parametrize("service", ["tomcat", "tomcat-trust"])
@pytest.mark.parametrize("key", ["certificate_data", "certificates"])
def test_snapshot_in_each_shape(service, key):
    """A snapshot's trust stores are read with and without ``-trust`` and under either key."""
    body = {
        "trackingId": "1",
        "server": NODE,
        "identities": [{"service": "tomcat", "certificate": OWN.pem, "csr": REQUEST_PEM}, {"service": "CallManager"}],
        "trusts": [{"service": service, key: [{"filename": "a.pem", "certificate": OTHER.pem}]}],
        "revokedCertificates": [],
    }
    with answering(body) as (client, _):
        snapshot = client.snapshot()

    assert {"tomcat-trust": (OTHER.certificate,)} == snapshot.trusts
    assert (OWN.certificate, REQUEST) == (snapshot.identities["tomcat"].certificate, snapshot.identities["tomcat"].csr)
    assert snapshot.identities["CallManager"].certificate is None


def test_snapshot_as_bare_list():
    """A snapshot that is the bare list of identities is read too."""
    with answering([{"service": "tomcat", "certificate": OWN.pem}]) as (client, _):
        snapshot = client.snapshot()

    assert OWN.certificate == snapshot.identities["tomcat"].certificate
    assert {} == snapshot.trusts


def test_reused_certificate_in_snapshot():
    """The tomcat certificate reused for CallManager may appear twice, or CallManager not at all (cucm.md §1.4)."""
    twice = {
        "identities": [
            {"service": "tomcat", "certificate": OWN.pem},
            {"service": "CallManager", "certificate": OWN.pem},
        ]
    }
    with answering(twice) as (client, _):
        assert {"tomcat", "CallManager"} == client.snapshot().identities.keys()


def test_two_identities_of_one_service():
    """Two different certificates for one service are not chosen between."""
    body = {"identities": [{"service": "tomcat", "certificate": pem} for pem in (OWN.pem, OTHER.pem)]}
    with answering(body) as (client, _), pytest.raises(UnknownReply, match="two different certificates for tomcat"):
        client.snapshot()


def test_odd_trust_certificate_is_told():
    """A trust certificate that cannot be read hides no other one, and the snapshot says that it is there."""
    store = [{"filename": "odd.pem", "certificate": ODD}, {"filename": "a.pem", "certificate": OTHER.pem}]
    with answering({"identities": [], "trusts": [{"service": "tomcat", "certificates": store}]}) as (client, _):
        snapshot = client.snapshot()
    with answering(store) as (client, _):
        found = client.trust("tomcat")

    assert (OTHER.certificate,) == snapshot.trusts["tomcat-trust"] == found
    assert 1 == len(snapshot.unreadable)


@pytest.mark.parametrize("length", [60, 300])
def test_truncated_pem_is_named(length):
    """A certificate or request that is cut off is an unknown reply, never an absent one."""
    for ask, body in (
        (lambda client: client.csr("tomcat"), {"csr": REQUEST_PEM[:length]}),
        (lambda client: client.identity("tomcat"), {"certificate": OWN.pem[:length]}),
        (lambda client: client.trust("tomcat"), [{"certificate": OWN.pem[:length]}]),
        (lambda client: client.snapshot(), {"identities": [{"service": "tomcat", "certificate": OWN.pem[:length]}]}),
        (lambda client: client.generate_csr(wish()), {"csr": REQUEST_PEM[:length]}),
    ):
        with answering(body) as (client, _), pytest.raises(UnknownReply, match="cut off"):
            ask(client)


def test_clock_of_a_reply():
    """The Date header is the node's clock, in UTC."""
    with answering({"identities": []}) as (client, _):
        assert datetime(2026, 11, 23, 10, tzinfo=UTC) == client.snapshot().server_date


@pytest.mark.parametrize("date", [None, "yesterday", ""])
def test_no_clock_is_no_error(date):
    """A reply without a usable Date says nothing about the clock, and the rest is read."""
    with opened(OWN, answers=lambda _: Reply('{"identities": []}', date=date)) as door:
        assert talk_to(door).snapshot().server_date is None


# --- refusals


@pytest.mark.parametrize(
    "body", [{"message": "no such thing"}, {"error": "no such thing"}, {"messages": ["no such thing"]}]
)
def test_refusal_text_under_each_key(body):
    """The text of a refusal is found under each key that clients have met (cucm.md §1.5)."""
    with answering(body, 400) as (client, _), pytest.raises(NodeRefused) as refused:
        client.upload_trust("tomcat", OWN.certificate, description="x")

    assert "no such thing" == refused.value.text


def test_read_only_account():
    """A 403 says that the account may only read."""
    with answering({"message": "Forbidden"}, 403) as (client, _), pytest.raises(NodeRefused, match="privilege 0"):
        client.generate_csr(wish())


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize("body", ["", {"trackingId": "1"}, {"messages": ["Certificate uploaded"]}])
def test_uploads_succeed(status, body):
    """An upload is done with 200 or 201 and whatever JSON, or nothing, comes with it (cucm.md §6)."""
    with answering(body, status) as (client, door):
        client.upload_identity("tomcat", [OWN.certificate])
        client.upload_trust("tomcat", OTHER.certificate, description="x")

    assert 2 == len(door.seen)


@pytest.mark.parametrize(
    ("body", "status"), [("<html><body>Sign in</body></html>", 200), ("null", 200), ("", 204), ("", 301), ("", 302)]
)
def test_no_json_is_no_success(body, status):
    """A page, an empty reply or a redirect is no reading and no upload."""
    with answering(body, status, Location="https://idp.example.com/") as (client, _):
        for ask in every_call(client):
            with pytest.raises(UnknownReply, match=NODE):
                ask()


def test_echoed_password_is_hidden():
    """A reply that echoes the password is quoted without it, in one line of bounded length."""
    with answering(f"<html>\n{PASSWORD}\n{'x' * 5000}</html>") as (client, _), pytest.raises(UnknownReply) as refused:
        client.snapshot()

    assert PASSWORD not in str(refused.value)
    assert "***" in str(refused.value)
    assert len(str(refused.value)) < 700
    assert "\n" not in str(refused.value)
