"""Whether an answer counts where a site wants to know who gave it (docs/adr/0008-signed-answers.md).

1. Where the profile demands a signature at a gate, a yes counts only with one that holds, over exactly this answer.
2. Elsewhere a signature is not needed; one that is given has to hold all the same.
3. A no never needs one: stopping is safe, and whoever sees a reason to stop may have no key at hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasks.sites import profile_of
from ucrenew.clients.ssh_keygen import Signer, signer_of
from ucrenew.domain.gate import Gate
from ucrenew.domain.statement import SIGNATURE, mismatch, parted, statement_of
from ucrenew.errors import Trouble, Untrusted
from ucrenew.record import Renewal


def demands_signature(cluster: str, gate: Gate) -> bool:
    """Whether a yes at this gate has to be signed."""
    return gate in profile_of(cluster).signed.gates


def may_be_signed(cluster: str) -> bool:
    """Whether somebody may sign here."""
    return profile_of(cluster).signed.allowed_signers is not None


def signer_of_answer(renewal: Renewal, question: str, value: Mapping[str, Any]) -> Signer | None:
    """Who signed an answer with the question's facts; None for nobody. Raises Untrusted with why it does not count."""
    profile, field = profile_of(renewal.cluster), value.get(SIGNATURE) or ""
    if profile.signed.allowed_signers is None:
        return None
    if not field:
        if value["decision"] != "deny" and value["gate"] in profile.signed.gates:
            raise Untrusted("the profile demands a signed answer here, and it is not signed")
        return None
    try:
        return _verified(renewal, question, value, profile.text_of(profile.signed.allowed_signers))
    except Trouble:
        if value["decision"] == "deny":
            return None
        raise


def _verified(renewal: Renewal, question: str, value: Mapping[str, Any], allowed: str) -> Signer:
    text, signature = parted(str(value[SIGNATURE]))
    if not signature:
        raise Untrusted("what stands in the field 'signature' is none: python -m deployments.answer makes one")
    signer = signer_of(text, signature, str(value["name"]), allowed=allowed)
    wanted = statement_of(renewal.cluster, renewal.purpose, renewal.number, question, value)
    if wrong := mismatch(text, wanted):
        raise Untrusted(wrong)
    return signer


def why_not(renewal: Renewal, question: str, value: Mapping[str, Any]) -> str:
    """Why a yes does not count, empty when it does."""
    try:
        signer_of_answer(renewal, question, value)
    except Untrusted as refused:
        return str(refused)
    return ""
