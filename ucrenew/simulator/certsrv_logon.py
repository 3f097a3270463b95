"""Who is let in by the web server in front of the CA: Negotiate, NTLM and Basic as IIS does them (certsrv.md §7).

Rule 1: what is offered is named in every 401 that ends an attempt, one line each, in the order of the settings.
Rule 2: NTLM, alone or under Negotiate, is bound to the connection: what follows on it needs no credentials.
Rule 3: credentials that were presented and refused are one entry of the ledger; a challenge is none.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
from collections.abc import Sequence
from typing import TypeAlias, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from flask import Response, g, request
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError
from werkzeug.datastructures import Authorization

from ucrenew.simulator import certsrv_pages as pages
from ucrenew.simulator import ntlm
from ucrenew.simulator.authority import Authority
from ucrenew.simulator.https import CONNECTION
from ucrenew.simulator.iis import Iis
from ucrenew.simulator.negotiate import Negotiation
from ucrenew.simulator.scene import Account

# Who the CA sees when IIS asks nobody for credentials [I].
ANONYMOUS = "NT AUTHORITY\\IUSR"

_GARBLED = (ValueError, IndexError, struct.error, SpnegoError)
_Attempt: TypeAlias = ntlm.Exchange | Negotiation


class Doorkeeper:
    """The accounts of one web server, and what each connection has shown so far."""

    def __init__(self, authority: Authority, accounts: Sequence[Account]) -> None:  # noqa: D107 - the class says it
        self._ca = authority
        self._accounts = accounts
        self._domain = ntlm.Domain(authority.netbios_name, authority.domain, authority.host)
        self._bindings = bindings_of(x509.load_pem_x509_certificate(authority.web_certificate()[0]))

    def admit(self) -> Response | None:
        """Let them in, or ask for credentials, or refuse what they presented."""
        if self._ca.setup.iis.anonymous:
            # 200 is no proof that the credentials are right (§7 [H]); that IIS looks at none of them is [I].
            g.account = ANONYMOUS
            return None
        scheme, _, told = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            g.account = _noted().get("account", "")
            return None if g.account else self._offer()
        wanted = next((one for one in self._ca.setup.iis.logon if one.casefold() == scheme.casefold()), "")
        if wanted in {"NTLM", "Negotiate"}:
            return self._step(wanted, told)
        return self._by_password(offered=wanted == "Basic")

    def farewell(self, response: Response) -> None:
        """The last token of a logon goes out with what they asked for."""
        closing = g.pop("closing", b"")
        if closing:
            response.headers["WWW-Authenticate"] = f"Negotiate {base64.b64encode(closing).decode()}"

    def _by_password(self, *, offered: bool) -> Response | None:
        given = request.authorization or Authorization("", {})
        name = (given.username or "") if given.type == "basic" else ""
        account = self._named(name) if offered else None
        if account and hmac.compare_digest((given.password or "").encode(), account.password.encode()):
            g.account = account.user
            return None
        return self._refuse(name)

    def _step(self, scheme: str, told: str) -> Response | None:
        """One leg of a logon that takes several; the connection remembers how far it came."""
        noted = _noted()
        noted.pop("account", None)
        attempt = cast("_Attempt | None", noted.pop("attempt", None))
        attempt = attempt or (ntlm.Exchange(self._domain) if scheme == "NTLM" else Negotiation(self._domain))
        try:
            answer = attempt.take(base64.b64decode(told, validate=True))
        except _GARBLED:
            return self._refuse("")
        if isinstance(answer, ntlm.Presented):
            return self._judge(answer, attempt)
        noted["attempt"] = attempt
        return _unauthorized([f"{scheme} {base64.b64encode(answer).decode()}"])

    def _judge(self, presented: ntlm.Presented, attempt: _Attempt) -> Response | None:
        account = self._named(presented.name)
        key = presented.key(account.password) if account else None
        if account is None or key is None or not self._is_bound(presented.bindings):
            return self._refuse(presented.name)
        closing = attempt.closing(presented, key) if isinstance(attempt, Negotiation) else b""
        if closing is None:
            return self._refuse(presented.name)
        g.closing = closing
        g.account = _noted()["account"] = account.user
        return None

    def _is_bound(self, bindings: bytes) -> bool:
        """Off: nobody looks. Accept: what is there has to be right. Required: it has to be there (§7)."""
        rule = self._ca.setup.iis.channel_binding
        if rule == "off" or (rule == "accept" and not bindings):
            return True
        return hmac.compare_digest(bindings, self._bindings)

    def _named(self, name: str) -> Account | None:
        """The account of this name, in the forms that IIS takes now."""
        for account in self._accounts:
            if name.casefold() in {form.casefold() for form in self._forms(account, self._ca.setup.iis)}:
                return account
        return None

    def _forms(self, account: Account, iis: Iis) -> list[str]:
        r"""DOMAIN\user, user@domain and the bare name all log on; some accounts only with, or without (§7 [M])."""
        home, _, short = account.user.rpartition("\\")
        full = [f"{home or self._domain.netbios}\\{short}", f"{short}@{self._domain.dns}"]
        return {"any": [*full, short], "with-domain": full, "bare": [short]}[iis.user_names]

    def _refuse(self, name: str) -> Response:
        self._ca.ledger.write("login-refused", node=self._ca.host, account=name)
        return self._offer()

    def _offer(self) -> Response:
        realms = {"Basic": f'Basic realm="{self._ca.host}"'}
        return _unauthorized([realms.get(scheme, scheme) for scheme in self._ca.setup.iis.logon])


def bindings_of(certificate: x509.Certificate) -> bytes:
    """What NTLM makes of the channel: the MD5 of ``tls-server-end-point`` (RFC 5929 §4.1), as GSSAPI packs it."""
    signed_with = certificate.signature_hash_algorithm
    weak = signed_with is None or isinstance(signed_with, hashes.MD5 | hashes.SHA1)
    seen = certificate.fingerprint(hashes.SHA256() if weak or signed_with is None else signed_with)
    packed = GssChannelBindings(application_data=b"tls-server-end-point:" + seen).pack()
    return hashlib.md5(packed).digest()  # noqa: S324 - [MS-NLMP] 2.2.2.1 wants it


def _noted() -> dict[str, object]:
    return cast("dict[str, object]", request.environ[CONNECTION])


def _unauthorized(schemes: Sequence[str]) -> Response:
    response = Response(pages.unauthorized(), "401 Unauthorized", content_type="text/html")
    for scheme in schemes:
        response.headers.add("WWW-Authenticate", scheme)
    return response
