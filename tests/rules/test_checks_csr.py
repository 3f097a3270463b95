"""The request as it was read back, compared with the plan before any CA sees it."""

import ipaddress

import pytest
from cryptography import x509 as crypto
from cryptography.hazmat.primitives import hashes

from ucrenew.domain import checks
from ucrenew.domain.facts import CsrFacts
from ucrenew.domain.finding import Reason, Severity, refusals

from .builder import COMMON_NAME, DOMAIN, NAMES, NODES, PRESENCE, SUBSCRIBER, bare_request, damaged, ec_key, request
from .lab import csr_facts, plan_of, reasons


@pytest.fixture
def plan(tmp_path):
    return plan_of(tmp_path)


def found_in(plan, **defects):
    return checks.apply(checks.CSR, csr_facts(plan, **defects))


def test_correct_request_passes(plan):
    """A request with every node, the common name and the parent domain gives no finding (S8)."""
    assert () == found_in(plan)


def test_names_without_case_or_order(plan):
    """Names are compared as a set and without case (S8)."""
    shuffled = tuple(name.upper() for name in reversed(NAMES))

    assert () == found_in(plan, names=shuffled, common_name=COMMON_NAME.upper())


def test_parent_domain_may_be_absent(plan):
    """The parent domain may stand in the request and need not (S8)."""
    assert () == found_in(plan, names=(*NODES, COMMON_NAME))


@pytest.mark.parametrize("missing", NODES)
def test_node_missing(plan, missing):
    """A request that lacks a node's name is refused before it reaches the CA (S8)."""
    found = found_in(plan, names=tuple(name for name in NAMES if name != missing))

    assert [Reason.CSR_NAME_MISSING] == reasons(found)
    assert missing in found[0].sentence
    assert found == refusals(found)


def test_all_missing_names_at_once(plan):
    """One finding names all that are missing (S8)."""
    (found,) = found_in(plan, names=(NODES[0], COMMON_NAME))

    assert f"{SUBSCRIBER}, {PRESENCE}" in found.sentence


def test_extra_name_missing(tmp_path):
    """A further name of the profile has to be in the request like a node (S8)."""
    plan = plan_of(tmp_path, extra_names='extra_names = ["voice.example.org"]')

    assert [Reason.CSR_NAME_MISSING] == reasons(found_in(plan))
    assert () == found_in(plan, names=(*NAMES, "voice.example.org"))


def test_unknown_name(plan):
    """A name that nobody asked for is refused and named (S8)."""
    (found,) = found_in(plan, names=(*NAMES, "www.example.com"))

    assert (Reason.CSR_NAME_UNEXPECTED, Severity.REFUSE) == (found.reason, found.severity)
    assert "www.example.com" in found.sentence


def test_parent_domain_of_nobody(tmp_path):
    """A parent domain that the profile does not have is a name that nobody asked for (S8)."""
    plan = plan_of(tmp_path, parent_domain="")

    (found,) = found_in(plan)

    assert Reason.CSR_NAME_UNEXPECTED == found.reason
    assert DOMAIN in found.sentence


def test_address_in_request(plan):
    """An IP address in the SAN is an entry that nobody asked for (S8: names are nodes, domains, extra names)."""
    address = crypto.IPAddress(ipaddress.ip_address("192.0.2.10"))

    found = found_in(plan, others=(address,))

    assert [Reason.CSR_NAME_UNEXPECTED] == reasons(found)


def test_other_common_name(plan):
    """Another common name than the plan's is refused with both names (S8)."""
    (found,) = found_in(plan, common_name=NODES[0])

    assert Reason.CSR_COMMON_NAME == found.reason
    assert NODES[0] in found.sentence
    assert COMMON_NAME in found.sentence


def test_common_name_not_in_san(plan):
    """A common name that is not repeated in the SAN is found before signing, as a warning (S29, CSCus47235)."""
    (found,) = found_in(plan, names=(*NODES, DOMAIN))

    assert (Reason.CSR_COMMON_NAME_NOT_IN_SAN, "S29") == (found.reason, found.row)
    assert Severity.WARN is found.severity
    assert () == refusals([found])


def test_request_without_san(plan):
    """A request without any SAN lacks every node (S8)."""
    found = checks.apply(checks.CSR, CsrFacts(bare_request(), plan))

    assert Reason.CSR_NAME_MISSING in reasons(found)
    assert all(node in str(found) for node in NODES)


def test_key_of_other_type(plan):
    """An EC key where RSA was planned is refused (S6)."""
    (found,) = found_in(plan, key=ec_key("a node"))

    assert Reason.CSR_KEY == found.reason
    assert "ec 256" in found.sentence


def test_key_of_other_length(tmp_path):
    """A key of another length than planned is refused (S6)."""
    plan = plan_of(tmp_path, append="\n[certificate.key]\nlength = 4096\n")

    (found,) = found_in(plan)

    assert Reason.CSR_KEY == found.reason
    assert "rsa 2048, the plan says rsa 4096" in found.sentence


def test_other_hash(plan):
    """A request that is signed with another hash than planned is refused (S6)."""
    (found,) = found_in(plan, digest=hashes.SHA384())

    assert Reason.CSR_HASH == found.reason
    assert "sha384" in found.sentence


def test_unit_not_asked_for(plan):
    """An OU that was not asked for is a warning, not a refusal (cucm.md §1.3)."""
    (found,) = found_in(plan, unit="Voice")

    assert (Reason.CSR_ORGANIZATIONAL_UNIT, Severity.WARN) == (found.reason, found.severity)


def test_unit_asked_for(tmp_path):
    """An OU that was asked for and is not there is a warning; with it there is none (cucm.md §1.3)."""
    plan = plan_of(tmp_path, renew_before="include_ou = true")

    assert [Reason.CSR_ORGANIZATIONAL_UNIT] == reasons(found_in(plan))
    assert () == found_in(plan, unit="Voice")


def test_damaged_signature(plan):
    """A request whose own signature does not verify is refused (RFC 2986 §4.2)."""
    found = checks.apply(checks.CSR, CsrFacts(damaged(request()), plan))

    assert [Reason.CSR_SIGNATURE] == reasons(found)


def test_all_findings_of_request(plan):
    """Everything that is wrong with a request comes at once, in the list's order (S8, S29)."""
    found = found_in(
        plan,
        names=(*NODES[:2], "www.example.com"),
        common_name="other.example.com",
        key=ec_key("a node"),
        digest=hashes.SHA512(),
        unit="Voice",
    )

    assert reasons(found) == [
        Reason.CSR_NAME_MISSING,
        Reason.CSR_NAME_UNEXPECTED,
        Reason.CSR_COMMON_NAME,
        Reason.CSR_COMMON_NAME_NOT_IN_SAN,
        Reason.CSR_KEY,
        Reason.CSR_HASH,
        Reason.CSR_ORGANIZATIONAL_UNIT,
    ]
