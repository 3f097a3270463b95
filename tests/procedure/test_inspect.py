"""The command `ucrenew inspect` as people and monitors start it: against the simulator, and servers not ours."""

import json
import re
import socket
import ssl
import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtensionOID, NameOID

from deployments.rehearsal.scene import write_profile
from tests.procedure.lives import IMP, PUBLISHER, SUBSCRIBER, scene_now
from tests.rules.builder import DAY, leaf, rsa_key
from ucrenew.domain.x509 import fingerprint, pem

YESTERDAY = datetime.now(UTC).replace(microsecond=0) - DAY


def inspect(*arguments, env=None):
    """Exit code, output and error output of the command."""
    done = subprocess.run(
        [sys.executable, "-m", "ucrenew", "inspect", *map(str, arguments)],
        capture_output=True, text=True, check=False, timeout=120, env=env,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


@contextmanager
def tls_server(folder, presented=None, **certificate):
    """A TLS server that is not ours, on loopback; what it was sent after the handshake is in the list."""
    presented = presented or leaf(**{"names": ("localhost",), "common_name": "localhost", **certificate})
    key = rsa_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "server.pem").write_bytes(key + pem(presented).encode())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    listening = socket.create_server(("127.0.0.1", 0))
    heard = []

    def serve():
        with listening.accept()[0] as plain, context.wrap_socket(plain, server_side=True) as secured:
            heard.append(secured.recv(1000))

    serving = threading.Thread(target=serve)
    serving.start()
    yield listening.getsockname()[1], presented, heard
    serving.join(30)
    listening.close()


@pytest.fixture
def profile(borrowed, tmp_path):
    """A profile of the simulated cluster."""
    return write_profile(scene_now(borrowed), tmp_path)


def test_table_of_a_cluster(borrowed, profile):
    """S31: a line for every certificate with its nodes, then the findings; the cluster sees no call that acts."""
    code, out, _ = inspect(profile)
    heads, *_ = out.splitlines()

    assert 1 == code
    assert ["CLUSTER", "CERTIFICATE", "PLACE", "NODES", "ENDS", "DAYS", "DUE"] == heads.split()
    assert re.search(
        rf"^lab +{PUBLISHER} \(\w{{16}}, self-signed\) +tomcat, port \d+, port \d+ +{PUBLISHER} ", out, re.MULTILINE
    )
    assert f"lab: warning: {SUBSCRIBER}: its tomcat certificate is self-signed" in out
    assert [] == borrowed.control.ledger()


def test_no_secret_in_any_output(borrowed, profile, tmp_path):
    """None of the three forms shows a password, whether it is taken or refused."""
    secrets = [path.read_text() for path in tmp_path.glob("*.password")]
    said = [part for form in ((), ("--json",), ("--prometheus",)) for part in inspect(profile, *form)[1:]]
    (tmp_path / "platform.password").write_text("of-last-year")
    code, *refused = inspect(profile)

    assert secrets
    assert 3 == code
    assert [] == [text for text in [*said, *refused] for secret in (*secrets, "of-last-year") if secret in text]
    assert ["login-refused"] == borrowed.control.kinds()


def test_one_unreachable_is_a_row(borrowed, profile, tmp_path):
    """A cluster whose nodes are all away, and a profile that is none, stand beside the one that was seen."""
    for node in (PUBLISHER, SUBSCRIBER, IMP):
        borrowed.control.post(f"/nodes/{node}", {"reachable": False})
    (tmp_path / "wrong.toml").write_text("nodes = 1")
    with tls_server(tmp_path, begins=YESTERDAY - DAY, ends=YESTERDAY) as (port, presented, _):
        code, out, _ = inspect(profile, tmp_path / "wrong.toml", f"localhost:{port}", "--json")
    away, wrong, server = json.loads(out)

    assert 2 == code  # a certificate that ended is worse than what could not be looked at
    assert ["lab", "wrong", f"localhost:{port}"] == [one["cluster"] for one in (away, wrong, server)]
    assert {PUBLISHER, SUBSCRIBER, IMP} == {one["node"] for one in away["findings"]}
    assert "wrong.toml, line 1" in wrong["findings"][0]["sentence"]
    assert [fingerprint(presented)] == [one["fingerprint"] for one in server["certificates"]]


