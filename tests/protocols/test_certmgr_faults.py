"""Every way in which the certificate API can fail, what each means for each kind of call, and that it is told truly.

After ``nothing`` (Transient) the call surely did nothing, after ``maybe`` (Unanswered) it may have; a refusal has its
stable reason. So a caller knows when to look before it acts again.
"""

from __future__ import annotations

import pytest

from tests.protocols.certmgr_talk import OTHER, OWN, talk_to, wish
from tests.protocols.https_door import NODE, Reply, opened
from ucrenew.clients.certmgr import CertificateManager, NodeRefused, Reason
from ucrenew.clients.sessions import Unanswered
from ucrenew.errors import LoginRefused, Transient, Trouble, UnknownReply

LOOK_FIRST = "it may have been done all the same: look before it is done again"
HTML = "<html><title>Error report</title><body>Your session has expired</body></html>"
CHAIN = '{"trackingId":"1","messages":["CA Certificate is not available in the trust-store"]}'
ODD = '{"message":"Something went wrong"}'
MUTE = '{"trackingId":"1"}'

nothing, maybe, login, unknown, done = Transient, Unanswered, LoginRefused, UnknownReply, "done"
no, chain, level, gone = Reason.UNKNOWN, Reason.CA_MISSING, Reason.PRIVILEGE, Reason.NO_CSR

CALLS = {
    "look": lambda client: client.snapshot(),
    "generate": lambda client: client.generate_csr(wish()),
    "trust": lambda client: client.upload_trust("tomcat", OTHER.certificate, description="root"),
    "leaf": lambda client: client.upload_identity("tomcat", [OWN.certificate]),
}

# Status, body, and what it means for: a look, generating a request, uploading a CA certificate, uploading a leaf.
ANSWERS = (
    (400, "", no, no, no, no),
    (400, HTML, no, no, no, no),
    (400, ODD, no, no, no, no),
    (400, CHAIN, chain, chain, chain, chain),
    (401, "", login, login, login, login),
    (401, HTML, login, login, login, login),
    (403, "", level, level, level, level),
    (403, HTML, level, level, level, level),
    (403, ODD, level, level, level, level),
    (403, CHAIN, chain, chain, chain, chain),
    (404, "", nothing, nothing, nothing, nothing),
    (404, HTML, nothing, nothing, nothing, nothing),
    (404, ODD, no, no, no, no),
    (409, "", no, no, no, no),
    (409, HTML, no, no, no, no),
    (409, CHAIN, chain, chain, chain, chain),
    (422, "", no, no, no, no),
    (422, HTML, no, no, no, no),
    (422, CHAIN, chain, chain, chain, chain),
    (500, "", nothing, maybe, maybe, no),
    (500, HTML, nothing, maybe, maybe, no),
    (500, MUTE, nothing, maybe, maybe, no),
    (500, ODD, nothing, no, no, no),
    (500, CHAIN, nothing, chain, chain, chain),
    (502, "", nothing, maybe, maybe, maybe),
    (502, HTML, nothing, maybe, maybe, maybe),
    (503, "", nothing, nothing, nothing, nothing),
    (503, HTML, nothing, nothing, nothing, nothing),
    (504, "", nothing, maybe, maybe, maybe),
    (504, HTML, nothing, maybe, maybe, maybe),
    (200, HTML, unknown, unknown, unknown, unknown),
    (200, "", unknown, unknown, done, done),
    (200, MUTE, unknown, unknown, done, done),
    (302, "", unknown, unknown, unknown, unknown),
)

# The same for connections that break. Half of whatever answer is none, except that a refused login needs no page.
BREAKS = {
    "no handshake": ("reset", Reply(), nothing, nothing, nothing, nothing),
    "hung up": ("no", Reply(drop=True), maybe, maybe, maybe, maybe),
    "reset": ("no", Reply(reset=True), maybe, maybe, maybe, maybe),
    "slow": ("no", Reply(stall=True), maybe, maybe, maybe, maybe),
    "half a reply": ("no", Reply(ODD, cut=9), maybe, maybe, maybe, maybe),
    "half a reply, uncounted": ("no", Reply(ODD, cut=9, counted=False), unknown, unknown, unknown, unknown),
    "half a refusal": ("no", Reply(CHAIN, 400, cut=9), maybe, maybe, maybe, maybe),
    "half a 503": ("no", Reply(HTML, 503, cut=9), maybe, maybe, maybe, maybe),
    "half a 401": ("no", Reply(HTML, 401, cut=9), login, login, login, login),
}


