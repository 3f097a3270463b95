"""Who is trusted, decided before any credential is sent; and the proof of what is served."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import timedelta

import pytest
import requests

from tests.protocols.https_door import NODE, Door, closed_port, hierarchy, make, opened, serving
from ucrenew.clients import tls
from ucrenew.clients.sessions import exchange
from ucrenew.errors import BadInput, Transient, UnknownReply, Untrusted

SELF_SIGNED = make(label="self-signed")


def session_to(door: Door, **anchors: object) -> requests.Session:
    """A session that was decided on."""
    return tls.trusted_session(door.endpoint(), tls.decide_trust(door.endpoint(), tls.TrustAnchors(**anchors)))


def get(session: requests.Session, door: Door, path: str = "/") -> requests.Response:
    """One request to the door under the node's name."""
    return exchange(session, "GET", f"https://{NODE}:{door.port}{path}", doing="looking", timeout=5)


def test_pin_is_enough():
    """A certificate whose fingerprint is pinned is trusted without any CA, and requests reach the node by its name."""
    with opened(SELF_SIGNED) as door:
        decision = tls.decide_trust(door.endpoint(), tls.TrustAnchors(pins=frozenset({SELF_SIGNED.sha256})))
        answer = get(tls.trusted_session(door.endpoint(), decision), door)

    assert ("pinned", SELF_SIGNED.sha256, None, False) == (
        decision.reason,
        decision.fingerprint,
        decision.note,
        decision.check_name,
    )
    assert 200 == answer.status_code
    assert [f"{NODE}:{door.port}"] == [seen.headers["Host"] for seen in door.seen]


def test_pinned_certificate_may_be_expired():
    """An expired certificate is accepted when pinned, and the decision says that dates were ignored."""
    expired = make(label="expired", ends=timedelta(days=-1))
    with opened(expired) as door:
        decision = tls.decide_trust(door.endpoint(), tls.TrustAnchors(pins=frozenset({expired.sha256})))
        answer = get(tls.trusted_session(door.endpoint(), decision), door)

    assert 200 == answer.status_code
    assert f"expired on {expired.certificate.not_valid_after_utc:%Y-%m-%d}" in decision.note
    assert "accepted because it is pinned: dates are ignored" in decision.note


def test_pinned_certificate_may_begin_tomorrow():
    """A certificate from a node whose clock runs ahead is accepted when pinned, and that is said."""
    early = make(label="early", begins=timedelta(days=1))
    with opened(early) as door:
        decision = tls.decide_trust(door.endpoint(), tls.TrustAnchors(pins=frozenset({early.sha256})))
        answer = get(tls.trusted_session(door.endpoint(), decision), door)

    assert 200 == answer.status_code
    assert "valid from" in decision.note


def test_pin_replaces_the_name():
    """A pinned certificate of another name is accepted: the pin says more than a name."""
    renamed = make("old-name.example.com")
    with opened(renamed) as door:
        answer = get(session_to(door, pins=frozenset({renamed.sha256})), door)

    assert 200 == answer.status_code


def test_pinned_leaf_of_ca():
    """A CA-signed certificate can be pinned as well, with its chain unknown."""
    signed = make(label="signed", issuer=hierarchy().intermediate)
    with opened(signed) as door:
        answer = get(session_to(door, pins=frozenset({signed.sha256})), door)

    assert 200 == answer.status_code


def test_installed_leaf_is_trusted():
    """The leaf that this renewal installed is trusted while the profile still pins the old certificate."""
    new = make(label="new", issuer=hierarchy().intermediate)
    with opened(new) as door:
        anchors = tls.TrustAnchors(pins=frozenset({SELF_SIGNED.sha256}), leaves=frozenset({new.sha256}))
        decision = tls.decide_trust(door.endpoint(), anchors)
        answer = get(tls.trusted_session(door.endpoint(), decision), door)

    assert "installed by us" == decision.reason
    assert 200 == answer.status_code


def test_ca_file_checks_name():
    """With a CA file the certificate has to name the node, even though the connection goes to an address."""
    signed = make(label="signed", issuer=hierarchy().intermediate)
    anchors = tls.TrustAnchors(ca_pem=hierarchy().root.pem)
    with opened(signed) as door:
        decision = tls.decide_trust(door.endpoint(), anchors)
        answer = get(tls.trusted_session(door.endpoint(), decision), door)
        with pytest.raises(Untrusted, match="Hostname mismatch") as refused:
            tls.decide_trust(door.endpoint("cs-ccm-sub.example.com"), anchors)

    # After the request as well: certifi's certificates have not been loaded into the context.
    known = [int(found["serialNumber"], 16) for found in decision.context.get_ca_certs()]
    assert ("CA file", True) == (decision.reason, decision.check_name)
    assert [hierarchy().root.certificate.serial_number] == known
    assert 200 == answer.status_code
    assert "cs-ccm-sub.example.com" in str(refused.value)


