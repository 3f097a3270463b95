"""How the simulated web server lets people log on (certsrv.md §7): what it offers, NTLM, and who gets in at all."""

import base64
import re
import urllib.parse
from dataclasses import fields
from pathlib import Path

import pytest
from spnego._ntlm_raw.messages import Authenticate, AvId, Challenge

from tests.certsrv_scene import PASSWORD, USER, Caller, pem, request_for, running
from tests.simulator.iis_line import Line, client, log_on
from ucrenew.simulator.iis import Iis

FORM = urllib.parse.urlencode(
    {"Mode": "newreq", "CertRequest": pem(request_for()), "CertAttrib": "CertificateTemplate:WebServer"}
)
BASIC = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    with running(tmp_path_factory.mktemp("logon")) as started:
        yield started


@pytest.fixture
def scene(standing):
    """The module's web server as a fresh install has it."""
    standing.authority.configure(profile="honest", logon=["Negotiate", "NTLM"])
    return standing


@pytest.fixture
def noted(scene):
    """What the ledger says since the test began: kind and account."""
    before = len(scene.kinds())
    return lambda: [(one["kind"], one["from"]) for one in scene.authority.ledger.entries()[before:]]


_NAME = re.compile(r"`(\w+)`")


@pytest.fixture
def line(scene):
    opened = Line(scene)
    yield opened
    opened.close()


def test_fresh_install_offers_no_basic():
    """A web enrollment offers Negotiate and NTLM until somebody installs Basic (certsrv.md §7)."""
    assert ("Negotiate", "NTLM") == Iis().logon


def test_docs_have_every_setting():
    """The page on the simulator names every setting of the web server."""
    page = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text()

    assert {one.name for one in fields(Iis)} <= set(_NAME.findall(page))


def test_what_honesty_leaves(tmp_path):
    """The page says of what `honest` leaves as it is that it stays."""
    page = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text()
    rows = [row.split("|") for row in page.splitlines() if row.endswith(("stay |", "stays |"))]
    said = {name for row in rows for name in _NAME.findall(row[1])}
    stays = {"renewals": 1, "reachable": False, "service_running": False, "sign_seconds": 0.5}
    with running(tmp_path) as scene:  # of its own, because it is left in no good state
        scene.authority.configure(**stays)
        scene.authority.configure(profile="honest")

        assert stays == {name: getattr(scene.authority, name) for name in stays}
    assert {"renew", *stays} == said


@pytest.mark.parametrize(
    "offered", [("Negotiate", "NTLM"), ("NTLM",), ("Basic", "NTLM"), ("Negotiate", "NTLM", "Basic")]
)
def test_offers_stand_in_order(scene, line, offered, noted):
    """A bare request is answered 401 with one WWW-Authenticate line a scheme, in the order of the settings."""
    scene.authority.configure(logon=list(offered))
    answer = line.ask()

    assert 401 == answer.status
    assert [name if name != "Basic" else 'Basic realm="ca.example.com"' for name in offered] == answer.schemes
    assert "401 - Unauthorized: Access is denied due to invalid credentials." in answer.text
    assert [] == noted()


def test_ntlm_logs_the_connection_on(scene, line, noted):
    """After type 1, type 2 and type 3 the connection is logged on without credentials; a new one is not."""
    initiator = client()
    challenged = line.show("NTLM", initiator.step())
    answers = [line.show("NTLM", initiator.step(challenged.token)), line.ask(), line.ask(page="certcarc.asp")]
    other = Line(scene)

    assert (401, 200) == (challenged.status, answers[0].status)
    assert [200, 200, 200] == [answer.status for answer in answers]
    assert [[], [], []] == [answer.schemes for answer in answers]
    assert 401 == other.ask().status
    assert [] == noted()
    other.close()


def test_challenge_announces_the_domain(line):
    """The challenge's target name is the domain that the account exists in, and so says its target information."""
    challenge = Challenge.unpack(line.show("NTLM", client().step()).token)

    assert "EXAMPLE" == challenge.target_name
    assert ("EXAMPLE", "example.com", "CA", "ca.example.com") == tuple(
        challenge.target_info[name]
        for name in (AvId.nb_domain_name, AvId.dns_domain_name, AvId.nb_computer_name, AvId.dns_computer_name)
    )


def test_target_name_serves_as_domain(line):
    """A client that answers with the challenge's target name instead of what was typed gets in (go-ntlmssp)."""
    challenged = line.show("NTLM", client("whatever\\svc-ucrenew").step())
    domain = Challenge.unpack(challenged.token).target_name
    initiator = client(f"{domain}\\svc-ucrenew")
    initiator.step()

    assert 200 == line.show("NTLM", initiator.step(challenged.token)).status


@pytest.mark.parametrize("user", [USER, "example\\SVC-ucrenew", "svc-ucrenew@example.com", "svc-ucrenew"])
@pytest.mark.parametrize(("rule", "refused"), [("any", ()), ("with-domain", ("bare",)), ("bare", ("with",))])
def test_forms_of_the_name(scene, line, user, rule, refused):
    r"""DOMAIN\user, user@domain and the bare name log on by NTLM and by Basic, unless the account is a special one."""
    scene.authority.configure(user_names=rule, logon=["NTLM", "Basic"])
    form = "with" if set(user) & {"\\", "@"} else "bare"
    expected = 401 if form in refused else 200

    assert expected == log_on(line, client(user)).status
    assert expected == Caller(scene, user=user).get().status_code