def outcome(client: CertificateManager, call: str) -> tuple[object, str]:
    """What a call ends in: its class, or its reason where it was refused; and the sentence."""
    try:
        CALLS[call](client)
    except NodeRefused as refusal:
        return refusal.reason, str(refusal)
    except Trouble as trouble:
        return type(trouble), str(trouble)
    return done, ""


@pytest.fixture(scope="module")
def node():
    """One node for all tests; each says how it answers or breaks."""
    with opened(OWN) as node:
        yield node


@pytest.fixture
def door(node):
    """The node, whole again after the test."""
    yield node
    node.breaks = "no"


def told(door, calls=tuple(CALLS), breaks="no") -> list[object]:
    """What each call ends in; each is sent once at most, and tells in one line what was asked of which node."""
    client = talk_to(door, read_timeout=0.2, write_timeout=0.2)
    door.breaks = breaks
    found = []
    for call in calls:
        door.seen.clear()
        means, sentence = outcome(client, call)
        found.append(means)

        assert len(door.seen) == (breaks == "no")
        assert "\n" not in sentence
        assert sentence.startswith(NODE) or means == done
        assert (means in (maybe, unknown) and call != "look") == sentence.endswith(LOOK_FIRST)
    return found


@pytest.mark.parametrize("row", ANSWERS, ids=lambda row: f"{row[0]} {row[1][:20] or 'empty'}")
def test_every_answer_is_told_truly(door, row):
    """Each status with each kind of body has its class, or its reason, for each kind of call; sent once."""
    status, body, *expected = row
    door.answers = lambda _: Reply(body, status)

    assert expected == told(door)


@pytest.mark.parametrize("how", BREAKS)
def test_every_break_is_told_truly(door, how):
    """A connection that breaks before the request left did nothing; whatever breaks later may have been done."""
    breaks, reply, *expected = BREAKS[how]
    door.answers = lambda _: reply

    assert expected == told(door, breaks=breaks)


@pytest.mark.parametrize(
    ("text", "trust", "leaf"),
    [
        ("CA Certificate is not available in the trust-store", chain, chain),
        ("ca certificate IS NOT available in the Trust-Store.", chain, chain),
        ("Issuer certificate not available", chain, chain),
        ("CSR SAN and Certificate SAN does not match", no, Reason.SAN_MISMATCH),
        ("CSR public key and Certificate public key do not match", no, Reason.KEY_MISMATCH),
        ("Certificate/CSR public key mismatch", no, Reason.KEY_MISMATCH),
        ("File /usr/local/platform/.security/tomcat/keys/tomcat.csr does not exist", no, gone),
        ("The file /usr/local/platform/upload/certs//tomcat.der could not be uploaded.", no, gone),
        ("Certificate is expired", Reason.EXPIRED, Reason.EXPIRED),
        ("Trust Certificates with the Same CN are Not Replaced", Reason.SAME_NAME, Reason.SAME_NAME),
        ("Certificate already exists in FileSystem..", Reason.SAME_NAME, Reason.SAME_NAME),
        ("Not a valid certificate", Reason.UNREADABLE, Reason.UNREADABLE),
        ("User does not have the privilege for this operation", level, level),
    ],
)
@pytest.mark.parametrize("status", [400, 500])
def test_text_tells_the_reason(door, text, trust, leaf, status):
    """Each text of cucm.md §4.8 has its reason; one about a request says nothing of a CA certificate: it has none."""
    door.answers = lambda _: Reply(f'{{"messages":["Error: {text}"]}}', status)

    assert [trust, leaf] == told(door, ("trust", "leaf"))


def test_advice_of_a_bare_status(door):
    """Without a word a leaf's 400 suggests missing CA certificates and its 500 another request: advice, no reason."""
    for status, advice in ((400, "CA certificates into the trust store first"), (500, "generated anew meanwhile")):
        door.answers = lambda _, status=status: Reply("", status)
        reason, sentence = outcome(talk_to(door), "leaf")

        assert no is reason
        assert "most likely: " in sentence
        assert advice in sentence


def test_turned_away_from_reading(door):
    """A 403 for a look is no matter of privilege 0, which is enough to read: the account's right to read is named."""
    door.answers = lambda _: Reply("", 403)

    assert outcome(talk_to(door), "look")[1].endswith("; see that this account may read certificates there")


def test_write_turned_away_may_be_privilege(door):
    """A 401 for a call that writes says that the account may only read: which status that gets is not known."""
    door.answers = lambda _: Reply("", 401)
    client = talk_to(door)

    assert "privilege 0" in outcome(client, "generate")[1]
    assert "privilege 0" not in outcome(client, "look")[1]
