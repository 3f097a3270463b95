"""Our client sends what working clients send to the certificate API, and makes of each answer what it says."""

import json
from base64 import b64encode

import pytest

from tests.pages import rest_refusals, rest_samples
from tests.pages.sample import named
from tests.protocols.https_door import NODE, Reply, make, opened
from ucrenew.clients.certmgr import CertificateManager
from ucrenew.clients.tls import TrustAnchors, decide_trust, trusted_session

CREDENTIALS = "Basic " + b64encode(b"osadmin:Secret-1").decode()


@pytest.fixture(scope="module")
def talk():
    """A node's door, and our client in front of it, which trusts its certificate by a pin."""
    shown = make(NODE)
    with opened(shown) as door:
        endpoint = door.endpoint()
        decision = decide_trust(endpoint, TrustAnchors(pins=frozenset({shown.sha256})))
        yield door, CertificateManager(endpoint, trusted_session(endpoint, decision), "osadmin", "Secret-1")


def answer(door, row):
    """Let the door give a row's answer and forget who called."""
    headers = [("Content-Type", "application/json"), ("Location", "https://cucm01.example.com/")]
    door.answers = lambda _: Reply(row.sample.text, row.status, headers[: 1 + (row.status == 301)])
    door.seen.clear()


@pytest.mark.parametrize("row", **named(rest_samples.ROWS))
def test_client_reads_answer(talk, row):
    """Each call is made once, to the page's path with the page's body and login, and its answer is what it says."""
    door, manager = talk
    answer(door, row)

    made = row.reads(manager)
    (seen,) = door.seen

    assert row.makes == made
    assert (row.method, rest_samples.BASE + row.path) == (seen.method, seen.path)
    assert row.sent == (json.loads(seen.body) if seen.body else None)
    assert CREDENTIALS == seen.headers["Authorization"]
    assert seen.headers["Accept"] in {"application/json", "*/*"}
    assert seen.headers.get("Content-Type", "application/json").startswith("application/json")


@pytest.mark.parametrize("row", **named(rest_refusals.ROWS))
def test_client_understands_refusal(talk, row):
    """Each no is our error for it, with an empty reason phrase, after one call; a known text has its stable reason."""
    door, manager = talk
    answer(door, row)

    with pytest.raises(row.raises) as refused:
        row.reads(manager)

    assert 1 == len(door.seen)
    assert row.reason in {None, getattr(refused.value, "reason", None)}


def test_client_takes_500_for_refusal(talk):
    """A bare 500 to an upload is the answer to a stale request (cucm.md §1.5 [C]): not for a second try."""
    door, manager = talk
    answer(door, rest_refusals.Row(rest_refusals.KEYS[4].sample, 500, Exception))

    with pytest.raises(rest_refusals.NodeRefused):
        rest_samples.upload_chain(manager)
