"""The ledger: every state-changing call the simulated cluster and CA received.

Rule 1: entries stand in the order in which they were written and are never changed or removed.
Rule 2: one entry a call at the node addressed; what the cluster does by itself (fan-out) is not an entry.
Rule 3: a call that was authenticated and refused is written too, with ``refused``: a client that hammers is visible.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

KINDS = frozenset(
    {
        "csr",
        "submit",
        "trust-upload",
        "leaf-upload",
        "restart",
        "start",
        "stop",
        "sso",
        "delete",
        "regenerate",
        "ctl-update",
        "phone-reset",
        "login-refused",
    }
)


def utc_now() -> datetime:
    """The wall clock, for everyone who is not given another one."""
    return datetime.now(UTC)


class Ledger:
    """An append-only list that any thread may write to."""

    def __init__(self, clock: Callable[[], datetime] = utc_now) -> None:  # noqa: D107 - the class says it
        # Who is told of every entry; faults follow the ledger.
        self.on_write: Callable[[Mapping[str, object]], None] = lambda _: None
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: list[dict[str, object]] = []

    def write(self, kind: str, *, node: str, account: str, **where: object) -> None:
        """Append one entry; ``where``: purpose, service, fingerprint, subject, request_id, state or refused.

        `ctl-update` has ``by`` (tokenless or token) and the fingerprint of CallManager's certificate that the CTL got,
        `phone-reset` has ``what``, ``scope`` and ``phones``, how many it meant.
        """
        if kind not in KINDS:
            message = f"{kind!r} is not a kind of ledger entry"
            raise ValueError(message)
        with self._lock:
            at = self._clock().astimezone(UTC).isoformat(timespec="milliseconds")
            entry: dict[str, object] = {"at": at, "from": account, "node": node, "kind": kind}
            entry.update({name: value for name, value in where.items() if value is not None})
            self._entries.append(entry)
        self.on_write(entry)

    def entries(self) -> list[dict[str, object]]:
        """Copies of all entries so far, oldest first."""
        with self._lock:
            return [dict(entry) for entry in self._entries]
