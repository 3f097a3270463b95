"""What a person is asked to do instead of us: everything needed for it stands in the text."""

from dataclasses import replace

import pytest

from ucrenew.domain import handwork
from ucrenew.domain.x509 import fingerprint, parse_certificate, parse_csr

from .builder import (
    COMMON_NAME,
    DOMAIN,
    NODES,
    PRESENCE,
    PUBLISHER,
    SUBSCRIBER,
    chain,
    intermediate,
    leaf,
    request,
    self_signed,
)
from .lab import plan_of

PAGE = "Cisco Unified Operating System Administration of **{}**: Security > Certificate Management > **{}**"


@pytest.fixture
def plan(tmp_path):
    return replace(plan_of(tmp_path, extra_names='extra_names = ["voice.example.org"]'), sso_nodes=NODES[:2])


def fields(text):
    """The fields and values that a text asks for."""
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return dict(rows[1:])


def file_in(text):
    """The PEM text that a person is to save as the file."""
    return text.partition("```pem\n")[2].partition("```")[0]


def every_text(plan):
    return {
        "csr": handwork.csr_by_hand(plan),
        "submit": handwork.submit_by_hand(plan, request()),
        "trust": handwork.trust_by_hand(plan, intermediate().certificate, PUBLISHER),
        "leaf": handwork.leaf_by_hand(plan, leaf(), PUBLISHER),
        "restart": handwork.restart_by_hand(plan, SUBSCRIBER, ("Cisco Tomcat",)),
        "sso off": handwork.sso_off_by_hand(plan),
        "sso on": handwork.sso_on_by_hand(plan),
        "cleanup": handwork.cleanup_by_hand(plan, SUBSCRIBER, (self_signed(SUBSCRIBER),)),
    }


def test_texts_stand_alone(plan):
    """Every text begins with a heading that says what to do, and names the cluster or the node."""
    for text in every_text(plan).values():
        heading = text.splitlines()[0]

        assert heading.startswith("### ")
        assert any(name in heading for name in ("lab", *NODES))
        assert text.endswith("\n")


def test_request_by_hand(plan):
    """The request: publisher, page, every field with its value, and the success text with every node (S6, S8, S9)."""
    text = handwork.csr_by_hand(plan)

    assert PAGE.format(PUBLISHER, "Generate CSR") in text
    assert {
        "Certificate Purpose": "tomcat",
        "Distribution": "Multi-server(SAN)",
        "Common Name": COMMON_NAME,
        "Auto-populated Domains": f"every one of {', '.join(NODES)} (S8)",
        "Parent Domain": DOMAIN,
        "Other Domains": "voice.example.org",
        "Key Length": "2048",
        "Hash Algorithm": "SHA256",
        "Include OU in CSR (from 14SU1)": "no",
    } == fields(text)
    assert "- `Success: Certificate Signing Request Generated`" in text
    assert f"- `CSR export operation successful on the nodes [{', '.join(NODES)}].`" in text
    assert "A second request voids the first one (S7)" in text


def test_request_without_further_names(tmp_path):
    """Fields that stay empty are said to be empty: what stands in them is a name that nobody asked for (S8)."""
    found = fields(handwork.csr_by_hand(plan_of(tmp_path, parent_domain="")))

    assert ("empty", "empty") == (found["Parent Domain"], found["Other Domains"])


def test_submission_by_hand(plan):
    """The submission: the request itself, CA and template, the pages' words, the number to keep (S12-S14)."""
    text = handwork.submit_by_hand(plan, request())

    assert request() == parse_csr(file_in(text))
    assert plan.authority in text
    assert all(word in text for word in ("Request a certificate", "advanced certificate request", "Submit"))
    assert "- `Your Request Id is 32.`" in text
    assert "On any other CA" in text


def test_signed_by_hand(plan):
    """Any other CA: the request itself, where it lies, what may come back and in which dress, and no private key."""
    text = handwork.have_signed_by_hand(plan, request(), "It lies on the worker as /srv/lab-tomcat.csr, too.")

    assert request() == parse_csr(file_in(text))
    assert plan.authority in text
    assert all(word in text for word in ("*certificate*", "PEM", "PKCS#7", "/srv/lab-tomcat.csr", "chain file"))
    assert "Never a private key" in text


