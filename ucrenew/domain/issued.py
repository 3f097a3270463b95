"""Rules on a certificate that came back from a CA: all findings at once, before anything is uploaded (S15, S17)."""

from __future__ import annotations

from datetime import timedelta

from ucrenew.domain import x509
from ucrenew.domain.facts import IssuedFacts
from ucrenew.domain.finding import Finding, Reason, Severity
from ucrenew.domain.rule import Rule, apply

WEAK_HASHES = frozenset({"md5", "sha1"})
# How far a CA's clock may run before ours without a word.
CLOCK_TOLERANCE = timedelta(minutes=5)


def key_is_ours(facts: IssuedFacts) -> Finding | None:
    """The certificate carries the request's key, else the cluster refuses it (cucm.md §4.8)."""
    if x509.same_key(facts.leaf, facts.csr):
        return None
    return Finding(Reason.OTHER_KEY, "the certificate has another key than our request", "cucm.md §4.8")


def request_is_ours(facts: IssuedFacts) -> Finding | None:
    """Other key and other names: the certificate of another request was fetched (S14)."""
    same_names = x509.names(facts.leaf) == x509.names(facts.csr)
    if x509.same_key(facts.leaf, facts.csr) or same_names or x509.is_ca(facts.leaf):
        return None
    whose = x509.common_name(facts.leaf) or "somebody without a common name"
    sentence = f"key and names are those of another request, for {whose}; fetch the certificate of ours"
    return Finding(Reason.WRONG_REQUEST, sentence, "S14")


def no_name_is_missing(facts: IssuedFacts) -> Finding | None:
    """SAN sets have to be equal (cucm.md §4.8): none left out."""
    missing = sorted(x509.names(facts.csr) - x509.names(facts.leaf))
    if not missing:
        return None
    return Finding(Reason.NAME_MISSING, f"the CA left out {', '.join(missing)}", "cucm.md §4.8")


def no_name_is_extra(facts: IssuedFacts) -> Finding | None:
    """SAN sets have to be equal (cucm.md §4.8): none added; CAs like to add www. or the common name."""
    extra = sorted(x509.names(facts.leaf) - x509.names(facts.csr))
    if not extra:
        return None
    return Finding(Reason.NAME_EXTRA, f"the CA added {', '.join(extra)}; the cluster refuses that", "cucm.md §4.8")


def common_name_is_kept(facts: IssuedFacts) -> Finding | None:
    """The common name is the request's; other parts of the subject may be dropped by the CA (certsrv.md §10)."""
    asked, found = x509.common_name(facts.csr), x509.common_name(facts.leaf)
    if asked.lower() == found.lower():
        return None
    return Finding(Reason.COMMON_NAME, f"the common name is {found or 'empty'}, asked was {asked}", "S18")


def extended_key_usages_are_kept(facts: IssuedFacts) -> Finding | None:
    """What the request asks for is there (cucm.md §4.7).

    Public CAs stop granting client authentication (FN74345): where nothing else is missing a person may accept that
    mutual TLS (LDAP, SIP OAuth and such) can fail later. Without server authentication nobody could log in.
    """
    missing = sorted(x509.extended_key_usages(facts.csr) - x509.extended_key_usages(facts.leaf))
    if not missing:
        return None
    shown = ", ".join(x509.USAGE_NAMES.get(oid, oid) for oid in missing)
    sentence = f"the certificate lacks {shown}, which the request asks for; use a template that grants it"
    severity = Severity.ACCEPT if missing == [x509.CLIENT_AUTHENTICATION] else Severity.REFUSE
    return Finding(Reason.EXTENDED_KEY_USAGE, sentence, "FN74345", severity=severity)


def key_usages_are_kept(facts: IssuedFacts) -> Finding | None:
    """Key usages of the request are there; data encipherment is the one that CAs drop (cucm.md §4.7)."""
    missing = sorted(x509.key_usages(facts.csr) - x509.key_usages(facts.leaf))
    if not missing:
        return None
    shown = ", ".join(name.replace("_", " ") for name in missing)
    sentence = f"the certificate lacks the key usage {shown}"
    return Finding(Reason.KEY_USAGE, sentence, "cucm.md §4.7", severity=Severity.WARN)


