"""What the simulated web enrollment gives out: certificates, chains and CRLs, or the page that says why not."""

from __future__ import annotations

import base64
import re
import textwrap

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from flask import Response, request

from ucrenew.simulator import certsrv_forms as forms
from ucrenew.simulator import refusals
from ucrenew.simulator.authority import Authority
from ucrenew.simulator.certsrv_error import error
from ucrenew.simulator.certsrv_view import frame_of
from ucrenew.simulator.request_rows import Row


def html(page: str) -> Response:
    """A page; IIS names no charset (certsrv.md §3)."""
    return Response(page, content_type="text/html")


class Downloads:
    """certnew.cer, certnew.p7b and certcrl.crl of one CA."""

    def __init__(self, authority: Authority) -> None:  # noqa: D107 - the class says it
        self._ca = authority

    def certificate(self) -> Response:
        """certnew.cer: one certificate, or the error page (§4)."""
        found = self._wanted()
        if isinstance(found, str):
            return html(found)
        one, _ = found
        return self._download(one.public_bytes(Encoding.DER), "application/pkix-cert")

    def chain(self) -> Response:
        """certnew.p7b: a degenerate PKCS#7 of the chain, or the error page (§4)."""
        found = self._wanted()
        if isinstance(found, str):
            return html(found)
        _, chain = found
        return self._download(pkcs7.serialize_certificates(chain, Encoding.DER), "application/x-pkcs7-certificates")

    def crl(self) -> Response:
        """certcrl.crl; the content type, and what is said of a delta CRL, are guesses (§1 [L]): this CA makes none."""
        generation = self._generation()
        if generation is None or forms.fields(request.args.items()).get("type", "").casefold() == "delta":
            return html(self._error(None, refusals.PROPERTY_EMPTY))
        return self._download(self._ca.crl(generation).public_bytes(Encoding.DER), "application/pkix-crl", "X509 CRL")

    def row(self, number: str) -> Row | None:
        """The row of a request id; a garbled one is nobody's, and never a crash (§12.5)."""
        return self._ca.find(int(number)) if re.fullmatch(r"[0-9]{1,9}", number.strip()) else None

    def _wanted(self) -> tuple[x509.Certificate, list[x509.Certificate]] | str:
        """The certificate and chain that the query asks for, or the error page that says why not."""
        number = forms.fields(request.args.items()).get("reqid", "")
        if number.casefold() == "cacert":
            generation = self._generation()
            if generation is None:
                return self._error(None, refusals.PROPERTY_EMPTY)
            return self._ca.ca_certificate(generation), self._ca.ca_chain(generation)
        row = self.row(number)
        if row is None:
            return self._error(None, refusals.PROPERTY_EMPTY)
        if row.certificate is None:
            return self._error(row, row.last_status)
        return row.certificate, self._ca.chain_of(row)

    def _generation(self) -> int | None:
        """Renewal=k of a CA that answers; -1 and none at all give the newest (§6 [M])."""
        renewals = self._ca.reached().renewals
        text = forms.fields(request.args.items()).get("renewal", "-1")
        if text == "-1":
            return renewals
        return int(text) if re.fullmatch(r"[0-9]{1,4}", text) and int(text) <= renewals else None

    def _error(self, row: Row | None, last_status: str) -> str:
        return error(frame_of(self._ca), "", row, last_status)

    def _download(self, der: bytes, content_type: str, label: str = "CERTIFICATE") -> Response:
        """DER for Enc=bin, else base64 with CRLF; a chain stands between CERTIFICATE lines too (§4)."""
        kind = content_type if frame_of(self._ca).mozilla else "text/html"
        if forms.fields(request.args.items()).get("enc", "").casefold() == "bin":
            return Response(der, content_type=kind)
        lines = textwrap.wrap(base64.b64encode(der).decode(), 64)
        text = "\r\n".join((f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""))
        return Response(text, content_type=kind)
