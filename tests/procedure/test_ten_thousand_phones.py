"""Ten thousand phones: counted before and after within RisPort's pages and rate, with progress, memory flat (S26)."""

import tracemalloc
from dataclasses import replace
from datetime import datetime, timedelta

from tests.simulator.phones import begin
from ucrenew.clients.risport import CALLS, LARGEST_PAGE
from ucrenew.record import Kind
from ucrenew.steps.phones import count_phones

TEN_THOUSAND = {"name": "Many", "nodes": ["cs-ccm-pub", "cs-ccm-sub"], "phones": 10_000, "secure": 0, "offline": 0}
A_MINUTE = timedelta(minutes=1)


def with_a_rate(walked):
    """The cluster's clock goes with ours, and RisPort answers so many calls a minute."""
    walked.clocks_agree = True
    walked.control.post("/cluster", {"ris_window_seconds": 60})
    return walked


def most_in_a_minute(asked):
    """How many calls there were in the minute that had most of them."""
    at = [datetime.fromisoformat(one["at"]) for one in asked]
    return max(sum(begin <= one < begin + A_MINUTE for one in at) for begin in at)


def measured(walked):
    """Bytes that the count of all phones leaves, and those that it held beside them at its worst."""
    tracemalloc.start()
    try:
        census = count_phones(walked.site)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return len(census.registered), kept, peak - kept


def test_counted_within_pages_and_rate(with_phones):
    """S26: before, and after a group of restarts, nobody is asked for more than a page, or too often; it is told."""
    walked = with_a_rate(with_phones(TEN_THOUSAND))
    walked.before_signing()
    walked.before_leaf()
    walked.leaf()
    calls = len(walked.control.get("/phones/asked"))
    walked.plan = replace(walked.plan, restarts=walked.plan.restarts[:1])
    for _ in range(2):
        count_phones(walked.site)
    done = walked.restarts()
    asked = walked.control.get("/phones/asked")[calls:]

    assert done is None
    assert 10_000 == sum(walked.record.facts(Kind.PHONES_BACK)[0].value["registered"].values())
    assert len(asked) >= 3 * 10
    assert {(LARGEST_PAGE, False)} == {(one["most"], one["refused"]) for one in asked}
    assert most_in_a_minute(asked) <= CALLS
    assert walked.waited > 0
    assert [line for line in walked.lines if "9000 phones listed so far" in line]
    assert "lab: 10000 of 10000 phones are registered" in walked.lines


def test_memory_is_flat(with_phones):
    """One small record is kept of a phone, and beside them one page is held, whether they are two thousand or ten."""
    walked = with_phones({**TEN_THOUSAND, "phones": 2_000})
    few = measured(walked)
    begin(walked.simulator, TEN_THOUSAND)
    many = measured(walked)

    assert (2_000, 10_000) == (few[0], many[0])
    assert many[1] / 10_000 < 700
    assert many[2] < 2 * few[2]
