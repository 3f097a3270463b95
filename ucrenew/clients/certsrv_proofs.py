"""How an account is proved to IIS by NTLM or Kerberos: bound to the TLS connection (certsrv.md §7).

1. A proof of the password is presented once a call. Whatever comes back to it is the call's answer.
2. The first leg of a login is a GET without a body. What is asked for leaves once, with the proof, on the connection
   of the first leg: so no form can reach the CA twice, and a challenge that fails leaves nothing behind.
3. A proof is bound to the certificate of that very connection (RFC 5929, tls-server-end-point), never sent unbound.
"""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, Protocol

import requests
import spnego
from cryptography import x509 as crypto
from cryptography.hazmat.primitives import hashes
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

from ucrenew.clients.sessions import offered_schemes, peer_certificate
from ucrenew.domain.logon import Logon, not_offered
from ucrenew.errors import BadInput, LoginRefused, Refused, Transient, UnknownReply

# At DEBUG they write down their messages, out of which a weak password can be guessed at leisure; and requests-gssapi
# logs a stack trace for what we say in a sentence.
logging.getLogger("spnego").setLevel(logging.WARNING)
logging.getLogger("requests_gssapi").setLevel(logging.CRITICAL)

_CHALLENGE = re.compile(r"(?:^|,)\s*NTLM\s+([A-Za-z0-9+/]+=*)\s*(?:,|$)", re.IGNORECASE)
_NT_RESPONSE_LENGTH = slice(20, 22)  # of the last message ([MS-NLMP] 2.2.1.3)
_NTLM_V1_RESPONSE = 24  # octets; NTLMv2's is longer
_WEAK = frozenset({"md5", "sha1"})


class Proof(Protocol):
    """One login: made for one call, and used once."""

    def opening(self) -> Mapping[str, str]:
        """The headers of the first leg."""

    def answer(self, challenge: requests.Response, doing: str) -> Mapping[str, str]:
        """The headers that answer a 401, while its connection lives. Raises Refused where it is no challenge."""


def proof_of(logon: Logon, user: str, password: str, host: str) -> Proof:
    """Begin a login. Raises BadInput for an account, a host or an environment that it cannot be done with."""
    return Kerberos(user, password, host) if logon is Logon.KERBEROS else Ntlm(user, password)


class Ntlm:
    """NTLMv2 by pyspnego's own code, whatever the system has: three messages, the last one bound (§7, EPA)."""

    def __init__(self, user: str, password: str) -> None:
        """Begin; raises BadInput when the environment has pyspnego use something else than NTLMv2."""
        try:
            self._context = spnego.client(
                spnego.Password(user, password),
                protocol="ntlm",
                options=spnego.NegotiateOptions.use_ntlm,
            )
            self._first = self._context.step() or b""
        except (SpnegoError, ValueError) as error:
            raise BadInput(f"NTLM cannot begin; is LM_COMPAT_LEVEL set in the environment? {error}") from error

    def opening(self) -> Mapping[str, str]:
        """The first message names nobody."""
        return _header("NTLM", self._first)

    def answer(self, challenge: requests.Response, doing: str) -> Mapping[str, str]:
        """The last message. Raises Refused where no challenge came, UnknownReply for one that cannot be read."""
        found = _CHALLENGE.search(challenge.headers.get("WWW-Authenticate", ""))
        if found is None:
            raise _no_challenge(challenge, doing, Logon.NTLM)
        bound = GssChannelBindings(application_data=_binding(challenge, doing))
        try:
            proof = self._context.step(base64.b64decode(found[1]), channel_bindings=bound) or b""
        except (SpnegoError, ValueError) as error:
            raise UnknownReply(f"{doing}: its NTLM challenge cannot be read: {error}") from error
        if int.from_bytes(proof[_NT_RESPONSE_LENGTH], "little") <= _NTLM_V1_RESPONSE:
            raise BadInput(f"{doing}: LM_COMPAT_LEVEL in the environment asks for NTLMv1, which is not sent: unset it")
        return _header("NTLM", proof)


