"""The certificate REST API as cucm.md §1 has it."""

import ssl
import subprocess
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest
import urllib3
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.simulator.walk import Rest, names, parsed


def test_rest_demands_login(borrowed):
    """Without credentials every path is answered 401 with the platform's realm, and the ledger stays empty."""
    for path in ("/snapshot/server", "/csr?service=tomcat", "/nothing"):
        reply = Rest(borrowed).call("GET", path, bare=True)

        assert 401 == reply.status
        assert 'Basic realm="CMPlatform Realm"' == reply.headers["WWW-Authenticate"]
    assert [] == borrowed.control.ledger()


def test_rest_refuses_wrong_password(borrowed):
    """A wrong password is answered 401 and written to the ledger once."""
    reply = Rest(borrowed).call("POST", "/csr", {"service": "tomcat"}, password="wrong")

    assert 401 == reply.status
    assert [("login-refused", "osadmin", "cs-ccm-pub.example.com")] == [
        (entry["kind"], entry["from"], entry["node"]) for entry in borrowed.control.ledger()
    ]


def test_rest_reason_phrase_empty(standing):
    """Failing replies carry no reason phrase, good ones do (§1.1)."""
    rest = Rest(standing)

    assert "" == rest.call("GET", "/csr?service=tomcat").reason
    assert "OK" == rest.call("GET", "/snapshot/server").reason


def test_rest_snapshot_shape(standing):
    """The snapshot has one identity a service, trust lists and no revoked certificate (§1.4)."""
    snapshot = Rest(standing).call("GET", "/snapshot/server").json

    services = [identity["service"] for identity in snapshot["identities"]]
    tomcat = next(one for one in snapshot["identities"] if one["service"] == "tomcat")
    assert len(set(services)) == len(services)
    assert "cs-ccm-pub.example.com" == snapshot["server"]
    assert tomcat["certificate"].startswith("-----BEGIN CERTIFICATE-----\n")
    assert "csr" not in tomcat
    assert ["tomcat"] == [trust["service"] for trust in snapshot["trusts"]]
    assert {"filename", "certificate", "description"} == set(snapshot["trusts"][0]["certificate_data"][0])
    assert [] == snapshot["revokedCertificates"]
    assert snapshot["trackingId"]


def test_rest_readings_switch(borrowed):
    """Each shape that is only inferred can be switched to the other candidate (§1.2, §1.4)."""
    readings = {
        "trust_service_form": "tomcat-trust",
        "trust_list_key": "certificates",
        "trust_reply_form": "object",
    }
    rest = Rest(borrowed)
    before = rest.call("GET", "/trust/certificate?service=tomcat").json
    borrowed.control.post("/cluster", readings)
    snapshot = rest.call("GET", "/snapshot/server").json
    after = rest.call("GET", "/trust/certificate?service=tomcat").json
    borrowed.control.post("/cluster", {"snapshot_form": "array"})

    assert before == after["certificates"]
    assert "tomcat-trust" == snapshot["trusts"][0]["service"]
    assert before == snapshot["trusts"][0]["certificates"]
    assert snapshot["identities"] == rest.call("GET", "/snapshot/server").json


