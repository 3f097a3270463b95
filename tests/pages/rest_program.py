"""A program that calls the certificate API as netSSL and getcert do (cucm.md §1)."""

import json
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tests.pages.rest_samples import BASE, BODY
from tests.pages.terminal import call


class Program:
    """Calls the API of one node with one account, as working clients do."""

    def __init__(self, node, account):
        self.node = node
        self.login = (account["user"], account["password"])

    def get(self, path, **headers):
        """Read."""
        return call(self.node["https_port"], "GET", BASE + path, login=self.login, **headers)

    def post(self, path, body, **headers):
        """Write; a CSR may take 30 seconds, an upload longer."""
        sent = {"Content_Type": "application/json", "Accept": "application/json"} | headers
        return call(self.node["https_port"], "POST", BASE + path, login=self.login, body=json.dumps(body), **sent)


def here(program, body=BODY):
    """A request body for this node."""
    return body | {"commonName": program.node["name"]}


def generated(program, body=BODY):
    """A new CSR of the node."""
    return x509.load_pem_x509_csr(program.post("/csr", here(program, body)).json["csr"].encode())


def said(answer):
    """The text of an error, as netSSL looks for it: message, error, messages[0] (§1.5)."""
    told = answer.json
    return told.get("message") or told.get("error") or told["messages"][0]


def names(request):
    """The DNS names of a CSR."""
    return set(
        request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    )


def store(program):
    """What `GET /trust/certificate` tells: a bare array or an object, as netSSL reads it (§1.2)."""
    told = program.get("/trust/certificate?service=tomcat").json
    return told if isinstance(told, list) else told["certificates"]


def issued(request, issuer, wanted):
    """A leaf for a CSR by any CA, with any names."""
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(issuer.certificate.subject)
        .public_key(request.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=300))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in wanted]), critical=False)
        .sign(issuer.key, hashes.SHA256())
    )
