"""The Negotiate scheme where there is no Kerberos: NTLM inside, as it is or wrapped in SPNEGO (RFC 4178).

A real server joined to a domain takes Kerberos too; the simulator has no KDC, so a Kerberos token is refused, and a
client that offers NTLM as well is asked for that.
"""

from __future__ import annotations

import hmac

from spnego._spnego import NegState, NegTokenInit, NegTokenResp, pack_mech_type_list, unpack_token

from ucrenew.simulator import ntlm

_NTLM = "1.3.6.1.4.1.311.2.2.10"


class Unacceptable(ValueError):
    """Nothing in the token can be used for a logon here."""


class Negotiation:
    """One logon under Negotiate, on one connection."""

    def __init__(self, domain: ntlm.Domain) -> None:  # noqa: D107 - the class says it
        self._exchange = ntlm.Exchange(domain)
        self._mechanisms: list[str] = []
        self._signed = b""
        self._ask_for_signature = False

    def take(self, token: bytes) -> bytes | ntlm.Presented:
        """The next token of ours, or what is presented; raises ValueError or struct.error."""
        if token.startswith(ntlm.SIGNATURE):
            self._mechanisms = []
            return self._exchange.take(token)
        message = unpack_token(token)
        if isinstance(message, NegTokenInit):
            return self._begin(message)
        if not isinstance(message, NegTokenResp) or not message.response_token or not self._mechanisms:
            raise Unacceptable("this is neither SPNEGO nor NTLM")
        self._signed = message.mech_list_mic or b""
        return self._wrapped(message.response_token, NegState.accept_incomplete)

    def closing(self, presented: ntlm.Presented, key: bytes) -> bytes | None:
        """The last token, for the answer that lets them in; None when the list of mechanisms was tampered with."""
        if not self._mechanisms:
            return b""
        offered = pack_mech_type_list(self._mechanisms)
        if self._signed and not hmac.compare_digest(self._signed, presented.signature(key, "initiate", offered)):
            return None
        ours = presented.signature(key, "accept", offered) if self._signed or self._ask_for_signature else None
        return NegTokenResp(neg_state=NegState.accept_complete, mech_list_mic=ours).pack()

    def _begin(self, message: NegTokenInit) -> bytes | ntlm.Presented:
        if _NTLM not in message.mech_types:
            raise Unacceptable("the only mechanism that both sides know would be NTLM")
        self._mechanisms = message.mech_types
        if message.mech_types[0] == _NTLM and message.mech_token:
            return self._wrapped(message.mech_token, NegState.accept_incomplete, _NTLM)
        # The token is one of a mechanism that we do not have: the choice of another one has to be signed (§4.2.2).
        self._ask_for_signature = True
        return NegTokenResp(neg_state=NegState.request_mic, supported_mech=_NTLM).pack()

    def _wrapped(self, token: bytes, state: NegState, mechanism: str | None = None) -> bytes | ntlm.Presented:
        answer = self._exchange.take(token)
        if isinstance(answer, ntlm.Presented):
            return answer
        return NegTokenResp(neg_state=state, supported_mech=mechanism, response_token=answer).pack()
