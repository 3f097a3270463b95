"""The acceptor's half of NTLM: a challenge, and what is presented in answer to it ([MS-NLMP]; certsrv.md §7).

Message formats and ciphers, MD4 among them, are pyspnego's. Its own acceptor is not used: it reads passwords from a
file that an environment variable of the whole process names, and it announces the machine where IIS announces the
domain, out of which go-ntlmssp makes the name that it logs on with.

Rule 1: passwords stay in memory; a `Presented` is asked about one.
Rule 2: only NTLMv2 is accepted ([I] a domain that refuses NTLMv1; channel binding rules it out anyway, §7).
"""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass

from spnego._ntlm_raw import crypto
from spnego._ntlm_raw.messages import (
    Authenticate,
    AvFlags,
    AvId,
    Challenge,
    FileTime,
    Negotiate,
    NegotiateFlags,
    NTClientChallengeV2,
    NTLMMessage,
    TargetInfo,
    Version,
)
from spnego._ntlm_raw.security import sign

SIGNATURE = b"NTLMSSP\x00"
_PROOF = 16
_V1 = 24
_ABSENT = b"\x00" * 16


@dataclass(frozen=True)
class Domain:
    """Whom a challenge speaks for: the domain's two names, the web server's two names."""

    netbios: str
    dns: str
    host: str

    def described(self) -> TargetInfo:
        """The target information of a member of the domain."""
        told = TargetInfo()
        told[AvId.nb_domain_name] = self.netbios
        told[AvId.nb_computer_name] = self.host.partition(".")[0].upper()
        told[AvId.dns_domain_name] = self.dns
        told[AvId.dns_computer_name] = self.host
        told[AvId.dns_tree_name] = self.dns
        told[AvId.timestamp] = FileTime.now()
        return told


class Exchange:
    """One NTLM logon, on one connection: the challenge first, then what came in answer."""

    def __init__(self, domain: Domain) -> None:  # noqa: D107 - the class says it
        self._domain = domain
        self._nonce = b""
        self._sent = b""

    def take(self, token: bytes) -> bytes | Presented:
        """A challenge for a first token, what is presented by an answer to it; raises ValueError or struct.error."""
        message = NTLMMessage.unpack(token)
        if isinstance(message, Authenticate) and self._nonce:
            return self._presented(message)
        if not isinstance(message, Negotiate):
            raise ValueError("an answer without a challenge")  # noqa: TRY004 - a value from the wire
        challenge = self._challenge(message.flags).pack()
        self._sent = token + challenge
        return challenge

    def _challenge(self, asked: int) -> Challenge:
        flags = asked | NegotiateFlags.request_target | NegotiateFlags.ntlm | NegotiateFlags.always_sign
        flags |= NegotiateFlags.target_info | NegotiateFlags.target_type_domain | NegotiateFlags.version
        if flags & NegotiateFlags.unicode:
            flags &= ~NegotiateFlags.oem
        if flags & NegotiateFlags.extended_session_security:
            flags &= ~NegotiateFlags.lm_key
        self._nonce = os.urandom(8)
        # Clients take their domain from the target name, whatever was typed (go-ntlmssp, §7).
        return Challenge(flags, self._nonce, self._domain.netbios, self._domain.described(), Version(10, 0, 20348))

    def _presented(self, message: Authenticate) -> Presented:
        response = message.nt_challenge_response or b""
        proof, blob = response[:_PROOF], response[_PROOF:]
        told = NTClientChallengeV2.unpack(blob).av_pairs if len(response) > _V1 else TargetInfo()
        mic = (message.mic or b"") if told.get(AvId.flags, 0) & AvFlags.mic else None
        if mic:
            message.mic = _ABSENT  # it was made over a message that had none yet
        bindings = told.get(AvId.channel_bindings, _ABSENT)
        return Presented(
            user=message.user_name or "",
            domain=message.domain_name or "",
            bindings=b"" if bindings == _ABSENT else bindings,
            flags=message.flags,
            proof=proof if told else b"",
            proven=self._nonce + blob,
            sealed_key=message.encrypted_random_session_key or b"",
            messages=self._sent + message.pack(),
            mic=mic,
        )


@dataclass(frozen=True)
class Presented:
    """What a client presents: a name, the MD5 of its channel bindings or nothing, and a proof of the password."""

    user: str
    domain: str
    bindings: bytes
    flags: int
    proof: bytes
    proven: bytes
    sealed_key: bytes
    messages: bytes
    mic: bytes | None

    @property
    def name(self) -> str:
        """The name in the form in which people type it."""
        return f"{self.domain}\\{self.user}" if self.domain else self.user

    def key(self, password: str) -> bytes | None:
        """The session's key, if the proof was made with this password and nothing was changed on the way."""
        secret = crypto.ntowfv2(self.user, crypto.ntowfv1(password), self.domain)
        if not hmac.compare_digest(self.proof, crypto.hmac_md5(secret, self.proven)):
            return None
        key = crypto.hmac_md5(secret, self.proof)
        if self.flags & NegotiateFlags.key_exch and self.flags & (NegotiateFlags.sign | NegotiateFlags.seal):
            key = crypto.rc4k(key, self.sealed_key)
        if self.mic is not None and not hmac.compare_digest(self.mic, crypto.hmac_md5(key, self.messages)):
            return None
        return key

    def signature(self, key: bytes, side: str, text: bytes) -> bytes:
        """What ``initiate`` or ``accept`` signs ``text`` with, as the first message after the logon."""
        handle = crypto.rc4init(crypto.sealkey(self.flags, key, side))
        return sign(self.flags, handle, crypto.signkey(self.flags, key, side), 0, text)
