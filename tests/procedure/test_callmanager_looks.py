"""The look at the phones when something that tells of them is away (S24, S26)."""

import pytest

from tests.procedure.lives import codes
from tests.rules.builder import request
from tests.simulator.phones import PAIR
from ucrenew.domain.finding import Reason, refusals
from ucrenew.domain.gate import Gate
from ucrenew.domain.phone_rules import check_phones
from ucrenew.domain.phones import SecurityMode
from ucrenew.domain.purpose import Purpose
from ucrenew.errors import BadInput, LoginRefused, NeedsPerson
from ucrenew.profile import load_profile
from ucrenew.steps import phones_trust
from ucrenew.steps.last_look import look_before_phones
from ucrenew.steps.phones import count_phones, look_at_trust
from ucrenew.steps.survey import survey

ALL_ON = {**PAIR, "offline": 0}
CSR = request()


def test_mode_by_cli_where_axl_is_away(with_phones):
    """S24: where AXL refuses a query the CLI tells the mode; what only AXL knows is for a person to accept."""
    walked = with_phones(ALL_ON, security_mode=1)
    walked.control.post("/cluster", {"axl_row_limit": 0})
    seen = survey(walked.site, Purpose.CALLMANAGER).phones
    findings = check_phones(seen)

    assert (SecurityMode.MIXED, None, {}) == (seen.mode, seen.parameters, seen.known)
    assert () == refusals(findings)
    assert Reason.ROLLBACK_UNKNOWN in {finding.reason for finding in findings}
    assert [line for line in walked.lines if "Query request too large" in line]


def test_whole_census_though_throttled(with_phones):
    """S26: asked too often RisPort refuses for a while: it is waited for, and every phone is counted."""
    walked = with_phones(ALL_ON)
    walked.clocks_agree = True
    walked.control.post("/cluster", {"ris_calls": 1, "ris_window_seconds": 30})
    counts = [len(count_phones(walked.site).registered) for _ in range(2)]

    assert [20, 20] == counts
    assert 0 < walked.waited


def test_no_application_user_no_renewal(with_phones):
    """S26: without an application user nobody could tell who is missing, so nothing begins; it is said what to add."""
    walked = with_phones(ALL_ON)
    text = walked.path.read_text()
    head, _, tail = text.partition("[accounts.application]")
    walked.path.write_text(head + tail[tail.index("\n[") :])
    walked.site.profile = load_profile(walked.path)
    with pytest.raises(BadInput, match=r"add \[accounts.application\]"):
        survey(walked.site, Purpose.CALLMANAGER)


def test_look_at_trust_presents_a_password_once(with_phones):
    """cucm.md §1.1: the look at what phones trust logs in on one node before the others: a refusal happens once."""
    walked = with_phones(ALL_ON)
    (walked.path.parent / "platform.password").write_text("of-last-year")
    with pytest.raises(LoginRefused):
        look_at_trust(walked.site, walked.plan.nodes)

    assert ["login-refused"] == walked.control.kinds()


def test_authority_may_be_down_once_it_has_issued(with_phones):
    """S22-S24: neither the question before the certificate nor the last look asks the CA, which has done its part."""
    walked = with_phones(ALL_ON)
    walked.control.post("/ca", {"reachable": False})
    try:
        asked = phones_trust.ask_before_leaf(walked.site, walked.record, walked.plan)
        with pytest.raises(NeedsPerson, match="the certificate was not uploaded") as refused:
            look_before_phones(walked.site, walked.record, walked.plan, CSR, (), walked.baseline)
    finally:
        walked.control.post("/ca", {"reachable": True})

    assert Gate.PHONES_TRUST is asked.gate
    assert ["csr-not-ours"] == codes(str(refused.value))
