"""The simulated enterprise CA: its templates, request database and officer.

Rule 1: every submission makes a new row and a new request id, whatever becomes of it (certsrv.md §2).
Rule 2: a row is decided once: issued, denied, or pending until an officer decides it.
Rule 3: every submission that arrives is written to the ledger, the refused ones with the reason.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from cryptography import x509

from ucrenew.simulator import ca_answers, refusals
from ucrenew.simulator.ca_answers import Answer, Forced
from ucrenew.simulator.ca_setup import Setup, renewals_due
from ucrenew.simulator.hierarchy import Hierarchy
from ucrenew.simulator.iis import Iis
from ucrenew.simulator.ledger import Ledger, utc_now
from ucrenew.simulator.refusals import Refusal
from ucrenew.simulator.request_rows import NotPending, Row, Status, UnknownRequest
from ucrenew.simulator.templates import TEMPLATES

_OWN = {"reachable": (bool,), "service_running": (bool,), "sign_seconds": (int, float), "renewals": (int,)}


class ServiceStopped(Exception):
    """The CA comes to no decision and makes no row; the text is its status (certsrv.md §4, §8, 0x800706ba)."""


class Authority:
    """A root and an issuing CA that really sign, and the database of requests.

    ``reachable`` says whether the web server answers at all, ``service_running`` whether it can reach the CA behind it.
    ``on_change`` is called after every `configure`, for whoever owns the web server's port.
    ``latency`` scales the seconds that signing takes at the start; ``sign_seconds`` set later are plain seconds.
    """

    def __init__(  # noqa: D107, PLR0913 - the class says it
        self,
        domain: str,
        first_request_id: int = 32,
        ledger: Ledger | None = None,
        latency: float = 0.0,
        clock: Callable[[], datetime] = utc_now,
        *,
        wait: Callable[[float], object] | None = None,
        iis: Iis | None = None,
        address: str = "127.0.0.1",
    ) -> None:
        self.domain = domain
        self.netbios_name = domain.partition(".")[0].upper()
        self.ledger = ledger or Ledger(clock)
        self.officer = f"{self.netbios_name}\\ca-officer"
        self.reachable = True
        self.service_running = True
        self.sign_seconds = 1.0 * latency  # [I]
        self.on_change: Callable[[], None] = lambda: None
        self.forced = Forced()
        self._honest = self.setup = Setup(iis=iis or Iis())
        self._clock = clock
        self._wait = wait or threading.Event().wait
        self._lock = threading.RLock()
        self._rows: dict[int, Row] = {}
        self._next_id = first_request_id
        self._hierarchy = Hierarchy(domain, self._now())
        self._web = self._hierarchy.web_certificate(TEMPLATES[0], self._now(), address)

    @property
    def name(self) -> str:
        """The issuing CA's common name, as the pages show it."""
        return self._hierarchy.name

    @property
    def host(self) -> str:
        """The web server's name."""
        return self._hierarchy.host

    @property
    def root(self) -> x509.Certificate:
        """The trust anchor of the scene."""
        return self._hierarchy.root

    @property
    def intermediate(self) -> x509.Certificate:
        """The issuing CA's newest certificate."""
        return self._hierarchy.issuing(-1)

    @property
    def renewals(self) -> int:
        """How often the issuing CA was renewed (certsrv.md §6, ``nRenewals``)."""
        return self._hierarchy.renewals

    def web_certificate(self) -> tuple[bytes, bytes]:
        """PEM of the web server's chain (leaf and issuing CA) and of its key."""
        return self._web

    def submit(self, csr: bytes | None, template: str | None, requester: str) -> Row:
        """Make a row of one submission; ``csr`` is None when its encoding could not even be read."""
        with self._lock:
            forced = self.forced.take("submit_answer")
            stopped = refusals.RPC_UNAVAILABLE if not self.service_running else _error(forced)
            if stopped:
                self._write_down(requester, refused=stopped)
                raise ServiceStopped(stopped)
            row = self._judge(csr, template, requester, forced)
            self._next_id += 1
            self._rows[row.id] = row
            self._write_down(
                requester,
                request_id=row.id,
                subject=row.subject,
                fingerprint=row.fingerprint,
                refused=row.message.strip() if row.status is Status.DENIED else None,
            )
        self._wait(self.sign_seconds)
        return row

    def reached(self) -> Authority:
        """The CA as its web server reaches it; raises `ServiceStopped`."""
        if not self.service_running:
            raise ServiceStopped(refusals.RPC_UNAVAILABLE)
        return self

    def requests(self) -> list[dict[str, object]]:
        """All rows, oldest first, for the control API."""
        with self._lock:
            return [row.shown() for row in self._rows.values()]

    def find(self, number: int) -> Row | None:
        """The row of a request id, as the CA tells of it; raises `ServiceStopped`."""
        with self._lock:
            forced = self.forced.take("fetch_answer")
            stopped = refusals.RPC_UNAVAILABLE if not self.service_running else _error(forced)
            if stopped:
                raise ServiceStopped(stopped)
            row = self._rows.get(number)
            return forced.given_for(row) if forced and row else row

    def issue(self, number: int) -> None:
        """The officer issues a pending request; raises `UnknownRequest` or `NotPending`."""
        with self._lock:
            self._rows[number] = self._issued(self._pending(number, "issued"))

    def deny(self, number: int) -> None:
        """The officer denies a pending request; raises `UnknownRequest` or `NotPending`."""
        with self._lock:
            row = self._pending(number, "denied")
            refusal = refusals.by_officer(self.officer)
            self._rows[number] = replace(
                row, status=Status.DENIED, message=refusal.message, last_status=refusal.last_status
            )

    def chain_of(self, row: Row) -> list[x509.Certificate]:
        """The leaf of an issued row, its issuing CA and the root."""
        return ([row.certificate] if row.certificate else []) + self.ca_chain(row.generation)

    def ca_chain(self, generation: int) -> list[x509.Certificate]:
        """The CA's own chain; raises IndexError when it was not renewed so often."""
        return self._hierarchy.chain(generation, self.setup.bends)

    def ca_certificate(self, generation: int) -> x509.Certificate:
        """The issuing CA's certificate of one generation, 0 the oldest; raises IndexError."""
        return self._hierarchy.issuing(generation)

    def namesake(self, *, issuing: bool, later: bool) -> x509.Certificate:
        """Somebody else's CA certificate with the subject of ours, for a trust store that has met both."""
        return self._hierarchy.namesake(issuing=issuing, later=later)

    def crl(self, generation: int) -> x509.CertificateRevocationList:
        """The CRL of one generation; raises IndexError."""
        return self._hierarchy.crl(generation, self._now())

    def settle(self, **attributes: object) -> None:
        """Configure it, and take that for how it began: what ``profile="honest"`` comes back to."""
        self.configure(**attributes)
        self._honest = self.setup

    def configure(self, **attributes: object) -> None:
        """Bend the CA: attributes of its own, of `Bends` and `Iis`, ``template`` {name: {..}}, forced answers.

        ``renew`` renews the CA once, with a "new-key" or the "same-key"; ``renewals`` with a new key until it was
        renewed so often. ``profile="honest"`` takes all else back. Raises ValueError with a sentence, and then has
        changed nothing.
        """
        with self._lock:
            told = dict(attributes)
            forced = ca_answers.read(told, self.officer)
            own = {name: self._sound(name, value) for name, value in told.items() if name in _OWN}
            renewals = renewals_due(told.pop("renew", None), self.renewals, own.pop("renewals", None))
            honest = told.get("profile") == "honest" and bool(told.pop("profile"))
            rest = {name: value for name, value in told.items() if name not in {*forced, *_OWN}}
            self.setup = (self._honest if honest else self.setup).changed(rest)
            for name, value in own.items():
                setattr(self, name, value)
            for how in renewals:
                self._hierarchy.renew(self._now(), same_key=how == "same-key")
            self.forced.take_over(forced, afresh=honest)
        self.on_change()

    def _sound(self, name: str, value: object) -> object:
        if type(value) not in _OWN[name]:
            raise ValueError(f"{value!r} is no value for {name}")
        return value

    def _judge(self, encoded: bytes | None, name: str | None, requester: str, forced: Answer | None) -> Row:
        csr = refusals.readable(encoded)
        name = name or refusals.template_in(csr)
        known = self.setup.template(name)
        name = None if self.setup.standalone else known.name if known else name
        waiting = self._row(csr, name, requester, Status.PENDING, refusals.UNDER_SUBMISSION)
        if forced:
            return forced.given_for(waiting)
        refusal = self.setup.refusal(csr, name)
        if refusal is not None:
            return self._row(csr, name, requester, Status.DENIED, refusal)
        return waiting if self.setup.waits(name) else self._issued(waiting)

    def _row(
        self,
        csr: x509.CertificateSigningRequest | None,
        template: str | None,
        requester: str,
        status: Status,
        reason: Refusal,
    ) -> Row:
        return Row(self._next_id, requester, template or "", status, reason.message, reason.last_status, csr)

    def _issued(self, row: Row) -> Row:
        template = self.setup.template_of(row.csr, row.template) if row.csr else None
        if row.csr is None or template is None:
            raise NotPending(f"Request {row.id} cannot be issued: its template is not published any more.")
        leaf = self._hierarchy.leaf(row.csr, template, self._now(), self.setup.bends)
        return replace(
            row, status=Status.ISSUED, message="Issued", certificate=leaf, generation=self.renewals,
            last_status=refusals.SUCCESS,
        )  # fmt: skip

    def _pending(self, number: int, verb: str) -> Row:
        row = self._rows.get(number)
        if row is None:
            raise UnknownRequest(f"The CA has no request {number}.")
        if row.status is not Status.PENDING:
            raise NotPending(f"Request {number} cannot be {verb}: it is {row.status.value}, not pending.")
        return row

    def _now(self) -> datetime:
        return self._clock().replace(microsecond=0)

    def _write_down(self, requester: str, **where: object) -> None:
        self.ledger.write("submit", node=self.host, account=requester, **where)


def _error(forced: Answer | None) -> str | None:
    """The status of a forced answer that is no decision."""
    return forced.refusal.last_status if forced and forced.status is None else None
