"""HTTP over one verified TLS connection: what every client of an HTTPS service stands on.

1. A session is bound to one origin. Any other address has no adapter, so nothing can be sent there, not even by a
   redirect; redirects are not followed at all.
2. Only the context that was decided on verifies. Environment, proxies, netrc, certifi and ``session.verify`` have no
   say, and a certificate is always required.
3. A request is sent once, on a connection of its own: a kept connection that the other side dropped meanwhile could
   not be told from a request that was lost. Only the two legs of a login share one, and it is never opened anew.
4. What breaks before the end of the TLS handshake broke before the request left, and is told from what breaks later.
5. A refused login is known by its status line: no page that is cut off turns it into a lost answer, to be tried again.
"""

from __future__ import annotations

import base64
import io
import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import IncompleteRead
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPSConnectionPool
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from ucrenew.errors import Transient, Trouble, Untrusted

CONNECT_TIMEOUT = 15.0
QUOTED = 300  # characters of a reply that a message shows


class Unanswered(Transient):
    """The request left, or may have left, and no whole answer came back."""


class OneOrigin(requests.Session):
    """A session for one origin, which follows no redirect and reads nothing from the environment."""

    def __init__(self, origins: tuple[str, ...], adapter: HTTPAdapter) -> None:
        """Bind to every spelling of the origin."""
        super().__init__()
        self.trust_env = False
        self.adapters.clear()
        for origin in origins:
            self.mount(f"{origin}/", adapter)

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - requests' signature
        """Never anywhere: credentials stay where they were sent."""
        return None


class _Connection(HTTPSConnection):
    """Says of whatever breaks up to the end of the handshake that no connection came about (rule 4)."""

    _opened = False

    def connect(self) -> None:
        """Connect and shake hands, as the base class does; urllib3 itself names a reset alike before and after."""
        if self._opened:  # rule 3: a login that was begun on one connection is worth nothing on another
            raise NewConnectionError(self, "it closed the connection in the middle of the login")
        self._opened = True
        try:
            super().connect()
        except ssl.SSLCertVerificationError:
            raise
        except OSError as error:
            raise NewConnectionError(self, f"the TLS handshake broke: {error}") from error


class _Pool(HTTPSConnectionPool):
    ConnectionCls = _Connection


class BoundAdapter(HTTPAdapter):
    """Connects to one address under one name with one TLS context, whatever else is asked for."""

    def __init__(
        self,
        *,
        name: str,
        address: str,
        host_header: str,
        context: ssl.SSLContext,
        exact: str | None,
    ) -> None:
        """Bind; ``exact`` is the SHA-256 of the only certificate accepted, in place of a host name check."""
        self._name, self._address, self._host_header = name, address, host_header
        self._context, self._exact = context, exact
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - requests' signature
        """Have connections made by our class."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"https": _Pool}

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:  # noqa: ANN401
        """Send with our own verification and without a proxy."""
        options.update(verify=True, cert=None, proxies=None)
        return super().send(request, *args, **options)

    def build_connection_pool_key_attributes(
        self,
        request: requests.PreparedRequest,
        verify: Any,  # noqa: ANN401
        cert: Any = None,  # noqa: ANN401
    ) -> tuple[Any, Any]:
        """Say where to connect and what verifies (requests >= 2.32)."""
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        tls = {
            "ssl_context": self._context,
            "cert_reqs": "CERT_REQUIRED",
            "server_hostname": self._name,
            # None leaves the host name to the context, which checks it during the handshake.
            "assert_hostname": None if self._exact is None else False,
            "assert_fingerprint": self._exact,
        }
        return {**host, "host": self._address}, tls

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:  # noqa: ANN401
        """Nothing to add: the base class would load certifi into the connection."""

    def add_headers(self, request: requests.PreparedRequest, **options: Any) -> None:  # noqa: ANN401, ARG002
        """Name the origin, not the address that it is reached at."""
        request.headers["Host"] = self._host_header


def exchange(
    session: requests.Session,
    method: str,
    url: str,
    *,
    doing: str,
    timeout: float,
    **content: Any,  # noqa: ANN401 - requests' own keywords: params, data, json, headers
) -> requests.Response:
    """Send one request once, on a connection of its own, and return whatever was answered.

    Raises Transient when it could not be sent, Unanswered when it may have been sent, Untrusted when the other side
    is not the one that was decided on.
    """
    try:
        return send(session, method, url, doing=doing, timeout=timeout, **content)
    finally:
        session.close()  # drops kept connections only; the next request opens its own (rule 3)


def send(
    session: requests.Session,
    method: str,
    url: str,
    *,
    doing: str,
    timeout: float,
    **content: Any,  # noqa: ANN401 - requests' own keywords
) -> requests.Response:
    """Send one request once, on the connection that ``challenged`` kept where there is one; the caller closes.

    Raises as ``exchange`` does.
    """
    with _naming(doing):
        return session.request(
            method,
            url,
            timeout=(CONNECT_TIMEOUT, timeout),
            allow_redirects=False,
            hooks={"response": _unread_where_refused},
            **content,
        )


def challenged(  # noqa: PLR0913 - each by its name
    session: requests.Session,
    url: str,
    *,
    doing: str,
    timeout: float,
    headers: Mapping[str, str],
    answer: Callable[[requests.Response], Mapping[str, str]],
) -> Mapping[str, str]:
    """Begin a login with a request that has no body; return the headers with which ``answer`` answers the challenge.

    ``answer`` sees the reply while its connection lives. The connection is kept for ``send``; the caller closes.
    Raises Transient when no whole challenge came: nothing was asked for yet, and no password was proved.
    """
    try:
        with _naming(doing):
            waits = (CONNECT_TIMEOUT, timeout)
            with session.get(url, headers={**headers}, timeout=waits, allow_redirects=False, stream=True) as reply:
                answered = answer(reply)
                _ = reply.content  # as long as it is not read the connection is not free for the next request
    except Unanswered as error:
        raise Transient(f"{error}; it was no more than the beginning of a login") from error
    return answered


def peer_certificate(reply: requests.Response) -> bytes | None:
    """The DER of the certificate at the other end of a reply's connection; None when that was closed already."""
    connection = getattr(reply.raw, "connection", None)
    sock = getattr(connection, "sock", None)
    return sock.getpeercert(binary_form=True) if isinstance(sock, ssl.SSLSocket) else None