@pytest.mark.parametrize(("user", "password"), [(USER, "wrong"), ("OTHER\\svc-ucrenew", PASSWORD), ("no-one", "x")])
def test_refused_login_is_noted_once(line, user, password, noted):
    """A refused login is 401 with all that is offered, and one entry of the ledger; the next one may be right."""
    refused = log_on(line, client(user, password))

    assert (401, ["Negotiate", "NTLM"]) == (refused.status, refused.schemes)
    assert [("login-refused", user)] == noted()
    assert 401 == line.ask().status
    assert 200 == log_on(line, client()).status


def test_half_a_logon_is_not_noted(line, noted):
    """A type 1 that nobody follows up is no refused login, and a second one begins again."""
    line.show("NTLM", client().step())

    assert 200 == log_on(line, client()).status
    assert [] == noted()


def test_bare_first_body(line, noted):
    """A POST whose first legs are empty submits once, when the last leg brings the body (curl)."""
    initiator = client()
    challenged = line.show("NTLM", initiator.step(), method="POST", page="certfnsh.asp")
    answer = line.show("NTLM", initiator.step(challenged.token), method="POST", page="certfnsh.asp", body=FORM)

    assert "Certificate Issued" in answer.text
    assert [("submit", USER)] == noted()


def test_body_sent_again(line, noted):
    """A POST that is sent with its whole body on each leg submits once."""
    initiator = client()
    request = {"method": "POST", "page": "certfnsh.asp", "body": FORM}
    bare = line.ask(**request)
    challenged = line.show("NTLM", initiator.step(), **request)
    answer = line.show("NTLM", initiator.step(challenged.token), **request)

    assert (401, 401, 200) == (bare.status, challenged.status, answer.status)
    assert [("submit", USER)] == noted()


def test_version_one_is_refused(line, monkeypatch):
    """An NTLMv1 answer with the right password is refused."""
    monkeypatch.setenv("LM_COMPAT_LEVEL", "1")

    assert 401 == log_on(line, client()).status


def test_changed_first_message_is_noticed(line):
    """Somebody who changes the client's first message on its way is found out by the signature over all three."""
    initiator = client()
    first = bytearray(initiator.step())
    first[14] ^= 0x08
    challenged = line.show("NTLM", bytes(first))
    last = initiator.step(challenged.token)

    assert Authenticate.unpack(last).mic
    assert 401 == line.show("NTLM", last).status


@pytest.mark.parametrize(
    "told",
    [
        "NTLM",
        "NTLM ***",
        "NTLM " + base64.b64encode(b"NTLMSSP\x00\x03\x00\x00\x00").decode(),
        "NTLM " + base64.b64encode(b"NTLMSSP\x00\x02\x00\x00\x00" + bytes(40)).decode(),
        "NTLM " + base64.b64encode(b"nonsense").decode(),
        "Negotiate YII=",
        "Negotiate " + base64.b64encode(bytes(range(60))).decode(),
        "Bearer x",
        BASIC,
    ],
    ids=[
        "empty",
        "no base64",
        "short",
        "a challenge",
        "nonsense",
        "short SPNEGO",
        "other bytes",
        "other scheme",
        "Basic",
    ],
)
def test_nonsense_is_refused(line, told, noted):
    """What cannot be a logon, or a scheme that is not offered, is 401 with the list, one entry, and no crash."""
    answer = line.ask(told)

    assert (401, ["Negotiate", "NTLM"]) == (answer.status, answer.schemes)
    assert [("login-refused", USER if told == BASIC else "")] == noted()


def test_answer_without_challenge(scene, line):
    """A type 3 that belongs to another connection's challenge is refused."""
    elsewhere, initiator = Line(scene), client()
    challenged = elsewhere.show("NTLM", initiator.step())

    assert 401 == line.show("NTLM", initiator.step(challenged.token)).status
    elsewhere.close()


def test_anonymous_lets_everybody_in(scene, line, noted):
    """Anonymous by mistake: pages and submissions are 200 without a logon, and so they are with a wrong password."""
    scene.authority.configure(anonymous=True)
    answers = [line.ask(), line.ask("Basic eDp4"), line.ask(method="POST", page="certfnsh.asp", body=FORM)]

    assert [200, 200, 200] == [answer.status for answer in answers]
    assert [("submit", "NT AUTHORITY\\IUSR")] == noted()


@pytest.mark.parametrize(
    "told",
    [
        {"logon": []},
        {"logon": ["Kerberos"]},
        {"logon": ["NTLM", "NTLM"]},
        {"logon": 1},
        {"channel_binding": "on"},
        {"anonymous": "yes"},
        {"user_names": "long"},
        {"language": "it"},
        {"standalone": 1},
        {"renew": "both"},
        {"renew": True},
    ],
)
def test_wrong_settings_are_refused(scene, told):
    """A setting that there is not is refused in a sentence, and the others of the call are not taken over."""
    before = scene.authority.setup, scene.authority.renewals

    with pytest.raises(ValueError, match=r"\w+ \w+"):
        scene.authority.configure(**{"language": "fr", **told})
    assert before == (scene.authority.setup, scene.authority.renewals)


def test_honest_is_how_it_began(scene):
    """The honest profile takes the settings of the web server back as well."""
    scene.authority.configure(logon="NTLM", language="ja", standalone=True)
    scene.authority.configure(profile="honest")

    assert "en" == scene.authority.setup.iis.language
    assert ("Negotiate", "NTLM", "Basic") == scene.authority.setup.iis.logon
    assert not scene.authority.setup.standalone


def test_settled_is_what_honest_comes_back_to(scene):
    """How a scene begins is what the honest profile takes the settings back to."""
    scene.authority.settle(logon=["NTLM"])
    scene.authority.configure(logon=["Basic"])
    scene.authority.configure(profile="honest")

    assert ("NTLM",) == scene.authority.setup.iis.logon
