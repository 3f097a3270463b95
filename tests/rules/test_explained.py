"""What was done wrong by hand: each mistake is found by the rules and told with what to do instead."""

import pytest

from ucrenew.domain.explained import explain_csr, explain_file, explain_leaf, explain_trust
from ucrenew.domain.x509 import pem

from .builder import (
    COMMON_NAME,
    DOMAIN,
    NAMES,
    NODES,
    PRESENCE,
    PUBLISHER,
    SUBSCRIBER,
    bare_request,
    chain,
    ec_key,
    in_pkcs7,
    intermediate,
    leaf,
    namesake,
    request,
    root,
    rsa_key,
    self_signed,
)
from .lab import plan_of


@pytest.fixture
def plan(tmp_path):
    return plan_of(tmp_path)


# --- the request (S6-S9)


def test_right_request(plan):
    """A request as it was asked for needs no explanation (S8)."""
    assert "" == explain_csr(request(), plan)


def test_no_request(plan):
    """Where there is no request the publisher and the purpose are told: it was generated somewhere else (S11)."""
    assert explain_csr(None, plan).startswith(f"**{PUBLISHER}** shows no tomcat request.")


@pytest.mark.parametrize("names", [(PUBLISHER, DOMAIN), (PUBLISHER,)])
def test_single_server_request(plan, names):
    """A request for a single server is told by the node it names and the field that was left (S6)."""
    text = explain_csr(request(names=names, common_name=PUBLISHER), plan)

    assert f"single-server request: of the nodes it names only {PUBLISHER}." in text
    assert "choose Multi-server(SAN)" in text
    assert f"the plan says {COMMON_NAME}" in text
    assert "Generate it once more" in text


def test_request_without_names(plan):
    """A request without any name, as the CLI makes it, is a single-server request too."""
    assert "of the nodes it names only none." in explain_csr(bare_request(), plan)


def test_forgotten_node(plan):
    """A node that was forgotten is named with the field it belongs into (S8)."""
    text = explain_csr(request(names=tuple(name for name in NAMES if name != PRESENCE)), plan)

    assert f"it forgets {PRESENCE}: they have to stand in Auto-populated Domains" in text
    assert "single-server" not in text


def test_forgotten_further_name(tmp_path):
    """A further name that is missing is told with its own field (S8)."""
    plan = plan_of(tmp_path, extra_names='extra_names = ["voice.example.org"]')

    assert "it lacks voice.example.org: they belong into Other Domains" in explain_csr(request(), plan)


def test_every_mistake_of_request(plan):
    """Beside names every other refusal is told in the rule's own words; warnings are not."""
    text = explain_csr(request(names=(*NAMES, "www.example.com"), key=ec_key("a node"), unit="Voice"), plan)

    assert "www.example.com, which nobody asked for" in text
    assert "the plan says rsa 2048" in text
    assert "OU" not in text


# --- the file that is handed in (S12)


@pytest.mark.parametrize(
    "text",
    [
        pem(leaf()),
        pem(leaf()).encode(),
        "".join(map(pem, (leaf(), *chain()))),
        in_pkcs7(*chain(), leaf()),
        f"Bag Attributes\n{pem(leaf())}",
    ],
    ids=["PEM", "bytes", "with its chain", "PKCS#7", "text before it"],
)
def test_right_file(text):
    """The certificate of our request is found in every dress, alone and with its chain (S12)."""
    assert "" == explain_file(text, request())


def test_certificate_with_defects_is_the_right_file():
    """A certificate for our key is the right file, whatever else is wrong with it: other rules tell that (S12)."""
    assert "" == explain_file(pem(leaf(names=NODES)), request())


WRONG = {
    "request": (pem(request()), "This is a request, not a certificate"),
    "CA certificate": (pem(intermediate().certificate), "Only CA certificates are in it: Example Issuing CA."),
    "chain without the certificate": ("".join(map(pem, chain())), "Example Root CA, Example Issuing CA."),
    "another request's": (pem(leaf(key=rsa_key("older"))), f"It is for another key: {COMMON_NAME}."),
    "private key": ("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n", "This is a private key."),
    "cut off": (pem(leaf())[:600], "the PEM text is cut off"),
    "a page": ("<html><body>Certificate Pending</body></html>", "This is no certificate"),
    "nothing": ("", "This is no certificate"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_file(kind):
    """Each kind of wrong file is told for what it is, and the right one asked for (S12)."""
    text, told = WRONG[kind]

    assert told in explain_file(text, request())


# --- CA certificates (S15, S16)


def explained(plan, *store):
    return explain_trust(intermediate().certificate, SUBSCRIBER, plan, (root().certificate, *store), leaf())


def test_right_trust(plan):
    """A CA certificate that is in the store needs no explanation, whatever else is there (S16)."""
    assert "" == explained(plan, intermediate().certificate, leaf())


def test_trust_has_namesake(plan):
    """A certificate of the same name in its place is told with its serial and its age (cucm.md §4.8)."""
    text = explained(plan, namesake().certificate)

    assert f"a certificate of that name is there, serial {namesake().certificate.serial_number:x}" in text
    assert f"**{SUBSCRIBER}**: Example Issuing CA" in text


def test_leaf_uploaded_as_trust(plan):
    """Where the cluster's own certificate is in the store instead, the wrong file was chosen (S15)."""
    text = explained(plan, leaf())

    assert "perhaps the wrong file was chosen" in text
    assert "on its way" not in text


def test_trust_not_there(plan):
    """Where nothing of that name is there it may be on its way (cucm_inside.md §A.1)."""
    assert "it may be on its way for up to 30 minutes" in explained(plan)


# --- the leaf (S17)


def test_right_leaf(plan):
    """A node that shows the new certificate needs no explanation (S17)."""
    assert "" == explain_leaf(leaf(), PRESENCE, plan, leaf())


SHOWN = {
    "none": (None, "it shows no certificate at all"),
    "self-signed": (self_signed(PRESENCE), "it shows a self-signed one"),
    "the one before": (leaf(key=rsa_key("before")), "perhaps still the one before"),
    "issued twice": (leaf(names=NODES), "another certificate of the same request"),
}


@pytest.mark.parametrize("kind", SHOWN)
def test_wrong_leaf(plan, kind):
    """What a node shows instead of the new certificate is told for what it is (S17)."""
    shown, told = SHOWN[kind]

    text = explain_leaf(shown, PRESENCE, plan, leaf(), (root().certificate,))

    assert told in text
    assert text.startswith(f"**{PRESENCE}** does not show the new tomcat certificate:")
    assert "tomcat-trust" not in text


def test_leaf_in_trust_store(plan):
    """A new certificate that is only in the trust store was uploaded for the wrong purpose (S17)."""
    text = explain_leaf(self_signed(PRESENCE), PRESENCE, plan, leaf(), (leaf(),))

    assert "the new one is in its tomcat-trust: it was uploaded for that instead of tomcat" in text
