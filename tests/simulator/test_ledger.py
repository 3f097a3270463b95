"""The ledger by itself."""

import threading
from datetime import UTC, datetime

import pytest

from ucrenew.simulator.ledger import Ledger

NOW = datetime(2026, 8, 4, 10, 0, tzinfo=UTC)


def test_ledger_entry_shape():
    """An entry has time, account, node and kind, and what else was told; what was not told is absent."""
    ledger = Ledger(lambda: NOW)
    ledger.write("restart", node="a.example.com", account="osadmin", service="Cisco Tomcat", refused=None)

    assert [
        {
            "at": "2026-08-04T10:00:00.000+00:00",
            "from": "osadmin",
            "node": "a.example.com",
            "kind": "restart",
            "service": "Cisco Tomcat",
        }
    ] == ledger.entries()


def test_ledger_knows_its_kinds():
    """A kind that is not agreed upon is refused, and nothing is written."""
    ledger = Ledger(lambda: NOW)

    with pytest.raises(ValueError, match="'reboot' is not a kind"):
        ledger.write("reboot", node="a.example.com", account="osadmin")
    assert [] == ledger.entries()


def test_ledger_gives_copies():
    """A reader cannot change what was written."""
    ledger = Ledger(lambda: NOW)
    ledger.write("csr", node="a.example.com", account="osadmin")
    ledger.entries()[0]["kind"] = "delete"

    assert "csr" == ledger.entries()[0]["kind"]


def test_ledger_many_writers():
    """Nothing is lost when many write at a time."""
    ledger = Ledger(lambda: NOW)

    def write():
        for number in range(200):
            ledger.write("submit", node="ca.example.com", account="x", request_id=number)

    writers = [threading.Thread(target=write) for _ in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert 1600 == len(ledger.entries())
