"""Sessions follow the decision about whom they talk to, and nothing else."""

from __future__ import annotations

import pytest
import requests

from tests.protocols.https_door import NODE, Door, Reply, always, closed_port, hierarchy, make, opened, serving
from ucrenew.clients import sessions, tls
from ucrenew.clients.sessions import Unanswered, exchange
from ucrenew.errors import Transient, Untrusted

SELF_SIGNED = make(label="self-signed")


def session_to(door: Door, **anchors: object) -> requests.Session:
    """A session that was decided on."""
    return tls.trusted_session(door.endpoint(), tls.decide_trust(door.endpoint(), tls.TrustAnchors(**anchors)))


def get(session: requests.Session, door: Door, path: str = "/") -> requests.Response:
    """One request to the door under the node's name."""
    return exchange(session, "GET", f"https://{NODE}:{door.port}{path}", doing="looking", timeout=5)


# --- sessions


def test_session_notices_changed_certificate():
    """A pinned session sends nothing when the node shows another certificate than the one decided on."""
    with opened(SELF_SIGNED) as door:
        session = session_to(door, pins=frozenset({SELF_SIGNED.sha256}))
        door.serves = serving(make(label="impostor"))
        with pytest.raises(Untrusted, match="nothing was sent"):
            get(session, door)

    assert [] == door.seen


def test_pin_is_no_authority():
    """A certificate signed by the pinned one's key is refused: a pin means this certificate and none below it."""
    pinned = make("pinned.example.com", ca=True)
    with opened(pinned) as door:
        session = session_to(door, pins=frozenset({pinned.sha256}))
        door.serves = serving(make(label="child", issuer=pinned))
        with pytest.raises(Untrusted, match="nothing was sent"):
            get(session, door)

    assert [] == door.seen


def test_ca_session_checks_name_again():
    """A session decided by CA file refuses another node of the same CA that answers at the address later."""
    with opened(make(label="right", issuer=hierarchy().intermediate)) as door:
        session = session_to(door, ca_pem=hierarchy().root.pem)
        door.serves = serving(make("cs-imp.example.com", issuer=hierarchy().intermediate))
        with pytest.raises(Untrusted, match="Hostname mismatch"):
            get(session, door)

    assert [] == door.seen


def test_verification_cannot_be_switched_off():
    """Neither ``session.verify`` nor ``verify=`` loosens a session: a certificate is always required."""
    with opened(SELF_SIGNED) as door:
        session = session_to(door, pins=frozenset({SELF_SIGNED.sha256}))
        session.verify = False  # the point of this test: what somebody could write has no effect
        door.serves = serving(make(label="impostor"))
        with pytest.raises(requests.exceptions.SSLError):
            session.get(f"https://{NODE}:{door.port}/", verify=False, timeout=5)

    assert [] == door.seen


def test_environment_has_no_say(monkeypatch, tmp_path):
    """Bundles, proxies and netrc of the environment neither widen trust, nor break it, nor add credentials."""
    stranger = make(label="stranger", issuer=hierarchy().intermediate)
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(hierarchy().root.pem)
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {NODE} login somebody password secret\n")
    for name, value in {
        "REQUESTS_CA_BUNDLE": bundle,
        "CURL_CA_BUNDLE": bundle,
        "SSL_CERT_FILE": bundle,
        "HTTPS_PROXY": f"http://127.0.0.1:{closed_port()}",
        "ALL_PROXY": f"http://127.0.0.1:{closed_port()}",
        "NETRC": netrc,
    }.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.delenv("NO_PROXY", raising=False)
    with opened(SELF_SIGNED) as door:
        session = session_to(door, pins=frozenset({SELF_SIGNED.sha256}))
        answer = get(session, door)
        door.serves = serving(stranger)
        with pytest.raises(Untrusted):
            tls.decide_trust(door.endpoint(), tls.TrustAnchors(pins=frozenset({SELF_SIGNED.sha256})))
        with pytest.raises(Untrusted):
            get(session, door)

    assert 200 == answer.status_code
    assert [False] == ["Authorization" in seen.headers for seen in door.seen]