def test_rest_multi_server_csr(borrowed):
    """The CSR names the cluster, every node and the parent domain, and asks for both usages (S8, §4.6, §4.7)."""
    reply = Rest(borrowed).csr(altNames=["alias.example.com"], keyType="rsa", keyLength=3072, hashAlgorithm="sha384")
    request = parsed(reply)

    usage = request.extensions.get_extension_for_class(x509.KeyUsage).value
    extended = list(request.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    assert 200 == reply.status
    assert "cs-ccm-pub-ms.example.com" == request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    assert [] == request.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    assert [
        "cs-ccm-pub.example.com",
        "cs-ccm-sub.example.com",
        "cs-imp.example.com",
        "example.com",
        "cs-ccm-pub-ms.example.com",
        "alias.example.com",
    ] == names(request)
    assert 3072 == request.public_key().key_size
    assert "sha384" == request.signature_hash_algorithm.name
    assert [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH] == extended
    assert (True, True, True) == (usage.digital_signature, usage.key_encipherment, usage.data_encipherment)


def test_rest_csr_common_name(borrowed):
    """The common name is the one that was sent; a cluster with CSCus47235 does not repeat it among the names (S29)."""
    borrowed.control.post("/cluster", {"common_name_in_san": False})
    request = parsed(Rest(borrowed).csr(commonName="uc.example.com"))

    assert "uc.example.com" == request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    assert "uc.example.com" not in names(request)


def test_rest_single_server_csr(simulator):
    """Without a word about distribution the CSR is for one node and stays on it (§1.3)."""
    request = parsed(Rest(simulator).call("POST", "/csr", {"service": "tomcat"}))

    held = [node["csr"]["tomcat"] is not None for node in simulator.control.state()["nodes"]]
    assert ["cs-ccm-pub.example.com"] == names(request)
    assert [True, False, False] == held


@pytest.mark.parametrize(
    "told",
    [
        {"service": "nonsense"},
        {"distribution": "everywhere"},
        {"keyLength": 1000},
        {"keyLength": "2048"},
        {"keyType": "ec"},
        {"hashAlgorithm": "md5"},
        {"altNames": "alias.example.com"},
        {"altNames": ["192.0.2.1"]},
        {"altNames": ["*.example.com"]},
        {"altNames": ["bücher.example.com"]},
        {"distribution": {}},
        {"keyType": ["rsa"]},
        {"commonName": f"{'a' * 53}.example.com"},
        {"service": "CAPF"},
    ],
)
def test_rest_csr_refused(standing, told):
    """A request that makes no sense is answered 400 in words, noted as refused, and makes no CSR."""
    standing.control.forget()
    before = [node["csr"] for node in standing.control.state()["nodes"]]
    reply = Rest(standing).csr(**told)

    entries = standing.control.ledger()
    assert 400 == reply.status
    assert [reply.json["message"]] == reply.json["messages"]
    assert [("csr", reply.json["message"])] == [(entry["kind"], entry["refused"]) for entry in entries]
    assert before == [node["csr"] for node in standing.control.state()["nodes"]]


def test_rest_second_csr_replaces(borrowed):
    """A second CSR replaces the first on every node without a word (S7)."""
    rest = Rest(borrowed)
    first, second = rest.csr().json["csr"], rest.csr().json["csr"]

    read_back = [
        Rest(borrowed, host).call("GET", "/csr?service=tomcat").json["csr"]
        for host in ("cs-ccm-pub", "cs-ccm-sub", "cs-imp")
    ]
    assert first != second
    assert [second] * 3 == read_back
    assert ["csr", "csr"] == borrowed.control.kinds()


def test_rest_both_ports(standing):
    """The API answers on the port for 443 and on the one for 8443 (§1.1)."""
    assert 200 == Rest(standing, port="https_port").call("GET", "/options").status
    assert 200 == Rest(standing, port="tomcat_port").call("GET", "/options").status


def test_rest_keeps_connection(standing):
    """Many calls travel on one connection, also after an error."""
    rest = Rest(standing)
    for path in ("/options", "/csr?service=tomcat", "/nothing", "/options"):
        rest.call("GET", path)

    assert 1 == rest.pool.num_connections


def test_rest_html_fault(borrowed):
    """With the fault `html` the API answers 200 with a page instead of JSON."""
    borrowed.control.post("/faults", {"kind": "html", "node": "cs-ccm-pub.example.com", "on": True})
    reply = Rest(borrowed).call("GET", "/snapshot/server")
    borrowed.control.post("/faults", {"kind": "html", "node": "cs-ccm-pub.example.com", "on": False})

    assert (200, "text/html;charset=UTF-8") == (reply.status, reply.headers["Content-Type"])
    assert reply.text.startswith("<!DOCTYPE html>")
    assert Rest(borrowed).call("GET", "/snapshot/server").json["trackingId"]


def test_rest_clock_skew(borrowed):
    """A node's clock shows in the Date header."""
    borrowed.control.post("/nodes/cs-ccm-pub.example.com", {"clock_skew": -600})
    told = parsedate_to_datetime(Rest(borrowed).call("GET", "/options").headers["Date"])

    assert -620 < (told - datetime.now(UTC)).total_seconds() < -580


def test_rest_absent_before_14(borrowed):
    """A release before 14 has no certificate API (§1.1)."""
    borrowed.control.post("/cluster", {"version": "12.5.1.11900-146"})

    assert 404 == Rest(borrowed).call("GET", "/snapshot/server").status


def test_rest_privilege_zero_reads(simulator):
    """An account of privilege 0 reads and changes nothing (§1.1)."""
    simulator.control.post("/cluster", {"privilege": 0})
    rest = Rest(simulator)

    assert 200 == rest.call("GET", "/options").status
    assert 403 == rest.csr().status
    assert None is simulator.control.state()["nodes"][0]["csr"]["tomcat"]


def test_rest_unreachable_node(borrowed):
    """A node that is not reachable refuses connections on every port."""
    rest = Rest(borrowed, "cs-imp")
    borrowed.control.post("/nodes/cs-imp.example.com", {"reachable": False})

    with pytest.raises((urllib3.exceptions.NewConnectionError, urllib3.exceptions.ProtocolError)):
        rest.call("GET", "/options")


def test_rest_serves_curl(standing, tmp_path):
    """The program curl reads the options with a pinned certificate and the account."""
    node, account = standing.node("cs-ccm-pub"), standing.scene["accounts"]["platform"]
    anchor = tmp_path / "node.pem"
    anchor.write_text(ssl.get_server_certificate((node["address"], node["https_port"])))
    answer = subprocess.run(
        ["curl", "--silent", "--show-error", "--noproxy", "*", "--cacert", str(anchor),
         "--connect-to", f"::127.0.0.1:{node['https_port']}", "--user", f"{account['user']}:{account['password']}",
         f"https://{node['name']}/platformcom/api/v1/certmgr/config/options"],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip

    assert '"multi-server"' in answer.stdout
