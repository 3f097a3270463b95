"""The rules on phones before their trust is touched: each is silent on a cluster in good order (S21-S25)."""

from dataclasses import replace

import pytest

from ucrenew.domain.finding import Reason, Severity, refusals
from ucrenew.domain.phone_rules import CALLMANAGER, TVS, check_phones, ctl_is_driven, offline
from ucrenew.domain.phones import CallManagerGroup, EnterpriseParameters, SecurityMode, census

from .builder import self_signed
from .lab import IMP, PUB, SUB
from .phone_lab import EMPTY, RUNNING, TOKEN, facts, known, mixed, name, record, registration, trust_list


def reasons(found):
    return {finding.reason for finding in found}


def told(found, reason):
    return next(finding for finding in found if finding.reason is reason)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (facts(), {Reason.PHONE_INTERACTION}),
        (mixed(), {Reason.PHONE_INTERACTION, Reason.SECURE_PHONES}),
    ],
)
def test_good_order_is_no_reason_to_stop(seen, expected):
    """A cluster in good order has only what has to be known before, and nothing that stops."""
    found = check_phones(seen)

    assert expected == reasons(found)
    assert () == refusals(found)


SIGNED_BY_CALLMANAGER = self_signed("cs-ccm-pub.example.com")
BY_CALLMANAGER = trust_list(
    SIGNED_BY_CALLMANAGER,
    signer_name=record(SIGNED_BY_CALLMANAGER).subject,
    signer_serial=SIGNED_BY_CALLMANAGER.serial_number,
)
UNSHOWN = EnterpriseParameters(None, None, None)
CHANGES = [
    (facts(mode=None), Reason.SECURITY_MODE_UNKNOWN, Severity.REFUSE, "System > Enterprise Parameters"),
    (
        facts(parameters=EnterpriseParameters(None, rollback=True, phone_interaction=None)),
        Reason.ROLLBACK_ON,
        Severity.REFUSE,
        "is True: phones have empty lists",
    ),
    (facts(parameters=UNSHOWN), Reason.ROLLBACK_UNKNOWN, Severity.ACCEPT, "cannot be read"),
    (facts(parameters=None), Reason.ROLLBACK_UNKNOWN, Severity.ACCEPT, "cannot be read"),
    (facts(parameters=None), Reason.PHONE_INTERACTION, Severity.WARN, "by default phones reset by themselves"),
    (facts(), Reason.PHONE_INTERACTION, Severity.WARN, "is 'Reset'"),
    (replace(mixed(), ctl=None), Reason.CTL_MISSING, Severity.REFUSE, "shows no CTL file"),
    (mixed(trust_list(verified=False)), Reason.CTL_NOT_VERIFIED, Severity.REFUSE, "does not call its CTL"),
    (mixed(trust_list(signer_name="CN=x")), Reason.CTL_SIGNER_UNKNOWN, Severity.REFUSE, "signed by 'CN=x'"),
    (mixed(trust_list(signer_name=TOKEN)), Reason.CTL_BY_TOKEN, Severity.WARN, "a person with the token"),
    (
        facts(itls={PUB.name: trust_list(), SUB.name: trust_list(verified=False)}),
        Reason.ITL_NOT_VERIFIED,
        Severity.REFUSE,
        f"not called verified on {SUB.name}",
    ),
    (facts(itls={SUB.name: BY_CALLMANAGER}), Reason.SIGNER_REPLACED, Severity.WARN, f"the ITL of {SUB.name}"),
    (mixed(BY_CALLMANAGER), Reason.SIGNER_REPLACED, Severity.WARN, "signs the CTL"),
    (
        facts(started={PUB: frozenset(RUNNING), SUB: frozenset(RUNNING - {TVS})}),
        Reason.TVS_DOWN,
        Severity.REFUSE,
        f"is not started on {SUB.name}",
    ),
    (
        facts(census=replace(EMPTY, silent=("cs-ccm-sub",))),
        Reason.PHONES_NOT_COUNTED,
        Severity.REFUSE,
        "phones of cs-ccm-sub",
    ),
    (
        facts(groups=(CallManagerGroup("CMG-Lab", ("CM_pub",), ("DP-Lab",)),)),
        Reason.SINGLE_SERVER_GROUP,
        Severity.WARN,
        "CMG-Lab (CM_pub only)",
    ),
    (facts(known={name(9): known(9)}), Reason.PHONES_OFFLINE, Severity.WARN, "need their list deleted by hand"),
    (
        facts(started={PUB: frozenset(RUNNING), SUB: frozenset({TVS}), IMP: frozenset()}),
        Reason.CALLMANAGER_IDLE,
        Severity.WARN,
        f"does not run on {SUB.name}: they are kept",
    ),
]