def has_begun(facts: IssuedFacts) -> Finding | None:
    """Valid already."""
    begins = facts.leaf.not_valid_before_utc
    if begins <= facts.at + CLOCK_TOLERANCE:
        return None
    return Finding(Reason.NOT_YET_VALID, f"the certificate is valid only from {begins:%Y-%m-%d %H:%M} UTC", "S18")


def has_not_ended(facts: IssuedFacts) -> Finding | None:
    """Valid still (cucm.md §4.8)."""
    ends = facts.leaf.not_valid_after_utc
    if facts.at < ends:
        return None
    return Finding(Reason.EXPIRED, f"the certificate ended on {ends:%Y-%m-%d %H:%M} UTC", "S18")


def is_a_leaf(facts: IssuedFacts) -> Finding | None:
    """No CA certificate in the place of the leaf."""
    if not x509.is_ca(facts.leaf):
        return None
    return Finding(Reason.CA_CERTIFICATE, "this is a CA certificate, not the cluster's certificate", "S17")


def signature_is_strong(facts: IssuedFacts) -> Finding | None:
    """Signed with a hash that phones and browsers still accept."""
    found = facts.leaf.signature_hash_algorithm
    if found is None or found.name not in WEAK_HASHES:
        return None
    return Finding(Reason.WEAK_SIGNATURE, f"the certificate is signed with {found.name}", "S6")


def chain_reaches_a_root(facts: IssuedFacts) -> Finding | None:
    """Every issuer up to a root is at hand, by signature and not by name (S15)."""
    if x509.is_whole(facts.chain):
        return None
    last = facts.chain[0] if facts.chain else facts.leaf
    sentence = (
        f"no certificate at hand signed {last.subject.rfc4514_string()}; add its issuer to the chain file:"
        f" {x509.issuer_in_words(last)}"
    )
    return Finding(Reason.CHAIN_INCOMPLETE, sentence, "S15")


def issuer_is_no_namesake(facts: IssuedFacts) -> Finding | None:
    """A CA that was renewed has the same name and another key: it signed nothing of what the old one did (S15)."""
    if chain_reaches_a_root(facts) is None:
        return None
    last = facts.chain[0] if facts.chain else facts.leaf
    known = (*facts.at_hand, *facts.trusted_roots)
    namesakes = [ca for ca in known if ca.subject == last.issuer and not x509.issued_by(last, ca)]
    if not namesakes:
        return None
    serials = ", ".join(dict.fromkeys(f"{ca.serial_number:x}" for ca in namesakes))
    sentence = (
        f"{last.issuer.rfc4514_string()} at hand (serial {serials}) has the issuer's name and another key: the CA was"
        f" renewed; get the certificate of the key that signed {x509.common_name(last) or 'it'}"
    )
    return Finding(Reason.CHAIN_NAMESAKE, sentence, "S15")


def chain_is_valid(facts: IssuedFacts) -> Finding | None:
    """The path validates now (RFC 5280)."""
    if chain_reaches_a_root(facts) is not None:
        return None
    trouble = x509.validation_trouble(facts.leaf, facts.chain, at=max(facts.at, facts.leaf.not_valid_before_utc))
    if trouble is None:
        return None
    return Finding(Reason.CHAIN_INVALID, f"the chain does not validate: {trouble}", "S15")


def root_is_expected(facts: IssuedFacts) -> Finding | None:
    """When the profile names its roots, the chain ends in one of them, byte for byte."""
    if not facts.trusted_roots or chain_reaches_a_root(facts) is not None or facts.chain[0] in facts.trusted_roots:
        return None
    sentence = f"the chain ends in {facts.chain[0].subject.rfc4514_string()}, which is not in the profile's chain file"
    return Finding(Reason.CHAIN_UNEXPECTED_ROOT, sentence, "S15")


ISSUED: tuple[Rule[IssuedFacts], ...] = (
    is_a_leaf,
    key_is_ours,
    request_is_ours,
    no_name_is_missing,
    no_name_is_extra,
    common_name_is_kept,
    extended_key_usages_are_kept,
    key_usages_are_kept,
    has_begun,
    has_not_ended,
    signature_is_strong,
    chain_reaches_a_root,
    issuer_is_no_namesake,
    chain_is_valid,
    root_is_expected,
)


def check_issued(facts: IssuedFacts) -> tuple[Finding, ...]:
    """Everything that is wrong with the certificate, in one go."""
    return apply(ISSUED, facts)