def basic(user: str, password: str) -> Mapping[str, str]:
    """The header of RFC 7617 in UTF-8; built here because requests writes Latin-1 and fails on other letters."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def offered_schemes(answer: requests.Response) -> tuple[str, ...]:
    """Name the schemes of all WWW-Authenticate lines (RFC 9110 §11.6.1), which requests joins with commas."""
    unquoted = re.sub(r'"[^"]*"', '""', answer.headers.get("WWW-Authenticate", ""))
    first_words = (part.split()[0] for part in unquoted.split(",") if part.strip())
    return tuple(word for word in first_words if "=" not in word)  # a parameter is no scheme


def quoted(text: str, *, hide: str = "") -> str:
    """A reply as one short line for a message, without the password should it be echoed."""
    line = " ".join((text.replace(hide, "***") if hide else text).split())
    return line if len(line) <= QUOTED else line[:QUOTED] + "..."


@contextmanager
def _naming(doing: str) -> Iterator[None]:
    try:
        yield
    except requests.RequestException as error:
        raise _named(error, doing) from error


def _unread_where_refused(answer: requests.Response, **_: object) -> None:
    if answer.status_code == requests.codes.unauthorized:
        answer.raw.close()
        answer.raw = io.BytesIO()  # rule 5: requests reads the body after this


def _named(error: requests.RequestException, doing: str) -> Trouble:
    causes = list(_causes(error))
    if isinstance(error, requests.exceptions.InvalidSchema):
        return Untrusted(f"{doing}: nothing was sent, because this session is bound to another address")
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Untrusted(f"{doing}: nothing was sent, because its certificate does not verify: {_why(cause)}")
        if "Fingerprints did not match" in str(cause):
            return Untrusted(f"{doing}: nothing was sent, because its certificate is not the one decided on any more")
    if any(isinstance(cause, NewConnectionError | ConnectTimeoutError) for cause in causes):
        return Transient(f"{doing}: no connection: {_innermost(causes)}")
    return Unanswered(f"{doing}: no answer: {_innermost(causes)}")


def _why(error: ssl.SSLCertVerificationError) -> str:
    return error.verify_message or str(error)


def _innermost(causes: list[BaseException]) -> str:
    last = causes[-1]
    if isinstance(last, IncompleteRead):
        return "it broke off in the middle"
    return quoted(getattr(last, "strerror", None) or str(last) or type(last).__name__)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it wraps: urllib3 keeps its cause in ``reason``, requests in ``args``."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        wrapped = (getattr(current, "reason", None), *current.args, current.__cause__)
        current = next((inner for inner in wrapped if isinstance(inner, BaseException)), None)