class Kerberos:
    """A ticket for HTTP/<host>, got with the account's own password (§7); requests-gssapi is imported only here."""

    def __init__(self, user: str, password: str, host: str) -> None:
        """Check what a ticket needs: the name of the host, ``user@domain``, the library. Raises BadInput."""
        if _is_address(host):
            raise BadInput(f"Kerberos needs the CA's host name in the profile's url, and {host} is an address")
        name, at, realm = user.rpartition("@")
        if not at or "\\" in user:
            raise BadInput(f"Kerberos needs the CA's account as user@domain, and the profile has {user}")
        self._principal, self._password, self._host = f"{name}@{realm.upper()}", password, host
        self._library = _requests_gssapi()

    def opening(self) -> Mapping[str, str]:
        """Nothing: a bare request, whose 401 tells whether Negotiate is offered."""
        return {}

    def answer(self, challenge: requests.Response, doing: str) -> Mapping[str, str]:
        """The ticket. Raises Refused where it is not offered or none can be had, LoginRefused, Transient."""
        if not Logon.KERBEROS.is_among(offered_schemes(challenge)):
            raise _no_challenge(challenge, doing, Logon.KERBEROS)
        _binding(challenge, doing)  # requests-gssapi makes its own, and fails less plainly where there is none
        auth = self._library.HTTPSPNEGOAuth(
            creds=self._credentials(doing),
            channel_bindings="tls-server-end-point",
            mutual_authentication=self._library.DISABLED,  # the server was proved by TLS, and the ticket is bound to it
        )
        try:
            return {"Authorization": auth.generate_request_header(challenge, self._host)}
        except self._library.exceptions.SPNEGOExchangeError as error:
            raise Refused(f"{doing}: no ticket for HTTP/{self._host}: {error}; see that this SPN exists") from error

    def _credentials(self, doing: str) -> Any:  # noqa: ANN401 - the library has no types
        import gssapi  # noqa: PLC0415 - there only with the extra

        name = gssapi.Name(self._principal, gssapi.NameType.user)
        try:
            # For SPNEGO, which Negotiate is: what is got for Kerberos alone is of no use in it.
            got = gssapi.raw.acquire_cred_with_password(
                name, self._password.encode(), mechs=[self._library.SPNEGO], usage="initiate"
            )
        except gssapi.exceptions.GSSError as error:
            said = f"{doing}: the KDC gave no ticket to {self._principal}: {' '.join(error.gen_message().split())}"
            if _KDC_AWAY.search(said):
                raise Transient(f"{said}; see the worker's krb5.conf, and that it reaches the domain") from error
            raise LoginRefused(f"{said}; it is not tried again") from error
        return gssapi.Credentials(base=got.creds)


# By the words of libkrb5, because through SPNEGO its codes are others in every process. Nobody was asked then, so no
# password was refused; whatever is not known here counts as refused, and is not tried again.
_KDC_AWAY = re.compile("Cannot (?:contact any KDC|find KDC|resolve network address for KDC)")


def _requests_gssapi() -> Any:  # noqa: ANN401 - it has no types
    try:
        import requests_gssapi  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise BadInput(
            "the profile asks for Kerberos (logon in [ca]), and its library cannot be imported here"
            f" ({error}): pip install 'ucrenew[kerberos]', with the system's Kerberos development files"
        ) from error
    return requests_gssapi


def _header(scheme: str, message: bytes) -> Mapping[str, str]:
    return {"Authorization": f"{scheme} {base64.b64encode(message).decode()}"}


def _binding(challenge: requests.Response, doing: str) -> bytes:
    """What a proof is bound to: the hash of the server's certificate by its signature's hash (RFC 5929 §4.1)."""
    certificate = peer_certificate(challenge)
    if certificate is None:
        raise Transient(f"{doing}: it closes the connection in the middle of the login; does a proxy stand before it?")
    parsed = crypto.load_der_x509_certificate(certificate)
    own = parsed.signature_hash_algorithm
    used = hashes.SHA256() if own is None or own.name in _WEAK else own
    return b"tls-server-end-point:" + parsed.fingerprint(used)


def _no_challenge(answer: requests.Response, doing: str, logon: Logon) -> Refused:
    return Refused(f"{doing}: {not_offered(logon, offered_schemes(answer))}")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