def test_prometheus(borrowed, profile):  # noqa: ARG001 - the cluster runs
    """The text format: every line is a comment or a sample of a metric that was described; no series stands twice."""
    _, out, _ = inspect(profile, "--prometheus")
    samples = [line for line in out.splitlines() if not line.startswith("#")]
    series = [line.rpartition(" ")[0] for line in samples]

    assert all(re.fullmatch(r'ucrenew_\w+\{(\w+="[^"]*",?)+\} \d+', line) for line in samples)
    assert len(set(series)) == len(series)
    assert 'ucrenew_findings{cluster="lab",reason="self-signed"} 3' in samples
    assert 'ucrenew_urgency{cluster="lab"} 2' in samples


def test_block_is_a_clear_sentence(borrowed, profile):
    """A password that is a block of Prefect is not fetched: it is said, and what the ports present is shown."""
    text = profile.read_text()
    profile.write_text(text.replace('{ file = "platform.password" }', '{ block = "ucrenew-platform" }'))
    code, out, _ = inspect(profile)

    assert 3 == code
    assert "the password is the block 'ucrenew-platform' of a Prefect server, which this command does not ask" in out
    assert re.search(rf"^lab +{PUBLISHER} .* port \d+ ", out, re.MULTILINE)
    assert [] == borrowed.control.ledger()


def test_server_that_is_not_ours(tmp_path):
    """Any TLS server gives a table, and after the handshake it was sent nothing at all."""
    with tls_server(tmp_path, begins=YESTERDAY, ends=YESTERDAY + 400 * DAY) as (port, presented, heard):
        code, out, _ = inspect(f"localhost:{port}")

    assert 0 == code
    assert [b""] == heard
    assert f"localhost ({fingerprint(presented)[:16]})" in out
    assert out.endswith("nothing to do\n")


def test_certificate_of_somebody_else(tmp_path):
    """A server that presents a certificate for another name is told so."""
    with tls_server(tmp_path, names=("other.example.com",), begins=YESTERDAY, ends=YESTERDAY + 90 * DAY) as (
        port,
        *_,
    ):
        code, out, _ = inspect(f"localhost:{port}")

    assert 1 == code
    assert "what it presents is for other.example.com [name-missing, S20]" in out


def test_certificate_that_nobody_can_read(tmp_path):
    """A server whose certificate breaks its own rules is one sentence, whatever stands in it."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    garbage = x509.UnrecognizedExtension(ExtensionOID.TLS_FEATURE, b"none")  # OpenSSL does not look into it
    builder = x509.CertificateBuilder(name, name, rsa_key().public_key(), 1, YESTERDAY, YESTERDAY + 90 * DAY)
    broken = builder.add_extension(garbage, critical=False).sign(rsa_key(), hashes.SHA256())
    with tls_server(tmp_path, broken) as (port, *_):
        code, out, _ = inspect(f"localhost:{port}")

    assert 3 == code
    assert "a certificate that is there cannot be read" in out


def test_name_that_moves_the_cursor(tmp_path):
    """What stands in a certificate cannot speak to the terminal it is shown on."""
    told = {"common_name": "\x1b[2Jlocalhost", "begins": YESTERDAY, "ends": YESTERDAY + 90 * DAY}
    with tls_server(tmp_path, **told) as (port, *_):
        _, out, _ = inspect(f"localhost:{port}")

    assert "\x1b" not in out
    assert "?[2Jlocalhost" in out


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("localhost:1", "cannot be reached"),
        ("no-such-host.invalid", "no address is known"),
        ("https://localhost/", "is neither a profile (NAME.toml) nor HOST"),
        ("localhost:99999", "is neither a profile (NAME.toml) nor HOST"),
        ("missing.toml", "cannot be read"),
    ],
)
def test_one_clear_sentence(target, told):
    """What cannot be looked at is one sentence and exit code 3."""
    code, out, _ = inspect(target)
    (sentence,) = [line for line in out.splitlines() if "not-looked-at" in line]

    assert 3 == code
    assert told in sentence


def test_wrong_command():
    """A command given wrongly never looks like a certificate that ended."""
    assert 3 == inspect("--prometheus")[0]


def test_prefect_is_not_imported():
    """The command runs where Prefect is not installed."""
    looked = "import sys, ucrenew.__main__; print([name for name in sys.modules if name.startswith('prefect')])"
    done = subprocess.run([sys.executable, "-c", looked], capture_output=True, text=True, check=True)

    assert "[]" == done.stdout.strip()