def test_trust_by_hand(plan):
    """A CA certificate: the node, the store as purpose, the file itself (S15, S16)."""
    text = handwork.trust_by_hand(plan, intermediate().certificate, SUBSCRIBER)

    assert PAGE.format(SUBSCRIBER, "Upload Certificate/Certificate chain") in text
    assert "tomcat-trust" == fields(text)["Certificate Purpose"]
    assert "Example_Issuing_CA.pem" == fields(text)["Upload File"]
    assert intermediate().certificate == parse_certificate(file_in(text))
    assert fingerprint(intermediate().certificate) in text


def test_leaf_by_hand(plan):
    """The leaf alone on the publisher, the success text with every node, and no restart yet (S17)."""
    text = handwork.leaf_by_hand(plan, leaf(), PUBLISHER)

    assert PAGE.format(PUBLISHER, "Upload Certificate/Certificate chain") in text
    assert "tomcat" == fields(text)["Certificate Purpose"]
    assert leaf() == parse_certificate(file_in(text))
    assert f"- `Certificate upload operation successful for the nodes {','.join(NODES)}.`" in text
    assert "do not yet" in text


def test_restart_by_hand(plan):
    """Restarts: one node, its commands in order, no Ctrl-C, once more when needed (S19)."""
    services = ("Cisco Tomcat", "Cisco DRF Local")

    text = handwork.restart_by_hand(plan, PRESENCE, services)

    assert "\n".join(f"utils service restart {service}" for service in services) in text
    assert all(f"- `{service}[STARTED]`" in text for service in services)
    assert "do not press Ctrl-C" in text
    assert "once more (S19)" in text
    assert not any(node in text for node in (PUBLISHER, SUBSCRIBER))


def test_sign_on_off_by_hand(plan):
    """Single sign-on off: the recovery URL first, the command on the nodes where it was on, how it is seen (S3)."""
    text = handwork.sso_off_by_hand(plan)

    assert text.index("recovery URL") < text.index("utils sso disable")
    assert f"1. **{PUBLISHER}**: `utils sso status`, then `utils sso disable`" in text
    assert f"2. **{SUBSCRIBER}**:" in text
    assert PRESENCE not in text
    assert "not proved" in text


def test_sign_on_on_by_hand(plan):
    """Single sign-on on: metadata out and in, test, restarts, and the line by which it is seen (S3, D225746)."""
    text = handwork.sso_on_by_hand(plan)
    order = ("export the metadata", "import them", "run its test", "utils service restart Cisco Tomcat", "Look for")

    assert sorted(map(text.index, order)) == list(map(text.index, order))
    assert "- `SSO Status: SAML SSO Enabled`" in text
    assert "Failed to decrypt the secret key" in text
    assert "not proved" in text


def test_cleanup_by_hand(plan):
    """Cleaning up: exactly these certificates with serial and fingerprint, page and command (S28)."""
    old = self_signed(SUBSCRIBER)

    text = handwork.cleanup_by_hand(plan, SUBSCRIBER, (old,))

    assert f"1. {SUBSCRIBER}, serial {old.serial_number:x}, ends 2031-" in text
    assert fingerprint(old) in text
    assert "set cert delete tomcat-trust" in text
    assert "`You are about to permanently delete this certificate`" in text


def test_windows_in_texts(plan):
    """S22: what users notice is asked for with the windows in which it may be done; the rest may be done any time."""
    windows = ("sat from 22:00 for 6 h (Europe/Berlin)", "sun from 22:00 for 4 h (Europe/Berlin)")
    named = {
        what: f"Only within: {'; '.join(windows)}." in text
        for what, text in every_text(replace(plan, windows=windows)).items()
    }

    assert ["leaf", "restart", "sso off", "sso on"] == [what for what, found in named.items() if found]
    assert not any("Only within" in text for text in every_text(plan).values())


def test_no_secret_in_texts(plan):
    """No text holds an account or where its password is kept."""
    for text in every_text(plan).values():
        assert not any(secret in text for secret in ("osadmin", "LAB_PLATFORM", "svc-ucrenew", "ca.password"))


def test_file_names_are_plain(plan):
    """A file is called by the common name, without characters that a disk or a browser dislikes."""
    assert "Example_Root_CA.pem" == fields(handwork.trust_by_hand(plan, chain()[0], PUBLISHER))["Upload File"]
    assert f"{COMMON_NAME}.pem" == fields(handwork.leaf_by_hand(plan, leaf(), PUBLISHER))["Upload File"]
    assert "certificate.pem" == fields(handwork.leaf_by_hand(plan, leaf(common_name=""), PUBLISHER))["Upload File"]
