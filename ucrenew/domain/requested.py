"""Rules on the request as it was read back, before any CA sees it (S8, S29): all findings at once."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature

from ucrenew.domain import x509
from ucrenew.domain.facts import CsrFacts
from ucrenew.domain.finding import Finding, Reason, Severity
from ucrenew.domain.rule import Rule


def csr_signature_holds(facts: CsrFacts) -> Finding | None:
    """The request is signed by its own key (RFC 2986 §4.2)."""
    try:
        if facts.csr.is_signature_valid:
            return None
    except InvalidSignature:
        pass
    return Finding(Reason.CSR_SIGNATURE, "the request's own signature does not verify", "S8")


def csr_names_everyone(facts: CsrFacts) -> Finding | None:
    """Every node and every further name is in the SAN (S8)."""
    missing = sorted(set(facts.plan.names) - x509.names(facts.csr))
    if not missing:
        return None
    return Finding(Reason.CSR_NAME_MISSING, f"the request does not name {', '.join(missing)}", "S8")


def csr_names_nobody_else(facts: CsrFacts) -> Finding | None:
    """Beside them only the common name and the parent domain may stand there (S8)."""
    allowed = {*facts.plan.names, *facts.plan.optional_names}
    unexpected = sorted(x509.names(facts.csr) - allowed)
    if not unexpected:
        return None
    return Finding(
        Reason.CSR_NAME_UNEXPECTED, f"the request names {', '.join(unexpected)}, which nobody asked for", "S8"
    )


def csr_common_name_is_ours(facts: CsrFacts) -> Finding | None:
    """The common name is the plan's (S8); compared without case, as names are."""
    found = x509.common_name(facts.csr)
    if found.lower() == facts.plan.common_name.lower():
        return None
    sentence = f"the request's common name is {found or 'empty'}, the plan says {facts.plan.common_name}"
    return Finding(Reason.CSR_COMMON_NAME, sentence, "S8")


def csr_repeats_common_name(facts: CsrFacts) -> Finding | None:
    """A common name that is not in the SAN counts for nothing in browsers (S29, CSCus47235)."""
    found = x509.common_name(facts.csr).lower()
    if found in x509.names(facts.csr):
        return None
    sentence = f"the common name {found} is not in the SAN of the request; browsers will not accept it as a name"
    return Finding(Reason.CSR_COMMON_NAME_NOT_IN_SAN, sentence, "S29", severity=Severity.WARN)


def csr_key_is_as_planned(facts: CsrFacts) -> Finding | None:
    """Type and length of the key (S6)."""
    kind, length = x509.key_kind(facts.csr)
    if (kind, length) == (facts.plan.key_type, facts.plan.key_length):
        return None
    sentence = f"the request's key is {kind} {length}, the plan says {facts.plan.key_type} {facts.plan.key_length}"
    return Finding(Reason.CSR_KEY, sentence, "S6")


def csr_hash_is_as_planned(facts: CsrFacts) -> Finding | None:
    """Hash algorithm of the request's signature (S6)."""
    found = facts.csr.signature_hash_algorithm
    name = found.name if found else "none"
    if name == facts.plan.hash_algorithm:
        return None
    return Finding(
        Reason.CSR_HASH, f"the request is signed with {name}, the plan says {facts.plan.hash_algorithm}", "S6"
    )


def csr_unit_is_as_planned(facts: CsrFacts) -> Finding | None:
    """An OU stands in the request when, and only when, it was asked for (cucm.md §1.3); harmless, so a warning."""
    found = x509.has_organizational_unit(facts.csr)
    if found is facts.plan.include_ou:
        return None
    sentence = "the request has an OU that was not asked for" if found else "the request lacks the OU asked for"
    return Finding(Reason.CSR_ORGANIZATIONAL_UNIT, sentence, "cucm.md §1.3", severity=Severity.WARN)


CSR: tuple[Rule[CsrFacts], ...] = (
    csr_signature_holds,
    csr_names_everyone,
    csr_names_nobody_else,
    csr_common_name_is_ours,
    csr_repeats_common_name,
    csr_key_is_as_planned,
    csr_hash_is_as_planned,
    csr_unit_is_as_planned,
)
