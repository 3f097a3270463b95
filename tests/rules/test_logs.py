"""Logs for TAC: commands that fetch them, and secrets that are taken out of them (S27)."""

import random
import string
import time
from datetime import timedelta

import pytest

from ucrenew.domain.logs import GONE, LOGS, log_commands, redacted

from .builder import NODES

HOUR = timedelta(hours=1)
SECRET = "aX7 $q;m<&9"


# --- commands


def commands(since=HOUR):
    return [line for line in log_commands(NODES, since).splitlines() if line.startswith("file get ")]


def test_commands_for_every_node():
    """Every node is named, and every kind of log has its command: manager, platform API, Tomcat first of all (S27)."""
    text = log_commands(NODES, HOUR)

    assert all(f"- {node}\n" in text for node in NODES)
    assert len(LOGS) == len(commands())
    assert "file get activelog platform/log/certMgmt*.log reltime hours 1 compress" in commands()
    assert "file get activelog tomcat/logs/platform-api/log4j/* reltime hours 1 compress" in commands()
    assert "file get activelog tomcat/logs/* reltime hours 1 recurs compress" in commands()


def test_what_is_not_proved_is_marked():
    """How sure a path is stands beside it, and a collection without a known path gets no command (S27)."""
    text = log_commands(NODES, HOUR)

    assert "| expiry monitor: `platform/log/certm.log` | not proved" in text
    assert "Certificate Renewal process: a name in RTMT, its path is documented nowhere" in text
    assert not any("enewal" in command for command in commands())
    assert all(log.sure for log in LOGS)


@pytest.mark.parametrize(
    ("since", "hours"), [(timedelta(), 1), (timedelta(minutes=59), 1), (HOUR, 1), (HOUR * 1.1, 2), (HOUR * 50, 50)]
)
def test_hours_cover_what_happened(since, hours):
    """The commands reach back over the whole renewal: hours are rounded up."""
    assert all(f" reltime hours {hours} " in command for command in commands(since))


def test_warning_about_passphrase():
    """Whoever fetches logs by hand is told what has to be taken out of them."""
    assert "hold the keystore's passphrase in clear" in log_commands(NODES, HOUR)


# --- secrets

LINES = {
    "certMgmt": "2026-03-02 INFO [main] - passphrase is ::{}",
    "certMgmt, otherwise": "keystore Passphrase is {}",
    "password is": "the password is: {}",
    "property": "keystorePass={}",
    "spaced": "Password : {}",
    "dotted": "com.cisco.tomcat.truststore.password = {}",
    "long name": f"{'x' * 200}_password={{}}",
    "short name": "pwd={}",
    "header": "Authorization: Basic {}",
    "cookie": "Set-Cookie: JSESSIONIDSSO={}; Secure",
    "in an address": "GET /x?password={}",
    "in single quotes": "secret='{}'",
}


@pytest.mark.parametrize("kind", LINES)
def test_secret_is_taken_out(kind):
    """A secret behind any of its names is taken out, with blanks and signs, and the lines around it stay (S27)."""
    before, after = "12:00:01 op:import unit:tomcat\n", "\n12:00:02 CertMgmt Operation Result : null\n"

    found = redacted(before + LINES[kind].format(SECRET) + after)

    assert found.startswith(before)
    assert found.endswith(after)
    assert not any(part in found for part in SECRET.split())
    assert GONE in found


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('{"password": "a\\"b c", "user": "x"}', f'{{"password": {GONE}, "user": "x"}}'),
        ("<ns:password xsi:type='s'>a b</ns:password><user>x</user>",
         f"<ns:password xsi:type='s'>{GONE}</ns:password><user>x</user>"),
        ('<Connector keystorePass="a b" port="8443"/>', f'<Connector keystorePass={GONE} port="8443"/>'),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\nQ==\n-----END RSA PRIVATE KEY-----\n",
         f"-----BEGIN RSA PRIVATE KEY-----{GONE}-----END RSA PRIVATE KEY-----\n"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE", f"-----BEGIN PRIVATE KEY-----{GONE}"),
    ],
    ids=["JSON", "XML", "attribute", "private key", "private key cut off"],
)  # fmt: skip
def test_only_secret_is_taken_out(text, left):
    """Where the end of a secret can be told, what stands behind it is kept."""
    assert left == redacted(text)


@pytest.mark.parametrize(
    "text",
    [
        "SAML SSO Test Status = passed\nRecovery URL Status = enabled\n",
        "test - disk_space          : Passed (available: 1234 MB)\n",
        "Error while processing saml response Failed to decrypt the secret key\n",
        "Password: \nDownload directory: /tmp\n",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        "the password was refused for osadmin\n",
        "",
    ],
)
def test_the_rest_stays(text):
    """What is no secret stays as it is, also beside words that look like one."""
    assert text == redacted(text)


def test_redacted_twice():
    """Taking out twice changes nothing more."""
    once = redacted("\n".join(line.format(SECRET) for line in LINES.values()))

    assert once == redacted(once)


def test_long_logs_take_no_time():
    """A long log without line ends costs time in proportion to its length, not to its square."""
    chance = random.Random(1)
    text = "".join(chance.choices(string.ascii_letters + "=:.-", k=50_000)) + "password" * 10_000 + "<a" * 20_000

    begun = time.process_time()  # of our own: the machine may be busy with other things
    redacted(text)

    assert time.process_time() - begun < 5
