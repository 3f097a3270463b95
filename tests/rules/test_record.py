"""What is remembered of a renewal: the first fact of a kind holds, and renewals are counted."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from ucrenew.domain.purpose import Purpose
from ucrenew.record import Fact, Kind, Record, Renewal, Renewals

from .builder import NOW
from .memory_store import MemoryStore


class Ticking:
    """A clock that goes on by a minute each time it is read."""

    def __init__(self):
        self.now = NOW

    def __call__(self):
        """The next minute."""
        self.now += timedelta(minutes=1)
        return self.now


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def record(store):
    return Record(store, "lab-1", Ticking())


@pytest.fixture
def renewals(store):
    return Renewals(store, "lab", Purpose.TOMCAT, Ticking())


# --- facts


def test_first_of_a_kind_wins(record, store):
    """A second fact of a kind changes nothing: the first one holds, and both are kept (S7)."""
    first = record.note(Kind.CSR, {"fingerprint": "aa"})
    second = record.note(Kind.CSR, {"fingerprint": "bb"})

    assert {"fingerprint": "aa"} == first == second
    assert {"fingerprint": "aa"} == record.value(Kind.CSR)
    assert 2 == len(store.lines["lab-1"])


def test_other_life_was_first(store):
    """What note returns is what now holds, also when another life of the run wrote it a moment before."""
    mine, theirs = Record(store, "lab-1", Ticking()), Record(store, "lab-1", Ticking())
    theirs.note(Kind.REQUEST_ID, {"number": 32})

    assert {"number": 32} == mine.note(Kind.REQUEST_ID, {"number": 33})


def test_note_once_writes_once(record, store):
    """A fact that is there already is not written again."""
    record.note_once(Kind.BASELINE, {"sso": True})
    held = record.note_once(Kind.BASELINE, {"sso": False})

    assert {"sso": True} == held
    assert 1 == len(store.lines["lab-1"])


def test_empty_fact_is_a_fact(record, store):
    """An intent without a value counts as noted."""
    record.note_once(Kind.CSR_INTENT)
    record.note_once(Kind.CSR_INTENT)

    assert {} == record.value(Kind.CSR_INTENT)
    assert 1 == len(store.lines["lab-1"])


def test_about_tells_apart(record):
    """Facts of one kind about different things do not hide one another (S19)."""
    record.note(Kind.RESTART_DONE, {"seconds": 1}, about="pub Cisco Tomcat")
    record.note(Kind.RESTART_DONE, {"seconds": 2}, about="sub Cisco Tomcat")

    assert {"seconds": 1} == record.value(Kind.RESTART_DONE, about="pub Cisco Tomcat")
    assert {"seconds": 2} == record.value(Kind.RESTART_DONE, about="sub Cisco Tomcat")
    assert record.value(Kind.RESTART_DONE) is None
    assert 2 == len(record.facts(Kind.RESTART_DONE))


def test_kinds_are_apart(record):
    """An intent is not its completion (S19)."""
    record.note(Kind.RESTART_INTENT, about="pub Cisco Tomcat")

    assert record.value(Kind.RESTART_DONE, about="pub Cisco Tomcat") is None
    assert record.fact(Kind.RESTART_INTENT, about="pub Cisco Tomcat") is not None


def test_facts_in_order(record):
    """Facts of a kind come oldest first, each with its time."""
    for number in range(3):
        record.note(Kind.ASKED, {"number": number}, about=str(number))

    found = record.facts(Kind.ASKED)

    assert [0, 1, 2] == [fact.value["number"] for fact in found]
    assert sorted(fact.at for fact in found) == [fact.at for fact in found]


def test_times_are_utc(store):
    """A fact's time is kept in UTC whatever the clock's zone."""
    local = datetime(2026, 3, 2, 10, 0, tzinfo=timezone(timedelta(hours=1)))
    record = Record(store, "lab-1", lambda: local)
    record.note(Kind.PLAN)

    assert Fact(Kind.PLAN, "", {}, NOW) == record.fact(Kind.PLAN)
    assert UTC.utcoffset(None) == record.fact(Kind.PLAN).at.utcoffset()


def test_records_are_apart(store):
    """What is noted of one renewal is not seen in another."""
    Record(store, "lab-1", Ticking()).note(Kind.REQUEST_ID, {"number": 32})

    assert Record(store, "lab-2", Ticking()).value(Kind.REQUEST_ID) is None


def test_leaf_under_way(record):
    """A certificate is under way from its intent on, unless every attempt surely came to nothing."""
    assert record.leaf_under_way is None

    record.note(Kind.LEAF_INTENT, {"plan": "a"}, about="1")
    record.note(Kind.LEAF_NOT_TAKEN, about="1")

    assert record.leaf_under_way is None

    record.note(Kind.LEAF_INTENT, {"plan": "b"}, about="2")
    record.note(Kind.LEAF_INTENT, {"plan": "c"}, about="3")
    record.note(Kind.LEAF_NOT_TAKEN, about="2")

    assert {"plan": "c"} == record.leaf_under_way.value

    record.note(Kind.LEAF_NOT_TAKEN, about="3")
    record.note(Kind.LEAF_SEEN)

    assert {"plan": "c"} == record.leaf_under_way.value


@pytest.mark.parametrize(
    ("intent", "undone"),
    [
        (Kind.CSR_INTENT, Kind.CSR_NOT_SENT),
        (Kind.SUBMIT_INTENT, Kind.SUBMIT_NOT_SENT),
        (Kind.LEAF_INTENT, Kind.LEAF_NOT_TAKEN),
    ],
)
def test_doubled_note_counts_once(record, intent, undone):
    """A note that the store kept twice, its answer being lost, is one: the next attempt is in doubt all the same."""
    for _ in range(2):
        record.note(intent, about=record.next_attempt(intent) if not record.facts(intent) else "1")
    for _ in range(2):
        record.note(undone, about="1")

    assert record.under_way(intent, undone) is None
    assert "2" == record.next_attempt(intent)

    record.note(intent, about="2")
    record.note(undone, about="1")  # kept late

    assert "2" == record.under_way(intent, undone).about


# --- renewals


def test_no_renewal_yet(renewals):
    """A cluster that was never renewed has neither a last nor an open renewal."""
    assert renewals.last() is None
    assert renewals.current() is None


def test_first_renewal(renewals):
    """The first renewal of a purpose has number 1 and the run that opened it (S5)."""
    opened = renewals.open("run-a")

    assert Renewal("lab", Purpose.TOMCAT, 1, "run-a") == opened
    assert opened == renewals.current() == renewals.last()


def test_open_one_is_found_again(renewals, store):
    """A new run finds the open renewal: a pending request is not lost with a run that was cancelled (S14)."""
    first = renewals.open("run-a")
    found = renewals.open("run-b")

    assert first == found
    assert 1 == len(store.lines["ucrenew-lab-tomcat"])


def test_closed_one_stays_closed(renewals):
    """A renewal that has ended is the last one but not the open one, and its outcome is kept."""
    first = renewals.open("run-a")
    renewals.close(first, "done")

    assert renewals.current() is None
    assert first == renewals.last()
    assert "done" == renewals.outcome(1)


def test_first_outcome_holds(renewals):
    """A renewal ends once: a later outcome does not change how it ended."""
    first = renewals.open("run-a")
    renewals.close(first, "denied")
    renewals.close(first, "done")

    assert "denied" == renewals.outcome(1)


def test_numbers_go_on(renewals):
    """Each renewal after a closed one has the next number, past nine too."""
    for number in range(1, 13):
        opened = renewals.open(f"run-{number}")
        renewals.close(opened, "done")

    assert 12 == renewals.last().number
    assert 13 == renewals.open("run-13").number


def test_two_runs_open_at_once(store):
    """Of two runs that open at the same moment one wins, and both get the same renewal with the winner's name."""
    looking = Renewals(store, "lab", Purpose.TOMCAT, Ticking())
    winner = looking.open("run-a")
    # The other one had looked before: to it nothing was open, and it appends a number that is taken.
    Record(store, "ucrenew-lab-tomcat", Ticking()).note(Kind.OPENED, {"run": "run-b"}, about="1")

    assert winner == looking.current()
    assert "run-a" == looking.open("run-c").run


def test_purposes_are_counted_apart(store):
    """Purposes and clusters have ledgers of their own (S5)."""
    tomcat = Renewals(store, "lab", Purpose.TOMCAT, Ticking())
    xmpp = Renewals(store, "lab", Purpose.CUP_XMPP, Ticking())
    elsewhere = Renewals(store, "branch", Purpose.TOMCAT, Ticking())
    tomcat.close(tomcat.open("run-a"), "done")
    tomcat.open("run-b")

    assert 2 == tomcat.last().number
    assert xmpp.last() is None
    assert elsewhere.last() is None


@pytest.mark.parametrize("purpose", Purpose)
def test_keys_fit_the_server(purpose):
    """A record's key has only lower case, digits and hyphens: the server refuses others as artifact keys."""
    key = Renewal("lab-2", purpose, 7, "run-a").key

    assert key.startswith("ucrenew-lab-2-")
    assert key.endswith("-7")
    assert set(key) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
