"""The look at the phones when something that tells of them is away (S24, S26)."""

import pytest

from tests.simulator.phones import PAIR
from ucrenew.domain.finding import Reason, refusals
from ucrenew.domain.phone_rules import check_phones
from ucrenew.domain.phones import SecurityMode
from ucrenew.domain.purpose import Purpose
from ucrenew.errors import BadInput
from ucrenew.profile import load_profile
from ucrenew.steps.phones import count_phones
from ucrenew.steps.survey import survey

ALL_ON = {**PAIR, "offline": 0}


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
