"""Negotiate without Kerberos, and logons that are bound to the channel (certsrv.md §7, RFC 4178, RFC 5929)."""

import base64
import hashlib
import subprocess

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from requests_ntlm import HttpNtlmAuth
from spnego._spnego import NegState, NegTokenInit, NegTokenResp, pack_mech_type_list, unpack_token
from spnego.channel_bindings import GssChannelBindings

from tests.certsrv_scene import PASSWORD, USER, running
from tests.simulator.iis_line import Line, client, log_on
from ucrenew.simulator.certsrv_logon import bindings_of

KERBEROS, NTLM = "1.2.840.113554.1.2.2", "1.3.6.1.4.1.311.2.2.10"
OTHER_CHANNEL = GssChannelBindings(application_data=b"tls-server-end-point:" + bytes(32))


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    with running(tmp_path_factory.mktemp("negotiate")) as started:
        yield started


@pytest.fixture
def scene(standing):
    """The module's web server as a fresh install has it."""
    standing.authority.configure(profile="honest", logon=["Negotiate", "NTLM"])
    return standing


@pytest.fixture
def line(scene):
    opened = Line(scene)
    yield opened
    opened.close()


def refusals(scene):
    return scene.kinds().count("login-refused")


def test_bare_ntlm_under_negotiate(line):
    """NTLM as it is gets in under Negotiate, and the connection stays logged on."""
    answer = log_on(line, client(), "Negotiate")

    assert (200, []) == (answer.status, answer.schemes)
    assert 200 == line.ask().status


def test_wrapped_ntlm_under_negotiate(line):
    """NTLM wrapped in SPNEGO gets in, and the last token, on the 200, completes the client's side too."""
    initiator = client(protocol="negotiate")
    answer = log_on(line, initiator, "Negotiate")
    initiator.step(answer.token)

    assert 200 == answer.status
    assert initiator.complete
    assert 200 == line.ask().status


@pytest.mark.parametrize("initiator", [client(password="wrong"), client(password="wrong", protocol="negotiate")])
def test_wrong_password_under_negotiate(scene, line, initiator):
    """A wrong password under Negotiate is 401 with the list and one entry of the ledger, wrapped or not."""
    before = refusals(scene)
    answer = log_on(line, initiator, "Negotiate")

    assert (401, ["Negotiate", "NTLM"]) == (answer.status, answer.schemes)
    assert before + 1 == refusals(scene)


def test_kerberos_alone_is_refused(scene, line):
    """A client that offers nothing but Kerberos is answered 401 with all that is offered."""
    before = refusals(scene)
    answer = line.show("Negotiate", NegTokenInit([KERBEROS], mech_token=b"a ticket").pack())

    assert (401, ["Negotiate", "NTLM"]) == (answer.status, answer.schemes)
    assert before + 1 == refusals(scene)


def test_kerberos_first_falls_back(line):
    """A client that would rather have Kerberos is asked for NTLM, and both sides sign the list of mechanisms."""
    initiator = client()
    asked = line.show("Negotiate", NegTokenInit([KERBEROS, NTLM], mech_token=b"a ticket").pack())
    challenged = line.show("Negotiate", NegTokenResp(response_token=initiator.step()).pack())
    last = initiator.step(unpack_token(challenged.token).response_token)
    offered = pack_mech_type_list([KERBEROS, NTLM])
    answer = line.show("Negotiate", NegTokenResp(response_token=last, mech_list_mic=initiator.sign(offered)).pack())
    closing = unpack_token(answer.token)

    assert (NegState.request_mic, NTLM) == (
        unpack_token(asked.token).neg_state,
        unpack_token(asked.token).supported_mech,
    )
    assert (200, NegState.accept_complete) == (answer.status, closing.neg_state)
    initiator.verify(offered, closing.mech_list_mic)


def test_changed_mechanisms_are_noticed(line):
    """A signature over another list of mechanisms than the one that arrived is refused."""
    initiator = client()
    line.show("Negotiate", NegTokenInit([KERBEROS, NTLM], mech_token=b"a ticket").pack())
    challenged = line.show("Negotiate", NegTokenResp(response_token=initiator.step()).pack())
    last = initiator.step(unpack_token(challenged.token).response_token)
    signed = initiator.sign(pack_mech_type_list([NTLM]))

    assert 401 == line.show("Negotiate", NegTokenResp(response_token=last, mech_list_mic=signed).pack()).status


@pytest.mark.parametrize("protocol", ["ntlm", "negotiate"])
@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("", [200, 200, 401]),
        ("off", [200, 200, 200]),
        ("accept", [200, 200, 401]),
        ("required", [401, 200, 401]),
    ],
)
def test_channel_binding(scene, protocol, rule, expected):
    """Off looks at no binding, accept, the default, refuses a wrong one, required a missing one as well."""
    scene.authority.configure(**({"channel_binding": rule} if rule else {}))
    before, found = refusals(scene), []
    for shown in (lambda _: None, Line.bindings, lambda _: OTHER_CHANNEL):
        line = Line(scene)
        scheme = "NTLM" if protocol == "ntlm" else "Negotiate"
        found.append(log_on(line, client(protocol=protocol, bindings=shown(line)), scheme).status)
        line.close()

    assert expected == found
    assert before + expected.count(401) == refusals(scene)


@pytest.mark.parametrize("offered", [["NTLM"], ["Negotiate"]])
@pytest.mark.parametrize(("sent", "expected"), [(True, 200), (False, 401)])
def test_required_binding_and_requests_ntlm(scene, offered, sent, expected):
    """requests_ntlm gets in where a binding is required, and not with ``send_cbt=False``, under either scheme."""
    scene.authority.configure(channel_binding="required", logon=offered)
    with requests.Session() as session:
        session.verify, session.trust_env = scene.ca_file, False
        session.auth = HttpNtlmAuth(USER, PASSWORD, send_cbt=sent)
        first, second = (session.get(scene.url, timeout=30) for _ in range(2))

    assert [expected, expected] == [first.status_code, second.status_code]
    assert [401, 401] == [leg.status_code for leg in first.history]
    # What follows on a connection that is logged on needs no more legs.
    assert ([] if sent else [401, 401]) == [leg.status_code for leg in second.history]


def test_binding_needs_no_basic(scene, line):
    """Extended Protection is about Windows logons: where Basic is offered it needs no binding."""
    scene.authority.configure(channel_binding="required", logon=["NTLM", "Basic"])

    assert 200 == line.ask("Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()).status


@pytest.mark.parametrize(
    ("signed_with", "hashed_with"), [("sha384", "sha384"), ("sha256", "sha256"), ("sha1", "sha256")]
)
def test_hash_of_the_end_point(signed_with, hashed_with):
    """The end point is hashed as its certificate is signed, but with SHA-256 where that is SHA-1."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "/dev/null", "-subj", "/CN=ca"]
    made = subprocess.run([*command, f"-{signed_with}"], check=True, capture_output=True, timeout=30).stdout
    certificate = x509.load_pem_x509_certificate(made)
    digest = hashlib.new(hashed_with, certificate.public_bytes(Encoding.DER)).digest()
    packed = GssChannelBindings(application_data=b"tls-server-end-point:" + digest).pack()

    assert signed_with == certificate.signature_hash_algorithm.name
    assert hashlib.md5(packed).digest() == bindings_of(certificate)