def test_proxies_are_not_used():
    """A proxy that somebody gives to the session is not used: it would be one more party to trust."""
    with opened(SELF_SIGNED) as door:
        session = session_to(door, pins=frozenset({SELF_SIGNED.sha256}))
        session.proxies = {"https": f"http://127.0.0.1:{closed_port()}"}
        answer = get(session, door)

    assert 200 == answer.status_code


def test_connection_is_not_kept():
    """Each request opens a connection of its own: a kept one may be dropped unseen, and a request with it."""
    with opened(SELF_SIGNED) as door:
        session = session_to(door, pins=frozenset({SELF_SIGNED.sha256}))
        for _ in range(3):
            get(session, door)

    assert 3 == len({seen.port for seen in door.seen})


def test_redirect_is_not_followed():
    """A redirect is an answer like any other: nothing is sent to where it points."""
    with opened(SELF_SIGNED) as elsewhere, opened(SELF_SIGNED) as door:
        door.answers = always("", 302, Location=f"https://{NODE}:{elsewhere.port}/")
        session = session_to(door, pins=frozenset({SELF_SIGNED.sha256}))
        answer = session.get(f"https://{NODE}:{door.port}/", timeout=5)

    assert 302 == answer.status_code
    assert [] == elsewhere.seen


def test_session_has_one_origin():
    """A session sends nothing to another port or name, nor in the clear."""
    with opened(SELF_SIGNED) as elsewhere, opened(SELF_SIGNED) as door:
        session = session_to(door, pins=frozenset({SELF_SIGNED.sha256}))
        for url in (
            f"https://{NODE}:{elsewhere.port}/",
            f"https://127.0.0.1:{door.port}/",
            f"http://{NODE}:{door.port}/",
        ):
            with pytest.raises(Untrusted, match="bound to another address"):
                exchange(session, "GET", url, doing="looking", timeout=5)

    assert [] == [*door.seen, *elsewhere.seen]


# --- what surely was not sent, and what may have been


@pytest.mark.parametrize("breaks", ["reset", "silence"])
def test_broken_handshake_sent_nothing(breaks, monkeypatch):
    """A connection that breaks or falls silent before the end of the handshake carried no request, and that is told."""
    monkeypatch.setattr(sessions, "CONNECT_TIMEOUT", 0.3)
    with opened(SELF_SIGNED) as door:
        session = session_to(door, pins=frozenset({SELF_SIGNED.sha256}))
        door.breaks = breaks
        with pytest.raises(Transient, match="no connection") as trouble:
            get(session, door)

    assert not isinstance(trouble.value, Unanswered)
    assert [] == door.seen


@pytest.mark.parametrize(
    "reply",
    [Reply(drop=True), Reply(reset=True), Reply(stall=True), Reply("half a body", cut=4), Reply("busy", 503, cut=1)],
    ids=["hang up", "reset", "stall", "half a body", "half an error"],
)
def test_broken_answer_may_have_been_done(reply):
    """Once the request has left, anything but a whole answer is "unanswered", and the request was sent once."""
    with opened(SELF_SIGNED, answers=lambda _: reply) as door:
        session = session_to(door, pins=frozenset({SELF_SIGNED.sha256}))
        with pytest.raises(Unanswered, match="no answer"):
            exchange(session, "POST", f"https://{NODE}:{door.port}/", doing="acting", timeout=0.3)

    assert 1 == len(door.seen)


def test_broken_answer_in_words():
    """An answer that breaks off is told in words, not in those of the library that read it."""
    with opened(SELF_SIGNED, answers=lambda _: Reply("half a body", cut=4)) as door:
        session = session_to(door, pins=frozenset({SELF_SIGNED.sha256}))
        with pytest.raises(Unanswered, match=r"looking: no answer: it broke off in the middle$"):
            exchange(session, "GET", f"https://{NODE}:{door.port}/", doing="looking", timeout=5)


def test_cut_refusal_is_a_refusal():
    """A refused login whose page is cut off is the answer 401, not a lost one that somebody would try again."""
    with opened(SELF_SIGNED, answers=lambda _: Reply("<html>401</html>", 401, cut=3)) as door:
        answer = get(session_to(door, pins=frozenset({SELF_SIGNED.sha256})), door)

    assert (401, b"") == (answer.status_code, answer.content)