@pytest.mark.parametrize(("seen", "reason", "severity", "sentence"), CHANGES)
def test_each_rule_sees_its_defect(seen, reason, severity, sentence):
    """Each defect has its finding, with a severity and a sentence that says what and where."""
    found = told(check_phones(seen), reason)

    assert severity is found.severity
    assert sentence in found.sentence


@pytest.mark.parametrize(
    ("seen", "silent"),
    [
        (replace(facts(), ctl=trust_list(verified=False)), Reason.CTL_NOT_VERIFIED),
        (replace(facts(), ctl=trust_list(signer_name=TOKEN)), Reason.CTL_BY_TOKEN),
        (replace(facts(), known={name(1): known(1, security="Encrypted")}), Reason.SECURE_PHONES),
        (facts(census=replace(facts().census, silent=("cs-imp",))), Reason.PHONES_NOT_COUNTED),
        (facts(groups=(CallManagerGroup("Unused", ("CM_pub",), ()),)), Reason.SINGLE_SERVER_GROUP),
        (facts(started={PUB: frozenset(RUNNING), SUB: frozenset()}), Reason.TVS_DOWN),
        (facts(known={}), Reason.PHONES_OFFLINE),
    ],
)
def test_rules_stay_silent_where_it_does_not_matter(seen, silent):
    """A leftover CTL of a non-secure cluster, a node without CallManager, a group without phones: they do not stop."""
    assert silent not in reasons(check_phones(seen))


def test_sentences_hold_no_counts():
    """However many phones there are, what may stand in a plan reads the same: a plan's digest lasts (design.md §4)."""
    few = mixed(known={name(9): known(9, security="Encrypted")})
    many = mixed(known={name(n): known(n, security="Encrypted") for n in range(9, 999)})

    assert list(map(str, check_phones(few))) == list(map(str, check_phones(many)))


@pytest.mark.parametrize(
    ("seen", "driven"),
    [
        (facts(), False),
        (facts(mode=None, ctl=trust_list()), False),
        (mixed(), True),
        (mixed(BY_CALLMANAGER), True),
        (mixed(trust_list(signer_name=TOKEN)), False),
        (mixed(trust_list(signer_name="CN=x")), False),
        (replace(mixed(), ctl=None), False),
    ],
)
def test_only_a_tokenless_list_is_ours(seen, driven):
    """The CTL is updated by us only in mixed mode, and only where the cluster itself signed it (S25)."""
    assert driven is ctl_is_driven(seen)


def test_offline_are_desk_phones():
    """Jabber and CTI ports that are not registered keep no list, and are not counted as phones that need hands."""
    book = {name(1): known(1), name(9): known(9), "CSFALICE": replace(known(2), name="CSFALICE")}
    seen = facts(known=book, census=census([registration(1), registration(9, status="UnRegistered")]))

    assert (name(9),) == offline(seen)


def test_running_nodes_are_found():
    """Which nodes run a service is read from what is up there."""
    assert (PUB, SUB) == facts().running(CALLMANAGER)
    assert SecurityMode.MIXED.words == "mixed mode"