def test_ca_file_checks_dates():
    """A CA file does not excuse an expired certificate."""
    expired = make(label="expired", issuer=hierarchy().intermediate, ends=timedelta(days=-1))
    with opened(expired) as door, pytest.raises(Untrusted, match="certificate has expired"):
        tls.decide_trust(door.endpoint(), tls.TrustAnchors(ca_pem=hierarchy().root.pem))


def test_stranger_is_refused_with_advice():
    """An unknown certificate is refused before any request, naming node, port, fingerprint, expiry and what to do."""
    with opened(SELF_SIGNED) as door:
        with pytest.raises(Untrusted) as refused:
            tls.decide_trust(door.endpoint(), tls.TrustAnchors(pins=frozenset({"00" * 32})))
        requests_seen = list(door.seen)

    message = str(refused.value)
    assert [] == requests_seen
    for part in (
        f"{NODE}:{door.port}",
        SELF_SIGNED.sha256,
        f"CN={NODE}",
        f"{SELF_SIGNED.certificate.not_valid_after_utc:%Y-%m-%d}",
        "python -m deployments.trust PROFILE",
    ):
        assert part in message
    assert "\n" not in message


def test_broken_ca_file_is_bad_input():
    """A CA file that is cut off is refused as input, before anybody is contacted."""
    endpoint = tls.Endpoint(NODE, "127.0.0.1", closed_port())
    with pytest.raises(BadInput, match="cut off"):
        tls.decide_trust(endpoint, tls.TrustAnchors(ca_pem=hierarchy().root.pem[:200]))


# --- two kinds of keys


def test_rsa_pin_survives_ecdsa():
    """On a node that shows plain clients its ECDSA certificate, a pin of the RSA one is met and RSA asked for."""
    shown, pinned = make(label="shown", kind="ec"), make(label="pinned", kind="rsa")
    with opened(shown, pinned) as door:
        plain = tls.presented_certificate(door.endpoint())
        answer = get(session_to(door, pins=frozenset({pinned.sha256})), door)

    assert shown.certificate == plain
    assert 200 == answer.status_code
    assert ["ECDHE-RSA"] == [seen.cipher[:9] for seen in door.seen]


def test_ecdsa_pin_survives_rsa():
    """On a node that prefers RSA a pin of the ECDSA certificate is met and the session asks ECDSA."""
    pinned, shown = make(label="pinned", kind="ec"), make(label="shown", kind="rsa")
    with opened(pinned, shown, rsa_first=True) as door:
        plain = tls.presented_certificate(door.endpoint())
        answer = get(session_to(door, pins=frozenset({pinned.sha256})), door)

    assert shown.certificate == plain
    assert 200 == answer.status_code
    assert ["ECDHE-ECDSA"] == [seen.cipher[:11] for seen in door.seen]


def test_ca_file_finds_signed_one():
    """Where only the RSA certificate is CA-signed, a CA file is met although a plain client is shown the other."""
    self_signed, signed = make(label="ec", kind="ec"), make(label="rsa", kind="rsa", issuer=hierarchy().intermediate)
    with opened(self_signed, signed) as door:
        decision = tls.decide_trust(door.endpoint(), tls.TrustAnchors(ca_pem=hierarchy().root.pem))
        answer = get(tls.trusted_session(door.endpoint(), decision), door)

    assert signed.sha256 == decision.fingerprint
    assert 200 == answer.status_code


def test_refusal_names_both_certificates():
    """Where neither kind is trusted the refusal shows both fingerprints, so that a person can choose."""
    one, other = make(label="one", kind="ec"), make(label="other", kind="rsa")
    with opened(one, other) as door, pytest.raises(Untrusted) as refused:
        tls.decide_trust(door.endpoint(), tls.TrustAnchors())

    assert one.sha256 in str(refused.value)
    assert other.sha256 in str(refused.value)


def test_key_type_is_asked_for():
    """Each kind of certificate is presented to who asks for it; a kind that is not there is a clear error."""
    elliptic, factored = make(label="elliptic", kind="ec"), make(label="factored", kind="rsa")
    with opened(elliptic, factored) as door:
        shown = [tls.presented_certificate(door.endpoint(), key_type=kind) for kind in ("ec", "rsa")]
    with opened(elliptic) as door, pytest.raises(UnknownReply, match=NODE):
        tls.presented_certificate(door.endpoint(), key_type="rsa")

    assert [elliptic.certificate, factored.certificate] == shown


# --- proof


