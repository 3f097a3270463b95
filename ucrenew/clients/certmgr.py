"""The certificate management REST API of a node, release 14 and later (cucm.md §1).

1. One request a method, sent once, Basic credentials included; nothing is retried and nothing waited for.
2. Every answer passes ``_value``: a value, or one of our errors. The reason phrase is never looked at.
3. Where the reference marks the shape of a reply as inferred, each form it names is read; another one is quoted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from cryptography import x509 as crypto

from ucrenew.clients import certmgr_refusals as refusals
from ucrenew.clients import certmgr_replies as replies
from ucrenew.clients.certmgr_refusals import NodeRefused, Reason
from ucrenew.clients.certmgr_replies import Csr, Identity
from ucrenew.clients.sessions import Unanswered, basic, exchange, quoted
from ucrenew.clients.tls import Endpoint
from ucrenew.domain import x509
from ucrenew.errors import BadInput, UnknownReply

__all__ = ["CertificateManager", "CsrWish", "Identity", "NodeRefused", "Reason", "Snapshot"]

_BASE = "/platformcom/api/v1/certmgr/config"
_JSON = {"Accept": "application/json", "Content-Type": "application/json"}

_DONE = (200, 201)  # 201 seen for uploads (cucm.md §1.2)


@dataclass(frozen=True)
class CsrWish:
    """What a request is to show; the node may do otherwise, so read the request itself (cucm.md §6)."""

    service: str
    distribution: str
    common_name: str
    key_type: str
    key_length: int
    hash_algorithm: str
    alt_names: tuple[str, ...] = ()

    def body(self) -> dict[str, object]:
        """The JSON of cucm.md §1.3; ``altNames`` is left out when empty."""
        names = {"altNames": list(self.alt_names)} if self.alt_names else {}
        return {
            "service": self.service,
            "distribution": self.distribution,
            "commonName": self.common_name,
            "keyType": self.key_type,
            "keyLength": self.key_length,
            "hashAlgorithm": self.hash_algorithm,
            **names,
        }


@dataclass(frozen=True)
class Snapshot:
    """Everything a node says of its certificates in one answer; trust stores are named with ``-trust``."""

    server: str | None
    identities: Mapping[str, Identity]
    trusts: Mapping[str, tuple[crypto.Certificate, ...]]
    server_date: datetime | None
    unreadable: tuple[str, ...] = field(default=())  # trust certificates that are no X.509 of today


class CertificateManager:
    """One node's API, over a session that was decided on before (clients/tls.py)."""

    def __init__(  # noqa: PLR0913 - whom, how, who we are; time limits by name
        self,
        endpoint: Endpoint,
        session: requests.Session,
        user: str,
        password: str,
        *,
        read_timeout: float = 45,
        write_timeout: float = 300,
    ) -> None:
        """Take the OS administration account of this node; nothing is sent yet."""
        self._endpoint, self._session = endpoint, session
        self._user, self._password = user, password
        self._read_timeout, self._write_timeout = read_timeout, write_timeout

    def snapshot(self) -> Snapshot:
        """Read all identities, requests and trust stores of this node (cucm.md §1.4)."""
        doing = "reading its certificates"
        answer = self._send("GET", "/snapshot/server", doing, {})
        value = self._value(answer, doing)
        with self._quoting(doing, value):
            server, identities, trusts, unreadable = replies.snapshot(value)
        return Snapshot(server, identities, trusts, _date(answer), unreadable)

    def csr(self, service: str) -> Csr | None:
        """Read the outstanding request of a service, or None (cucm.md §1.2)."""
        doing = f"reading the {service} request"
        try:
            value = self._look("/csr", service, doing)
        except NodeRefused as refusal:
            if refusal.reason is Reason.NO_CSR:
                return None  # how the API says "none" is not known; in these words it surely does
            raise
        with self._quoting(doing, value):
            return replies.csr(value)

    def identity(self, service: str) -> crypto.Certificate | None:
        """Read the installed certificate of a service, or None (cucm.md §1.2)."""
        doing = f"reading the {service} certificate"
        value = self._look("/identity/certificate", service, doing)
        with self._quoting(doing, value):
            return replies.identity(value, service)

    def trust(self, service: str) -> tuple[crypto.Certificate, ...]:
        """Read the trust store of a service, whose name is given without ``-trust`` (cucm.md §1.2)."""
        doing = f"reading {service}-trust"
        value = self._look("/trust/certificate", service, doing)
        with self._quoting(doing, value):
            return replies.trust(value)

    # The three calls below change something. They raise NodeRefused with the reason, LoginRefused, Transient when
    # nothing was done, and Unanswered (or UnknownReply) when it may have been: look before acting again.

    def generate_csr(self, wish: CsrWish) -> Csr:
        """Generate a request, which replaces the one that is there (cucm.md §1.3)."""
        doing = f"generating the {wish.service} request"
        value = self._value(self._send("POST", "/csr", doing, {"json": wish.body()}), doing)
        with self._quoting(doing, value):
            if (made := replies.csr(value)) is not None:
                return made
        answered = f"it answered without a request: {self._quote(json.dumps(value))}"
        raise UnknownReply(f"{self._at(doing)}: {answered}; {refusals.LOOK_FIRST}")

    def upload_trust(self, service: str, certificate: crypto.Certificate, *, description: str) -> None:
        """Put one CA certificate into a trust store, named without ``-trust`` (cucm.md §1.6)."""
        body = {"service": [service], "certificates": [x509.pem(certificate)], "description": description}
        self._upload("/trust/certificates", f"uploading a CA certificate to {service}-trust", body)

    def upload_identity(self, service: str, certificates: Sequence[crypto.Certificate]) -> None:
        """Install a signed certificate: the leaf alone or its chain after it (cucm.md §1.5)."""
        body = {"service": service, "certificates": [x509.pem(certificate) for certificate in certificates]}
        self._upload("/identity/certificates", f"uploading the {service} certificate", body)

    # --- one request and what becomes of its answer

    def _look(self, path: str, service: str, doing: str) -> Any:  # noqa: ANN401 - JSON
        answer = self._send("GET", path, doing, {"params": {"service": service}})
        if answer.status_code == requests.codes.not_found and isinstance(_parsed(answer), dict):
            return None  # the API itself says that there is none; a Tomcat without the API has no JSON to say
        return self._value(answer, doing)

    def _upload(self, path: str, doing: str, body: Mapping[str, object]) -> None:
        answer = self._send("POST", path, doing, {"json": body})
        # The success body is not described (cucm.md §6): the stores are read again instead. But a page is no success.
        if answer.status_code in _DONE and not answer.content.strip():
            return
        self._value(answer, doing)

    def _send(self, method: str, path: str, doing: str, content: Mapping[str, Any]) -> requests.Response:
        acting = method == "POST"
        try:
            return exchange(
                self._session,
                method,
                f"{self._endpoint.origins[0]}{_BASE}{path}",
                doing=self._at(doing),
                timeout=self._write_timeout if acting else self._read_timeout,
                headers={**_JSON, **basic(self._user, self._password)},
                **content,
            )
        except Unanswered as lost:
            raise (Unanswered(f"{lost}; {refusals.LOOK_FIRST}") if acting else lost) from lost.__cause__

    def _value(self, answer: requests.Response, doing: str) -> Any:  # noqa: ANN401 - JSON
        """The one place where an answer becomes a value or an error."""
        value = _parsed(answer)
        if answer.status_code in _DONE and value is not None:
            return value
        text = replies.said(value)
        shown = self._quote(text or answer.text) or "an empty body"
        raise refusals.trouble(answer, self._at(doing), self._user, shown=shown, explained=text is not None)

    def _quoting(self, doing: str, value: Any) -> _Quoting:  # noqa: ANN401 - JSON
        return _Quoting(self._at(doing), self._quote(json.dumps(value)))

    def _quote(self, text: str) -> str:
        return quoted(text, hide=self._password)

    def _at(self, doing: str) -> str:
        return f"{self._endpoint}: {doing}"


class _Quoting:
    """Turns what cannot be read in an answer into an UnknownReply that quotes the answer."""

    def __init__(self, at: str, shown: str) -> None:
        self._at, self._shown = at, shown

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, *_: object) -> None:
        if isinstance(error, BadInput | replies.Unexpected):
            raise UnknownReply(f"{self._at}: {error}; it answered: {self._shown}") from error


def _parsed(answer: requests.Response) -> Any:  # noqa: ANN401 - JSON
    """The JSON of an answer, judged by content; None for a page or nothing."""
    try:
        return json.loads(answer.content)
    except ValueError:
        return None


def _date(answer: requests.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(answer.headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return None