def test_served_chain_is_proven():
    """A chain that is sent whole verifies against the root alone, and the leaf comes back."""
    signed = make(label="signed", issuer=hierarchy().intermediate, kind="rsa")
    with opened(signed) as door:
        leaf = tls.served_chain_is_valid(door.endpoint(), roots_pem=hierarchy().root.pem)

    assert signed.certificate == leaf


def test_missing_intermediate_is_noticed():
    """A node that sends its leaf alone fails the proof, with OpenSSL's reason."""
    signed = make(label="signed", issuer=hierarchy().intermediate, kind="rsa").without_chain()
    with opened(signed) as door, pytest.raises(Untrusted, match="unable to get local issuer certificate"):
        tls.served_chain_is_valid(door.endpoint(), roots_pem=hierarchy().root.pem)


def test_proof_checks_name():
    """A leaf that does not name the node fails the proof."""
    signed = make("cs-ccm-sub.example.com", issuer=hierarchy().intermediate, kind="rsa", label="sub")
    with opened(signed) as door, pytest.raises(Untrusted, match="Hostname mismatch"):
        tls.served_chain_is_valid(door.endpoint(), roots_pem=hierarchy().root.pem)


def test_proof_asks_for_key_type():
    """On a node with both kinds of keys the proof looks at the one that it was asked for."""
    signed = make(label="signed", issuer=hierarchy().intermediate, kind="rsa")
    with opened(make(label="old", kind="ec"), signed) as door:
        leaf = tls.served_chain_is_valid(door.endpoint(), roots_pem=hierarchy().root.pem, key_type="rsa")
        with pytest.raises(Untrusted, match="self-signed certificate"):
            tls.served_chain_is_valid(door.endpoint(), roots_pem=hierarchy().root.pem, key_type="ec")

    assert signed.certificate == leaf


# --- what is no TLS at all


def test_look_sends_nothing():
    """Reading a presented certificate sends not one byte after the handshake."""
    context = serving(SELF_SIGNED)
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            plain, _ = listening.accept()
            with context.wrap_socket(plain, server_side=True, suppress_ragged_eofs=True) as secured:
                received.append(secured.recv(1000))

        thread = threading.Thread(target=serve)
        thread.start()
        shown = tls.presented_certificate(tls.Endpoint(NODE, "127.0.0.1", listening.getsockname()[1]))
        thread.join()

    assert SELF_SIGNED.certificate == shown
    assert [b""] == received


def test_refused_connection_is_transient():
    """A closed port is trouble that may pass, and the message names the node and the address."""
    endpoint = tls.Endpoint(NODE, "127.0.0.1", closed_port())
    for look in (
        lambda: tls.presented_certificate(endpoint),
        lambda: tls.decide_trust(endpoint, tls.TrustAnchors()),
        lambda: tls.served_chain_is_valid(endpoint, roots_pem=hierarchy().root.pem),
    ):
        with pytest.raises(Transient, match=rf"{NODE}:{endpoint.port} \(at 127.0.0.1\) cannot be reached"):
            look()


def test_silent_server_is_transient():
    """A server that accepts and says nothing costs the time that was given and no more."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        endpoint = tls.Endpoint(NODE, "127.0.0.1", listening.getsockname()[1])
        with pytest.raises(Transient, match="timed out"):
            tls.presented_certificate(endpoint, timeout=0.2)


def test_hang_up_is_transient():
    """A server that hangs up during the handshake, as a starting Tomcat may, is trouble that may pass."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            plain, _ = listening.accept()
            plain.recv(10_000)
            plain.close()

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(Transient):
            tls.presented_certificate(tls.Endpoint(NODE, "127.0.0.1", listening.getsockname()[1]))
        thread.join()


def test_plain_server_is_named():
    """A port that speaks another protocol is an unknown reply that names node and port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            plain, _ = listening.accept()
            with plain:
                plain.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
                plain.recv(10_000)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(UnknownReply, match=NODE):
            tls.presented_certificate(tls.Endpoint(NODE, "127.0.0.1", listening.getsockname()[1]))
        thread.join()


def test_contexts_are_strict():
    """Every context of a decision requires a certificate and TLS 1.2, and only a pin switches the name check off."""
    signed = make(label="signed", issuer=hierarchy().intermediate)
    with opened(signed) as door:
        by_pin = tls.decide_trust(door.endpoint(), tls.TrustAnchors(pins=frozenset({signed.sha256})))
        by_file = tls.decide_trust(door.endpoint(), tls.TrustAnchors(ca_pem=hierarchy().root.pem))

    for decision in (by_pin, by_file):
        assert ssl.CERT_REQUIRED == decision.context.verify_mode
        assert ssl.TLSVersion.TLSv1_2 == decision.context.minimum_version
        assert decision.check_name == decision.context.check_hostname
    assert [hierarchy().root.certificate.serial_number] == [
        int(known["serialNumber"], 16) for known in by_file.context.get_ca_certs()
    ]
